// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Where the fields of Ethernet, IPv4, TCP, ICMP and ARP lie, and how they are written: shared by the code that builds
// frames. Offsets are from the start of each header.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "probes/packet/checksum.h"
#include "probes/packet/probe.h"

enum {
    ETHER_BYTES = 14,
    ETHER_TAG_BYTES = 4,
    ETHER_FRAME_MIN = 60, // without the frame check sequence
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_ARP = 0x0806,
    ETHERTYPE_VLAN = 0x8100,

    IPV4_BYTES = 20,
    IPV4_PROTOCOL_ICMP = 1,
    IPV4_PROTOCOL_TCP = 6,

    TCP_BYTES = 20,
    ICMP_BYTES = 8,
    ARP_BYTES = 28,

    TCP_OPTION_MSS_BYTES = 4,
    QUOTED_TCP_BYTES = 8, // RFC 792: what a router must quote of a segment
};

static inline uint16_t header_get16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, 2);
    return __builtin_bswap16(value);
}

static inline uint32_t header_get32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, 4);
    return __builtin_bswap32(value);
}

// checksum_add of a header or a short segment. Most have one of three lengths, and a sum of constant length is a
// handful of additions, where the general one is a loop with its beginning and end.
static inline uint64_t header_sum(uint64_t sum, const uint8_t *data, size_t length)
{
    switch (length) {
    case IPV4_BYTES: // and a TCP header without options
        return checksum_add(sum, data, IPV4_BYTES);
    case TCP_BYTES + TCP_OPTION_MSS_BYTES:
        return checksum_add(sum, data, TCP_BYTES + TCP_OPTION_MSS_BYTES);
    case ICMP_BYTES + IPV4_BYTES + QUOTED_TCP_BYTES:
        return checksum_add(sum, data, ICMP_BYTES + IPV4_BYTES + QUOTED_TCP_BYTES);
    default:
        return checksum_add(sum, data, length);
    }
}

static inline void header_put16(uint8_t *at, uint16_t value)
{
    uint16_t swapped = __builtin_bswap16(value);
    memcpy(at, &swapped, 2);
}

static inline void header_put32(uint8_t *at, uint32_t value)
{
    uint32_t swapped = __builtin_bswap32(value);
    memcpy(at, &swapped, 4);
}

// The Ethernet header with the link's tag, if any. Returns its length.
static inline uint32_t header_ethernet(uint8_t *frame, const struct probe_link *link, const uint8_t to[static 6],
                                       uint16_t ethertype)
{
    memcpy(frame, to, 6);
    memcpy(frame + 6, link->source_mac, 6);
    uint32_t at = 12;
    if (link->vlan_given) {
        header_put16(frame + at, ETHERTYPE_VLAN);
        header_put16(frame + at + 2, link->vlan & 0x0fff);
        at += ETHER_TAG_BYTES;
    }
    header_put16(frame + at, ethertype);
    return at + 2;
}

// An IPv4 header without options. The checksum is left zero.
struct header_ipv4 {
    uint16_t total_bytes;
    uint16_t id;
    uint16_t fragment; // flags and offset
    uint8_t ttl;
    uint8_t protocol;
    uint32_t source; // host byte order
    uint32_t destination;
};

static inline void header_ipv4_put(uint8_t *ip, const struct header_ipv4 *header)
{
    ip[0] = 0x45;
    ip[1] = 0;
    header_put16(ip + 2, header->total_bytes);
    header_put16(ip + 4, header->id);
    header_put16(ip + 6, header->fragment);
    ip[8] = header->ttl;
    ip[9] = header->protocol;
    header_put16(ip + 10, 0);
    header_put32(ip + 12, header->source);
    header_put32(ip + 16, header->destination);
}

// Stores the checksum of an IPv4 header whose checksum field is zero.
static inline void header_ipv4_seal(uint8_t *ip)
{
    uint16_t checksum = checksum_finish(checksum_add(0, ip, IPV4_BYTES));
    memcpy(ip + 10, &checksum, 2);
}
