// SPDX-License-Identifier: BSD-3-Clause
#include "probes/packet/frames.h"

#include "probes/packet/headers.h"

enum {
    SEGMENT_PAYLOAD_MAX = 1460,
    SEGMENT_TTL = 64,
    ECHO_MESSAGE_MAX = 1480,
    ARP_REQUEST = 1,
    ARP_REPLY = 2,
};

// Zeroes what a short frame lacks (IEEE 802.3 clause 4A.2.3.2.4); nothing of an earlier frame may leak.
static size_t frame_pad(uint8_t *frame, size_t length)
{
    if (length >= ETHER_FRAME_MIN)
        return length;
    memset(frame + length, 0, ETHER_FRAME_MIN - length);
    return ETHER_FRAME_MIN;
}

size_t frame_segment(const struct probe_link *link, const struct frame_segment *segment,
                     uint8_t frame[static FRAME_MAX])
{
    uint16_t option_bytes = segment->mss == 0 ? 0 : 4;
    if (segment->payload_bytes > SEGMENT_PAYLOAD_MAX - (size_t)option_bytes)
        return 0;
    uint32_t ip_offset = header_ethernet(frame, link, link->gateway_mac, ETHERTYPE_IPV4);
    uint8_t *ip = frame + ip_offset;
    uint8_t *tcp = ip + IPV4_BYTES;
    uint16_t tcp_bytes = (uint16_t)(TCP_BYTES + option_bytes + segment->payload_bytes);
    header_ipv4_put(ip, &(struct header_ipv4){.total_bytes = (uint16_t)(IPV4_BYTES + tcp_bytes),
                                              .id = segment->ip_id,
                                              .ttl = SEGMENT_TTL,
                                              .protocol = IPV4_PROTOCOL_TCP,
                                              .source = segment->source_address,
                                              .destination = segment->address});
    header_ipv4_seal(ip);
    header_put16(tcp, segment->local_port);
    header_put16(tcp + 2, segment->remote_port);
    header_put32(tcp + 4, segment->seq);
    header_put32(tcp + 8, segment->ack);
    tcp[12] = (uint8_t)((TCP_BYTES + option_bytes) / 4 << 4);
    tcp[13] = segment->flags;
    header_put16(tcp + 14, segment->window);
    header_put32(tcp + 16, 0); // checksum and urgent pointer
    if (option_bytes != 0) {
        header_put16(tcp + TCP_BYTES, 0x0204);
        header_put16(tcp + TCP_BYTES + 2, segment->mss);
    }
    if (segment->payload_bytes != 0)
        memcpy(tcp + TCP_BYTES + option_bytes, segment->payload, segment->payload_bytes);
    uint64_t sum = checksum_pseudo(ip + 12, ip + 16, IPV4_PROTOCOL_TCP, tcp_bytes);
    uint16_t checksum = checksum_finish(checksum_add(sum, tcp, tcp_bytes));
    memcpy(tcp + 16, &checksum, 2);
    return frame_pad(frame, ip_offset + IPV4_BYTES + tcp_bytes);
}

// The fixed start of an ARP message for IPv4 over Ethernet, the operation, and the sender.
static uint8_t *arp_put(uint8_t *arp, uint16_t operation, const struct probe_link *link, uint32_t source)
{
    header_put16(arp, 1);
    header_put16(arp + 2, ETHERTYPE_IPV4);
    arp[4] = 6;
    arp[5] = 4;
    header_put16(arp + 6, operation);
    memcpy(arp + 8, link->source_mac, 6);
    header_put32(arp + 14, source);
    return arp + 18;
}

size_t frame_arp_request(const struct probe_link *link, uint32_t source, uint32_t target,
                         uint8_t frame[static FRAME_MAX])
{
    static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint32_t offset = header_ethernet(frame, link, everybody, ETHERTYPE_ARP);
    uint8_t *asked = arp_put(frame + offset, ARP_REQUEST, link, source);
    memset(asked, 0, 6);
    header_put32(asked + 6, target);
    return frame_pad(frame, offset + ARP_BYTES);
}

size_t frame_arp_reply(const struct probe_link *link, uint32_t source, uint32_t target,
                       const uint8_t target_mac[static 6], uint8_t frame[static FRAME_MAX])
{
    uint32_t offset = header_ethernet(frame, link, target_mac, ETHERTYPE_ARP);
    uint8_t *told = arp_put(frame + offset, ARP_REPLY, link, source);
    memcpy(told, target_mac, 6);
    header_put32(told + 6, target);
    return frame_pad(frame, offset + ARP_BYTES);
}

size_t frame_echo_reply(const struct probe_link *link, uint32_t source, uint32_t address,
                        const uint8_t to_mac[static 6], const uint8_t *message, size_t message_bytes,
                        uint8_t frame[static FRAME_MAX])
{
    if (message_bytes < ICMP_BYTES || message_bytes > ECHO_MESSAGE_MAX)
        return 0;
    uint32_t ip_offset = header_ethernet(frame, link, to_mac, ETHERTYPE_IPV4);
    uint8_t *ip = frame + ip_offset;
    header_ipv4_put(ip, &(struct header_ipv4){.total_bytes = (uint16_t)(IPV4_BYTES + message_bytes),
                                              .ttl = SEGMENT_TTL,
                                              .protocol = IPV4_PROTOCOL_ICMP,
                                              .source = source,
                                              .destination = address});
    header_ipv4_seal(ip);
    uint8_t *icmp = ip + IPV4_BYTES;
    memcpy(icmp, message, message_bytes);
    header_put32(icmp, 0); // type 0, code 0, checksum
    uint16_t checksum = checksum_finish(checksum_add(0, icmp, message_bytes));
    memcpy(icmp + 2, &checksum, 2);
    return frame_pad(frame, ip_offset + IPV4_BYTES + message_bytes);
}
