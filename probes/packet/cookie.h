// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The cookie: one block of AES-128 (FIPS 197) over (remote address, remote port, our address, family), from which a
// probe's sequence number, source port and IP identification come. It does not depend on the attempt, so a repeat looks
// like a retransmission. An answer is checked against it without any state per target.
//
// The block: bytes 0-3 remote address, 4-5 remote port, 6-7 zero, 8-11 our address (all big-endian), 12 family (4),
// 13-15 zero. Of the cipher text (little-endian words): word 0 = sequence number, word 1 low 16 bits = source port
// offset (modulo probe_port_count, a power of two), word 1 high 16 bits = IP identification.

#include <stdint.h>

struct cookie_key {
    _Alignas(16) uint8_t rounds[11][16]; // AES-128 key schedule
    uint32_t source_address;             // host byte order
    uint16_t port_first;
    uint16_t port_mask; // probe_port_count - 1
};

struct cookie {
    uint32_t isn;
    uint16_t local_port;
    uint16_t ip_id;
};

// Expands a key of 16 random bytes. port_count is a power of two, 1 to 32,768, and port_first + port_count at most
// 65,536. Returns 0, or -EINVAL with *ret_key untouched.
int cookie_key_init(struct cookie_key *ret_key, const uint8_t secret[static 16], uint32_t source_address,
                    uint16_t port_first, uint16_t port_count);

// Portable; the burst kernels (probes/packet/kernels.h) give the same.
struct cookie cookie_make(const struct cookie_key *key, uint32_t remote_address, uint16_t remote_port);
