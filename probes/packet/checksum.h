// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The Internet checksum (RFC 1071) and its incremental form (RFC 1624). Sums are of 16-bit words in the machine's own
// order, which gives the same bytes on the wire (RFC 1071 section 2B): store a result with memcpy, unswapped. No state.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Adds data[0..length) to an unfolded sum; an odd last byte counts as if a zero followed. Only the last piece of a
// message may be odd. The sum cannot overflow below 16 GiB of data.
static inline uint64_t checksum_add(uint64_t sum, const void *data, size_t length)
{
    const uint8_t *at = (const uint8_t *)data;
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        // 2^32 is 1 modulo 65,535, so both halves count alike and no carry has to be kept.
        sum += (word & UINT32_MAX) + (word >> 32);
        at += 8;
        length -= 8;
    }
    if (length >= 4) {
        uint32_t word;
        memcpy(&word, at, 4);
        sum += word;
        at += 4;
        length -= 4;
    }
    if (length >= 2) {
        uint16_t word;
        memcpy(&word, at, 2);
        sum += word;
        at += 2;
        length -= 2;
    }
    if (length == 1) {
        const uint8_t last[2] = {at[0], 0};
        uint16_t word;
        memcpy(&word, last, 2);
        sum += word;
    }
    return sum;
}

// The one's complement sum in 16 bits. 0xffff when a message with its checksum in place was added up.
static inline uint16_t checksum_fold(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    return (uint16_t)sum;
}

// What goes into the checksum field.
static inline uint16_t checksum_finish(uint64_t sum)
{
    return (uint16_t)~checksum_fold(sum);
}

// The checksum after one 16-bit word of the message changed: RFC 1624 equation 3, HC' = ~(~HC + ~m + m').
static inline uint16_t checksum_update(uint16_t checksum, uint16_t before, uint16_t after)
{
    return checksum_finish((uint64_t)(uint16_t)~checksum + (uint16_t)~before + after);
}

// The unfolded sum of the TCP pseudo-header (RFC 9293 section 3.1). Addresses as they lie in the IP header.
static inline uint64_t checksum_pseudo(const uint8_t source[static 4], const uint8_t destination[static 4],
                                       uint8_t protocol, uint16_t length)
{
    const uint8_t rest[4] = {0, protocol, (uint8_t)(length >> 8), (uint8_t)length};
    return checksum_add(checksum_add(checksum_add(0, source, 4), destination, 4), rest, 4);
}
