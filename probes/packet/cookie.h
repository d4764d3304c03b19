// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The cookie: one block of AES-128 (FIPS 197) over (remote address, remote port, our address, family), from which a
// probe's sequence number, source port and IP identification come. It does not depend on the attempt, so a repeat looks
// like a retransmission. An answer is checked against it without any state per target.
//
// A connection that control opens has one too: the sequence number of its SYN, from the same block with our own port in
// it, which control chooses and no probe's block has. So what belongs to a connection of ours is told from what does
// not without a table of connections, before control sees it; and control, which never sees the key, learns the number
// from the answer to its SYN alone.
//
// The block: bytes 0-3 remote address, 4-5 remote port, 6-7 our port, zero for a probe, 8-11 our address (all
// big-endian), 12 family (4),
// 13-15 zero. Of the cipher text (little-endian words): word 0 = sequence number, word 1 low 16 bits = source port
// offset (modulo probe_port_count, a power of two), word 1 high 16 bits = IP identification.

#include <stdbool.h>
#include <stdint.h>

#include "probes/packet/tcp.h" // enum tcp_flag

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

// The sequence number of our SYN from local_port, which is not 0.
uint32_t cookie_flow(const struct cookie_key *key, uint32_t remote_address, uint16_t remote_port, uint16_t local_port);

// Bytes of ours that a later segment of a connection may acknowledge, or that may be sent over it.
enum { COOKIE_DATA_WINDOW = 65536 };

// Whether a segment with these flags and this acknowledgement can be the other side's on a connection whose SYN had the
// number isn. One without ACK carries no cookie and cannot be told.
static inline bool cookie_acknowledged(uint32_t isn, uint8_t flags, uint32_t ack)
{
    const uint32_t beyond = ack - isn - 1;
    if ((flags & TCP_SYN) != 0)
        return beyond == 0;
    // Some stacks acknowledge the SYN's own number in a RST, not the next one.
    return beyond < COOKIE_DATA_WINDOW || ((flags & TCP_RST) != 0 && ack == isn);
}
