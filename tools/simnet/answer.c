// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/answer.h"

#include <string.h>

#include "tools/simnet/server.h"

enum { TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_VLAN = 0x8100, PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6 };
enum { FLAG_FIN = 1, FLAG_SYN = 2, FLAG_RST = 4, FLAG_ACK = 16 };
enum { IP_BYTES = 20, TCP_BYTES = 20, MSS_BYTES = 4, ARP_BYTES = 28, ICMP_BYTES = 8 };

// IPv4 and TCP headers of a SYN-ACK with an MSS option, of one without and of a RST; zeros where answers differ.
#define IP_HEADER(total) 0x45, 0, 0, total, 0, 0, 0x40, 0, 0, PROTOCOL_TCP, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
static const uint8_t SYN_ACK_MSS[ANSWER_IP_BYTES] = {IP_HEADER(44),       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x60,
                                                     FLAG_SYN | FLAG_ACK, 0, 0, 0, 0, 0, 0, 2, 4, 0, 0};
static const uint8_t SYN_ACK_BARE[ANSWER_IP_BYTES] = {IP_HEADER(40),       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x50,
                                                      FLAG_SYN | FLAG_ACK, 0, 0, 0, 0, 0, 0};
static const uint8_t RESET[ANSWER_IP_BYTES] = {IP_HEADER(40),       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x50,
                                               FLAG_RST | FLAG_ACK, 0, 0, 0, 0, 0, 0};

// Sums of those templates' constant words, with the TCP pseudo-header's protocol and length.
enum {
    IP_SUM_44 = 0x4500 + 44 + 0x4000 + PROTOCOL_TCP,
    IP_SUM_40 = 0x4500 + 40 + 0x4000 + PROTOCOL_TCP,
    TCP_SUM_MSS = PROTOCOL_TCP + 24 + 0x6000 + (FLAG_SYN | FLAG_ACK) + 0x0204,
    TCP_SUM_BARE = PROTOCOL_TCP + 20 + 0x5000 + (FLAG_SYN | FLAG_ACK),
    TCP_SUM_RESET = PROTOCOL_TCP + 20 + 0x5000 + (FLAG_RST | FLAG_ACK),
};

void checksum_ip_write(uint8_t *ip)
{
    store16(ip + 10, 0);
    store16(ip + 10, (uint16_t)~sum_fold(sum_bytes(ip, IP_BYTES)));
}

void checksum_tcp_write(uint8_t *ip, size_t total_bytes)
{
    store16(ip + IP_BYTES + 16, 0);
    uint64_t sum = sum_bytes(ip + 12, total_bytes - 12) + PROTOCOL_TCP + (total_bytes - IP_BYTES);
    store16(ip + IP_BYTES + 16, (uint16_t)~sum_fold(sum));
}

static void question_read_tcp(const uint8_t *tcp, struct question *question)
{
    question->asker_port = load16(tcp);
    question->port = load16(tcp + 2);
    question->seq = load32(tcp + 4);
    question->ack = load32(tcp + 8);
    question->header_bytes = (uint16_t)((tcp[12] >> 4) * 4);
    question->flags = tcp[13] & 0x3f;
    if (question->header_bytes < TCP_BYTES || (uint32_t)(IP_BYTES + question->header_bytes) > question->total_bytes)
        return;
    question->payload_bytes = question->total_bytes - IP_BYTES - question->header_bytes;
    question->kind = question->flags == FLAG_SYN ? QUESTION_SYN : QUESTION_SEGMENT;
}

static void question_read_ipv4(struct question *question)
{
    const uint8_t *ip = question->ip;
    if (question->captured_bytes < IP_BYTES || ip[0] != 0x45 || (load16(ip + 6) & 0xbfff) != 0)
        return;
    question->total_bytes = load16(ip + 2);
    question->asker = load32(ip + 12);
    question->address = load32(ip + 16);
    bool tcp = ip[9] == PROTOCOL_TCP && question->captured_bytes >= IP_BYTES + TCP_BYTES;
    if (tcp && question->total_bytes >= IP_BYTES + TCP_BYTES)
        question_read_tcp(ip + IP_BYTES, question);
    bool icmp = ip[9] == PROTOCOL_ICMP && question->captured_bytes >= IP_BYTES + ICMP_BYTES;
    if (icmp && question->total_bytes >= IP_BYTES + ICMP_BYTES && ip[IP_BYTES] == 8 && ip[IP_BYTES + 1] == 0)
        question->kind = QUESTION_ECHO;
}

static void question_read_arp(struct question *question)
{
    static const uint8_t REQUEST[8] = {0, 1, 0x08, 0, 6, 4, 0, 1};
    const uint8_t *arp = question->ip;
    if (question->captured_bytes < ARP_BYTES || memcmp(arp, REQUEST, sizeof(REQUEST)) != 0)
        return;
    question->asker = load32(arp + 14);
    question->address = load32(arp + 24);
    // An announcement or a probe for its own address (RFC 5227) wants no answer.
    if (question->asker != 0 && question->asker != question->address)
        question->kind = QUESTION_ARP;
}

void question_read(const uint8_t *frame, size_t length, struct question *ret_question)
{
    *ret_question = (struct question){.frame = frame, .ip = frame};
    if (length < 14)
        return;
    uint32_t link_bytes = load16(frame + 12) == TYPE_VLAN ? 18 : 14;
    if (length < link_bytes)
        return;
    ret_question->ip = frame + link_bytes;
    ret_question->captured_bytes = (uint32_t)length - link_bytes;
    uint32_t type = load16(frame + link_bytes - 2);
    if (type == TYPE_IPV4)
        question_read_ipv4(ret_question);
    else if (type == TYPE_ARP)
        question_read_arp(ret_question);
}

bool question_checksums_good(const struct question *question)
{
    const uint8_t *ip = question->ip;
    if (question->captured_bytes < question->total_bytes || sum_bytes(ip, IP_BYTES) != 0xffff)
        return false;
    uint32_t length = question->total_bytes - IP_BYTES;
    // A SYN with an MSS option, sonde's default, is worth its own unrolled sum.
    uint32_t sum = length == TCP_BYTES + MSS_BYTES ? sum_bytes(ip + IP_BYTES, TCP_BYTES + MSS_BYTES)
                                                   : sum_bytes(ip + IP_BYTES, length);
    if (question->kind != QUESTION_ECHO)
        sum += (uint32_t)sum_bytes(ip + 12, 8) + PROTOCOL_TCP + length;
    return sum_fold(sum) == 0xffff;
}

// Ethernet addresses exchanged, the VLAN tag and the type as they came.
static uint8_t *write_link(const struct question *question, uint8_t *frame)
{
    uint32_t link_bytes = question_link_bytes(question);
    memcpy(frame, question->frame + 6, 6);
    memcpy(frame + 6, question->frame, 6);
    memcpy(frame + 12, question->frame + 12, 2);
    if (link_bytes == 18)
        memcpy(frame + 14, question->frame + 14, 4);
    return frame + link_bytes;
}

const uint16_t host_ttls[8] = {64, 64, 64, 64, 64, 128, 128, 255};
const uint16_t host_windows[8] = {64240, 65535, 29200, 28960, 64240, 62727, 8192, 14600};
const uint16_t host_segment_sizes[8] = {1460, 1460, 1460, 1460, 1420, 1400, 1380, 1412};

// As it arrives: every host is some hops away.
static uint32_t host_ttl(uint32_t trait)
{
    return host_ttls[trait >> 9 & 7] - 5 - (trait >> 12 & 15);
}

static uint32_t host_window(uint32_t trait)
{
    return host_windows[trait >> 16 & 7];
}

static uint32_t host_mss(uint32_t trait)
{
    return host_segment_sizes[trait >> 19 & 7];
}

// What a segment's varying fields hold; each is summed once.
struct segment_fields {
    uint32_t seq;
    uint32_t ack;
    uint32_t window;
    uint32_t mss; // when the template has the option
    uint32_t ttl;
    uint32_t ip_sum; // of the template
    uint32_t tcp_sum;
};

static size_t write_segment(const struct question *question, const uint8_t template[static ANSWER_IP_BYTES],
                            const struct segment_fields *fields, uint8_t *frame)
{
    uint8_t *ip = write_link(question, frame);
    memcpy(ip, template, ANSWER_IP_BYTES);
    uint8_t *tcp = ip + IP_BYTES;
    uint32_t addresses = sum_word(question->asker) + sum_word(question->address);
    ip[8] = (uint8_t)fields->ttl;
    store16(ip + 10, (uint16_t)~sum_fold(fields->ip_sum + (fields->ttl << 8) + addresses));
    store32(ip + 12, question->address);
    store32(ip + 16, question->asker);
    store16(tcp, question->port);
    store16(tcp + 2, question->asker_port);
    store32(tcp + 4, fields->seq);
    store32(tcp + 8, fields->ack);
    store16(tcp + 14, fields->window);
    uint32_t sum = fields->tcp_sum + addresses + question->port + question->asker_port + sum_word(fields->seq) +
                   sum_word(fields->ack) + fields->window;
    if (template[IP_BYTES + 12] == 0x60) {
        store16(tcp + 22, fields->mss);
        sum += fields->mss;
    }
    store16(tcp + 16, (uint16_t)~sum_fold(sum));
    return question_link_bytes(question) + ANSWER_IP_BYTES;
}

static size_t write_syn_ack(enum world_answer kind, const struct question *question, uint8_t *frame)
{
    uint32_t trait = question->trait;
    struct segment_fields fields = {.seq = server_isn(question->host, question->seq),
                                    .ack = question->seq + 1,
                                    .window = host_window(trait),
                                    .mss = host_mss(trait),
                                    .ttl = host_ttl(trait),
                                    .ip_sum = IP_SUM_44,
                                    .tcp_sum = TCP_SUM_MSS};
    if (kind == ANSWER_TARPIT)
        fields.window = 10;
    // A middlebox answers like no host: half of them with window 0, half without any option.
    if (kind == ANSWER_MIDDLEBOX && (question->address & 256) != 0)
        fields.window = 0;
    if (kind != ANSWER_MIDDLEBOX || (question->address & 256) != 0)
        return write_segment(question, SYN_ACK_MSS, &fields, frame);
    fields.ip_sum = IP_SUM_40;
    fields.tcp_sum = TCP_SUM_BARE;
    return write_segment(question, SYN_ACK_BARE, &fields, frame);
}

// RFC 9293 3.10.7.1: seq 0, ack one behind the SYN. One host in sixteen acknowledges the SYN's own number instead, as
// some do in the wild.
static size_t write_refusal(const struct question *question, uint8_t *frame)
{
    struct segment_fields fields = {.ack = question->seq + ((question->trait >> 22 & 15) != 0),
                                    .ttl = host_ttl(question->trait),
                                    .ip_sum = IP_SUM_40,
                                    .tcp_sum = TCP_SUM_RESET};
    return write_segment(question, RESET, &fields, frame);
}

// An ICMP destination unreachable (RFC 792) that quotes the probe as the sender of the error saw it: with the TTL
// counted down. Half quote eight bytes of TCP, half all of it (RFC 1812 4.3.2.3).
static size_t write_unreachable(uint8_t code, uint32_t reporter, const struct question *question, uint8_t *frame)
{
    uint8_t *ip = write_link(question, frame);
    uint32_t quoted = question->trait >> 8 & 1 ? question->total_bytes : IP_BYTES + 8;
    if (quoted > 64)
        quoted = 64;
    uint8_t *icmp = ip + IP_BYTES;
    uint8_t *quote = icmp + ICMP_BYTES;
    memcpy(quote, question->ip, quoted);
    quote[8] = (uint8_t)(quote[8] > 12 ? quote[8] - 12 : 1);
    checksum_ip_write(quote);
    memset(icmp, 0, ICMP_BYTES);
    icmp[0] = 3;
    icmp[1] = code;
    store16(icmp + 2, (uint16_t)~sum_fold(sum_bytes(icmp, ICMP_BYTES + quoted)));
    memset(ip, 0, IP_BYTES);
    ip[0] = 0x45;
    store16(ip + 2, IP_BYTES + ICMP_BYTES + quoted);
    ip[8] = (uint8_t)(host_ttl(question->trait) | 1);
    ip[9] = PROTOCOL_ICMP;
    store32(ip + 12, reporter);
    store32(ip + 16, question->asker);
    checksum_ip_write(ip);
    return question_link_bytes(question) + IP_BYTES + ICMP_BYTES + quoted;
}

size_t answer_syn(enum world_answer kind, const struct question *question, uint8_t frame[static ANSWER_MAX])
{
    switch (kind) {
    case ANSWER_CLOSED:
        return write_refusal(question, frame);
    case ANSWER_PROHIBITED:
        return write_unreachable(13, question->address, question, frame);
    case ANSWER_UNREACHABLE:
        // The router is the first address of the /24.
        return write_unreachable(1, (question->address & ~UINT32_C(255)) | 1, question, frame);
    default:
        return write_syn_ack(kind, question, frame);
    }
}

size_t answer_reset(const struct question *question, uint8_t frame[static ANSWER_MAX])
{
    uint32_t length =
        question->payload_bytes + ((question->flags & FLAG_SYN) != 0) + ((question->flags & FLAG_FIN) != 0);
    bool acknowledges = (question->flags & FLAG_ACK) != 0;
    struct segment_fields fields = {.seq = acknowledges ? question->ack : 0,
                                    .ack = acknowledges ? 0 : question->seq + length,
                                    .ttl = host_ttl(question->trait),
                                    .ip_sum = IP_SUM_40,
                                    .tcp_sum = acknowledges ? TCP_SUM_RESET - FLAG_ACK : TCP_SUM_RESET};
    size_t bytes = write_segment(question, RESET, &fields, frame);
    if (acknowledges)
        frame[question_link_bytes(question) + IP_BYTES + 13] = FLAG_RST;
    return bytes;
}

size_t answer_echo(const struct question *question, uint8_t frame[static ANSWER_MAX])
{
    uint32_t length = question_link_bytes(question) + question->total_bytes;
    if (length > ANSWER_MAX || question->captured_bytes < question->total_bytes)
        return 0;
    uint8_t *ip = write_link(question, frame);
    memcpy(ip, question->ip, question->total_bytes);
    ip[8] = 64;
    store32(ip + 12, question->address);
    store32(ip + 16, question->asker);
    checksum_ip_write(ip);
    uint8_t *icmp = ip + IP_BYTES;
    icmp[0] = 0;
    store16(icmp + 2, 0);
    store16(icmp + 2, (uint16_t)~sum_fold(sum_bytes(icmp, question->total_bytes - IP_BYTES)));
    if (length >= ANSWER_FRAME_MIN)
        return length;
    memset(frame + length, 0, ANSWER_FRAME_MIN - length);
    return ANSWER_FRAME_MIN;
}

size_t answer_arp(const struct question *question, const uint8_t mac[static 6], uint8_t frame[static ANSWER_MAX])
{
    uint8_t *arp = write_link(question, frame);
    memcpy(frame, question->ip + 8, 6);
    memcpy(frame + 6, mac, 6);
    memcpy(arp, question->ip, 8);
    arp[7] = 2;
    memcpy(arp + 8, mac, 6);
    memcpy(arp + 14, question->ip + 24, 4);
    memcpy(arp + 18, question->ip + 8, 10);
    size_t length = question_link_bytes(question) + ARP_BYTES;
    memset(frame + length, 0, ANSWER_FRAME_MIN - length);
    return ANSWER_FRAME_MIN;
}

void answer_link(const struct question *question, struct server_way *ret_way)
{
    ret_way->link_bytes = (uint8_t)question_link_bytes(question);
    (void)write_link(question, ret_way->link);
}

size_t answer_segment(const struct server_way *way, const struct server_segment *segment, uint8_t *frame)
{
    bool syn = (segment->flags & FLAG_SYN) != 0;
    size_t header = TCP_BYTES + (syn ? MSS_BYTES : 0);
    size_t total = IP_BYTES + header + segment->payload_bytes;
    uint8_t *ip = frame + way->link_bytes;
    uint8_t *tcp = ip + IP_BYTES;
    memcpy(frame, way->link, way->link_bytes);
    memcpy(ip, SYN_ACK_MSS, IP_BYTES + TCP_BYTES + MSS_BYTES);
    store16(ip + 2, (uint32_t)total);
    ip[8] = (uint8_t)host_ttl(way->trait);
    store32(ip + 12, way->address);
    store32(ip + 16, way->client);
    checksum_ip_write(ip);
    store16(tcp, way->port);
    store16(tcp + 2, way->client_port);
    store32(tcp + 4, segment->seq);
    store32(tcp + 8, segment->ack);
    tcp[12] = (uint8_t)(header / 4 << 4);
    tcp[13] = segment->flags;
    store16(tcp + 14, syn ? host_window(way->trait) : segment->window);
    if (syn)
        store16(tcp + 22, host_mss(way->trait));
    if (segment->payload_bytes > 0)
        memcpy(tcp + header, segment->payload, segment->payload_bytes);
    checksum_tcp_write(ip, total);
    size_t length = way->link_bytes + total;
    if (length >= ANSWER_FRAME_MIN)
        return length;
    memset(frame + length, 0, ANSWER_FRAME_MIN - length);
    return ANSWER_FRAME_MIN;
}
