// SPDX-License-Identifier: BSD-3-Clause
#include "probes/packet/sources.h"

#include <stdbool.h>

#include "probes/packet/headers.h"

enum { TCP_CHECKSUM = 16, ICMP_UNREACHABLE = 3, ICMP_TIME_EXCEEDED = 11, FRAGMENT_OFFSET = 0x1fff };

// After the words of an address changed (RFC 1624 equation 3).
static void checksum_change(uint8_t *checksum, uint32_t before, uint32_t after)
{
    uint16_t value;
    memcpy(&value, checksum, 2);
    value =
        checksum_update(value, __builtin_bswap16((uint16_t)(before >> 16)), __builtin_bswap16((uint16_t)(after >> 16)));
    value = checksum_update(value, __builtin_bswap16((uint16_t)before), __builtin_bswap16((uint16_t)after));
    memcpy(checksum, &value, 2);
}

// A kernel that leaves the checksum to its hardware has written the pseudo-header's sum, which is no complement.
static void checksum_deferred_change(uint8_t *checksum, uint32_t before, uint32_t after)
{
    uint16_t value;
    memcpy(&value, checksum, 2);
    value = (uint16_t)~value;
    memcpy(checksum, &value, 2);
    checksum_change(checksum, before, after);
    memcpy(&value, checksum, 2);
    value = (uint16_t)~value;
    memcpy(checksum, &value, 2);
}

void sources_leave(const struct sources *sources, uint8_t *frame, uint32_t ip_offset)
{
    uint8_t *ip = frame + ip_offset;
    uint32_t source = sources_of(sources, header_get32(ip + 16));
    header_put32(ip + 12, source);
    checksum_change(ip + 10, sources->first, source);
    checksum_change(ip + IPV4_BYTES + TCP_CHECKSUM, sources->first, source);
}

// Where the IP or ARP header begins, and the EtherType; 0 for a frame that is too short for one.
static size_t payload_find(const uint8_t *frame, size_t length, uint16_t *ret_type)
{
    size_t offset = ETHER_BYTES;
    if (length < ETHER_BYTES + ETHER_TAG_BYTES)
        return 0;
    *ret_type = header_get16(frame + 12);
    if (*ret_type == ETHERTYPE_VLAN) {
        *ret_type = header_get16(frame + 16);
        offset += ETHER_TAG_BYTES;
    }
    return offset;
}

// The checksum of a segment, with the pseudo-header of the address that it came to.
static void segment_rewrite(uint8_t *ip, uint8_t *tcp, size_t bytes, size_t whole, uint32_t from, uint32_t to)
{
    if (bytes < TCP_CHECKSUM + 2 || (header_get16(ip + 6) & FRAGMENT_OFFSET) != 0)
        return;
    uint16_t field;
    memcpy(&field, tcp + TCP_CHECKSUM, 2);
    if (field == checksum_fold(checksum_pseudo(ip + 12, ip + 16, IPV4_PROTOCOL_TCP, (uint16_t)whole)))
        checksum_deferred_change(tcp + TCP_CHECKSUM, from, to);
    else
        checksum_change(tcp + TCP_CHECKSUM, from, to);
}

// What an error quotes: its sum stays what it was, for address and checksum change together.
static void quoted_rewrite(uint8_t *icmp, size_t bytes, uint32_t from, uint32_t to)
{
    uint8_t *quoted = icmp + ICMP_BYTES;
    if (bytes < ICMP_BYTES + IPV4_BYTES || (icmp[0] != ICMP_UNREACHABLE && icmp[0] != ICMP_TIME_EXCEEDED) ||
        header_get32(quoted + 12) != from)
        return;
    header_put32(quoted + 12, to);
    checksum_change(quoted + 10, from, to);
}

static void ipv4_rewrite(uint8_t *ip, size_t available, uint32_t from, uint32_t to)
{
    size_t header_bytes = (size_t)(ip[0] & 15) * 4;
    size_t total_bytes = header_get16(ip + 2);
    if (header_bytes < IPV4_BYTES || header_bytes > available || total_bytes < header_bytes)
        return;
    size_t there = total_bytes < available ? total_bytes : available;
    if (ip[9] == IPV4_PROTOCOL_TCP)
        segment_rewrite(ip, ip + header_bytes, there - header_bytes, total_bytes - header_bytes, from, to);
    else if (ip[9] == IPV4_PROTOCOL_ICMP)
        quoted_rewrite(ip + header_bytes, there - header_bytes, from, to);
    header_put32(ip + 16, to);
    checksum_change(ip + 10, from, to);
}

// An error that came to one of ours and quotes another is nobody's.
static bool quotes_another(const uint8_t *ip, size_t available, uint32_t local)
{
    size_t quoted = (size_t)(ip[0] & 15) * 4 + ICMP_BYTES;
    if (ip[9] != IPV4_PROTOCOL_ICMP || quoted + IPV4_BYTES > available)
        return false;
    const uint8_t *icmp = ip + quoted - ICMP_BYTES;
    return (icmp[0] == ICMP_UNREACHABLE || icmp[0] == ICMP_TIME_EXCEEDED) && header_get32(ip + quoted + 12) != local;
}

uint32_t sources_arrive(const struct sources *sources, uint8_t *frame, size_t length)
{
    uint16_t type = 0;
    size_t offset = payload_find(frame, length, &type);
    bool arp = type == ETHERTYPE_ARP;
    if (offset == 0 || (!arp && type != ETHERTYPE_IPV4) || length < offset + (arp ? ARP_BYTES : IPV4_BYTES))
        return 0;
    uint8_t *header = frame + offset;
    uint32_t local = header_get32(header + (arp ? 24 : 16));
    if (local - sources->first >= sources->count)
        return 0;
    if (!arp && quotes_another(header, length - offset, local))
        return 0;
    if (arp)
        header_put32(header + 24, sources->first);
    else
        ipv4_rewrite(header, length - offset, local, sources->first);
    return local;
}

void sources_restore(const struct sources *sources, uint32_t address, uint8_t *frame, size_t length)
{
    uint16_t type = 0;
    size_t offset = payload_find(frame, length, &type);
    if (offset == 0)
        return;
    if (type == ETHERTYPE_ARP && length >= offset + ARP_BYTES)
        header_put32(frame + offset + 24, address);
    else if (type == ETHERTYPE_IPV4 && length >= offset + IPV4_BYTES)
        ipv4_rewrite(frame + offset, length - offset, sources->first, address);
}
