// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Frames as a host of the synthetic internet reads and writes them: what was asked, and the answer with correct
// checksums. Bytes only, no mbufs, no state, any thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/simnet/world.h"

enum {
    ANSWER_MAX = 256,      // no answer is longer
    ANSWER_FRAME_MIN = 60, // Ethernet without its frame check sequence
    ANSWER_IP_BYTES = 46,  // what every TCP answer holds from the IPv4 header on, padding with it
};

enum question_kind {
    QUESTION_NONE = 0, // nothing a host would answer: another EtherType or protocol, too short, a fragment
    QUESTION_SYN,      // a TCP segment with SYN and nothing else
    QUESTION_SEGMENT,  // any other TCP segment
    QUESTION_ECHO,     // an ICMP echo request
    QUESTION_ARP,      // who has (RFC 826)
};

struct question {
    const uint8_t *frame;
    const uint8_t *ip;       // IPv4 header, or the ARP body
    uint32_t captured_bytes; // from `ip` on
    uint32_t total_bytes;    // the IPv4 header's total length
    uint32_t asker;          // host byte order
    uint32_t address;
    uint16_t asker_port;
    uint16_t port;
    uint32_t seq;
    uint32_t ack;
    uint8_t kind; // enum question_kind
    uint8_t flags;
    uint16_t header_bytes; // of TCP
    uint32_t payload_bytes;
    uint32_t network; // world_network, world_host, world_trait of the address: the caller's to fill
    uint32_t host;
    uint32_t trait;
};

// Reads frame[0..length), perhaps with an 802.1Q tag. Does not look at checksums.
void question_read(const uint8_t *frame, size_t length, struct question *ret_question);

// Whether the IPv4 and TCP or ICMP checksums are right; false when the frame is not captured whole. No host answers a
// probe whose checksum is wrong.
bool question_checksums_good(const struct question *question);

// Writes the answer of one kind (not ANSWER_SILENT) to a SYN. Returns its length, at least ANSWER_FRAME_MIN.
size_t answer_syn(enum world_answer kind, const struct question *question, uint8_t frame[static ANSWER_MAX]);

// Writes a segment of a host that speaks, with 14 or 18 bytes of Ethernet before it; a SYN has the host's MSS and
// window. frame has room for ANSWER_HEADERS_MAX and the payload. Returns its length.
struct server_way;
struct server_segment;
enum { ANSWER_HEADERS_MAX = 64 };
size_t answer_segment(const struct server_way *way, const struct server_segment *segment, uint8_t *frame);

// What write_link does, for the way back of later segments: Ethernet addresses exchanged, VLAN tag and type as they
// came.
void answer_link(const struct question *question, struct server_way *ret_way);

// Writes the RST for a segment that belongs to no connection (RFC 9293 3.10.7.1).
size_t answer_reset(const struct question *question, uint8_t frame[static ANSWER_MAX]);

// Writes an ICMP echo reply; 0 when the request is too long to be answered.
size_t answer_echo(const struct question *question, uint8_t frame[static ANSWER_MAX]);

// Writes an ARP reply: the address asked for is at mac.
size_t answer_arp(const struct question *question, const uint8_t mac[static 6], uint8_t frame[static ANSWER_MAX]);

// What a host's stack looks like from outside differs from host to host: the TTL it starts with, window and segment
// size, by three bits of the trait from 9, 16 and 19 on.
extern const uint16_t host_ttls[8];
extern const uint16_t host_windows[8];
extern const uint16_t host_segment_sizes[8];

// The bytes in front of the IPv4 header.
static inline uint32_t question_link_bytes(const struct question *question)
{
    return (uint32_t)(question->ip - question->frame);
}

// Big-endian loads and stores, and the Internet checksum (RFC 1071): sums of 16-bit words as they lie in memory.
static inline uint16_t load16(const uint8_t *at)
{
    return (uint16_t)((uint32_t)at[0] << 8 | at[1]);
}

static inline uint32_t load32(const uint8_t *at)
{
    uint32_t value;
    __builtin_memcpy(&value, at, sizeof(value));
    return __builtin_bswap32(value);
}

static inline void store16(uint8_t *at, uint32_t value)
{
    uint16_t swapped = __builtin_bswap16((uint16_t)value);
    __builtin_memcpy(at, &swapped, sizeof(swapped));
}

static inline void store32(uint8_t *at, uint32_t value)
{
    uint32_t swapped = __builtin_bswap32(value);
    __builtin_memcpy(at, &swapped, sizeof(swapped));
}

static inline uint32_t sum_word(uint32_t value)
{
    return (value >> 16) + (value & 0xffff);
}

static inline uint16_t sum_fold(uint64_t sum)
{
    sum = (sum >> 32) + (sum & UINT32_MAX);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)sum;
}

// The sum of bytes as big-endian words; an odd last byte counts as if a zero followed. Summed in the machine's own
// order and turned round once (RFC 1071 section 2 (B)); with a constant length it is a handful of additions.
static inline uint16_t sum_bytes(const uint8_t *bytes, size_t length)
{
    uint64_t sum = 0;
    for (; length >= 4; bytes += 4, length -= 4) {
        uint32_t word;
        __builtin_memcpy(&word, bytes, sizeof(word));
        sum += word;
    }
    if (length > 0) {
        uint8_t rest[4] = {0};
        for (size_t i = 0; i < length; i++)
            rest[i] = bytes[i];
        uint32_t word;
        __builtin_memcpy(&word, rest, sizeof(word));
        sum += word;
    }
    return __builtin_bswap16(sum_fold(sum));
}

// Writes the IPv4 header checksum, or that of TCP in ip[0..total), afresh.
void checksum_ip_write(uint8_t *ip);
void checksum_tcp_write(uint8_t *ip, size_t total_bytes);
