// SPDX-License-Identifier: BSD-3-Clause
// Reading in place with the lengths compared first, not through bytes.h: this runs for every frame received, and each
// layer has one length comparison before its fixed part and one before its variable part.
#include "probes/packet/reply.h"

#include <string.h>

#include "probes/packet/headers.h"

enum {
    ICMP_UNREACHABLE = 3,
    ICMP_ECHO = 8,
    ICMP_TIME_EXCEEDED = 11,
    IPV4_MORE_OR_OFFSET = 0x3fff, // the more-fragments flag and the fragment offset
    TCP_OPTION_END = 0,
    TCP_OPTION_NOP = 1,
    TCP_OPTION_MSS = 2,
};

// The options of a TCP header (RFC 9293 section 3.1). An impossible length ends the list: what came before still
// counts.
static void read_options(const uint8_t *option, const uint8_t *end, struct reply *reply)
{
    while (option < end && *option != TCP_OPTION_END) {
        if (*option == TCP_OPTION_NOP) {
            option++;
            continue;
        }
        reply->options_present = true;
        if (end - option < 2 || option[1] < 2 || option[1] > end - option)
            return;
        if (option[0] == TCP_OPTION_MSS && option[1] == TCP_OPTION_MSS_BYTES && reply->mss == 0)
            reply->mss = header_get16(option + 2);
        option += option[1];
    }
}

// The checksum over pseudo-header and segment (RFC 9293 section 3.1), or the value that a kernel leaves there for its
// hardware to finish: the pseudo-header's sum alone.
static enum reply_kind check_tcp(const uint8_t *ip, const uint8_t *tcp, size_t tcp_bytes, bool accept_deferred,
                                 struct reply *reply)
{
    uint64_t pseudo = checksum_pseudo(ip + 12, ip + 16, IPV4_PROTOCOL_TCP, (uint16_t)tcp_bytes);
    if (checksum_fold(header_sum(pseudo, tcp, tcp_bytes)) == UINT16_MAX)
        return REPLY_TCP;
    uint16_t field;
    memcpy(&field, tcp + 16, 2);
    reply->checksum_deferred = accept_deferred && field == checksum_fold(pseudo);
    return reply->checksum_deferred ? REPLY_TCP : REPLY_CHECKSUM;
}

static enum reply_kind read_tcp(const uint8_t *frame, const uint8_t *ip, const uint8_t *tcp, size_t tcp_bytes,
                                struct reply_offload offload, struct reply *reply)
{
    if (tcp_bytes < TCP_BYTES)
        return REPLY_TRUNCATED;
    size_t header_bytes = (size_t)(tcp[12] >> 4) * 4;
    if (header_bytes < TCP_BYTES)
        return REPLY_MALFORMED;
    if (header_bytes > tcp_bytes)
        return REPLY_TRUNCATED;
    if (!offload.l4_checksum_good) {
        enum reply_kind checked = check_tcp(ip, tcp, tcp_bytes, offload.accept_deferred, reply);
        if (checked != REPLY_TCP)
            return checked;
    }
    reply->address = header_get32(ip + 12);
    reply->ttl = ip[8];
    reply->flags = tcp[13];
    reply->remote_port = header_get16(tcp);
    reply->local_port = header_get16(tcp + 2);
    reply->seq = header_get32(tcp + 4);
    reply->ack = header_get32(tcp + 8);
    reply->window = header_get16(tcp + 14);
    reply->payload_offset = (uint16_t)((size_t)(tcp - frame) + header_bytes);
    reply->payload_bytes = (uint16_t)(tcp_bytes - header_bytes);
    if (header_bytes > TCP_BYTES)
        read_options(tcp + TCP_BYTES, tcp + header_bytes, reply);
    return REPLY_TCP;
}

// What an ICMP error quotes must be the start of a TCP segment that we sent: our address, first fragment, and as much
// of the TCP header as holds ports and sequence number.
static enum reply_kind read_quoted(const uint8_t *quoted, size_t quoted_bytes, uint32_t our_address,
                                   struct reply *reply)
{
    if (quoted_bytes < IPV4_BYTES)
        return REPLY_TRUNCATED;
    size_t header_bytes = (size_t)(quoted[0] & 15) * 4;
    if (quoted[0] >> 4 != 4 || header_bytes < IPV4_BYTES)
        return REPLY_MALFORMED;
    if (header_get32(quoted + 12) != our_address || quoted[9] != IPV4_PROTOCOL_TCP)
        return REPLY_NOT_OURS;
    if ((header_get16(quoted + 6) & 0x1fff) != 0)
        return REPLY_NOT_OURS;
    if (quoted_bytes < header_bytes + QUOTED_TCP_BYTES)
        return REPLY_TRUNCATED;
    const uint8_t *tcp = quoted + header_bytes;
    reply->address = header_get32(quoted + 16);
    reply->local_port = header_get16(tcp);
    reply->remote_port = header_get16(tcp + 2);
    reply->seq = header_get32(tcp + 4);
    return REPLY_ICMP_ERROR;
}

static enum reply_kind read_icmp(const uint8_t *frame, const uint8_t *ip, const uint8_t *icmp, size_t icmp_bytes,
                                 uint32_t our_address, struct reply *reply)
{
    if (icmp_bytes < ICMP_BYTES)
        return REPLY_TRUNCATED;
    // Always checked here: offloads cover TCP and UDP, and of ICMP no port says anything.
    if (checksum_fold(header_sum(0, icmp, icmp_bytes)) != UINT16_MAX)
        return REPLY_CHECKSUM;
    reply->ttl = ip[8];
    if (icmp[0] == ICMP_ECHO && icmp[1] == 0) {
        reply->address = header_get32(ip + 12);
        reply->payload_offset = (uint16_t)(icmp - frame);
        reply->payload_bytes = (uint16_t)icmp_bytes;
        return REPLY_ECHO_REQUEST;
    }
    if (icmp[0] != ICMP_UNREACHABLE && icmp[0] != ICMP_TIME_EXCEEDED)
        return REPLY_NOT_OURS;
    reply->flags = icmp[0];
    reply->icmp_code = icmp[1];
    reply->reporter = header_get32(ip + 12);
    return read_quoted(icmp + ICMP_BYTES, icmp_bytes - ICMP_BYTES, our_address, reply);
}

static enum reply_kind read_ipv4(const uint8_t *frame, const uint8_t *ip, size_t available, uint32_t our_address,
                                 struct reply_offload offload, struct reply *reply)
{
    if (available < IPV4_BYTES)
        return REPLY_TRUNCATED;
    size_t header_bytes = (size_t)(ip[0] & 15) * 4;
    // What follows the packet in a short frame is padding: only total_bytes count.
    size_t total_bytes = header_get16(ip + 2);
    if (ip[0] >> 4 != 4 || header_bytes < IPV4_BYTES || total_bytes < header_bytes)
        return REPLY_MALFORMED;
    if (total_bytes > available)
        return REPLY_TRUNCATED;
    if (header_get32(ip + 16) != our_address)
        return REPLY_NOT_OURS;
    if (!offload.ip_checksum_good && checksum_fold(header_sum(0, ip, header_bytes)) != UINT16_MAX)
        return REPLY_CHECKSUM;
    if ((header_get16(ip + 6) & IPV4_MORE_OR_OFFSET) != 0)
        return REPLY_FRAGMENT;
    if (ip[9] == IPV4_PROTOCOL_TCP)
        return read_tcp(frame, ip, ip + header_bytes, total_bytes - header_bytes, offload, reply);
    if (ip[9] == IPV4_PROTOCOL_ICMP)
        return read_icmp(frame, ip, ip + header_bytes, total_bytes - header_bytes, our_address, reply);
    return REPLY_NOT_OURS;
}

static enum reply_kind read_arp(const uint8_t *arp, size_t available, uint32_t our_address, struct reply *reply)
{
    static const uint8_t ipv4_over_ethernet[6] = {0, 1, 8, 0, 6, 4};
    if (available < ARP_BYTES)
        return REPLY_TRUNCATED;
    if (memcmp(arp, ipv4_over_ethernet, sizeof(ipv4_over_ethernet)) != 0 || header_get32(arp + 24) != our_address)
        return REPLY_NOT_OURS;
    reply->address = header_get32(arp + 14);
    memcpy(reply->mac, arp + 8, 6);
    switch (header_get16(arp + 6)) {
    case 1:
        return REPLY_ARP_REQUEST;
    case 2:
        return REPLY_ARP_REPLY;
    default:
        return REPLY_NOT_OURS;
    }
}

void reply_read(const uint8_t *frame, size_t length, uint32_t our_address, struct reply_offload offload,
                struct reply *ret_reply)
{
    memset(ret_reply, 0, sizeof(*ret_reply));
    if (length < ETHER_BYTES)
        return;
    memcpy(ret_reply->mac, frame + 6, 6);
    size_t offset = ETHER_BYTES;
    uint16_t type = header_get16(frame + 12);
    if (type == ETHERTYPE_VLAN) {
        if (length < ETHER_BYTES + ETHER_TAG_BYTES)
            return;
        type = header_get16(frame + 16);
        offset = ETHER_BYTES + ETHER_TAG_BYTES;
    }
    enum reply_kind kind = REPLY_NOT_OURS;
    if (type == ETHERTYPE_IPV4)
        kind = read_ipv4(frame, frame + offset, length - offset, our_address, offload, ret_reply);
    else if (type == ETHERTYPE_ARP)
        kind = read_arp(frame + offset, length - offset, our_address, ret_reply);
    ret_reply->kind = (uint8_t)kind;
}
