// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The frames other than probes that may leave: TCP segments that control asked for, ARP, ICMP echo replies. Each writes
// a whole frame into the caller's buffer and returns its length in bytes, at least 60. No state, any thread.

#include <stddef.h>
#include <stdint.h>

#include "probes/packet/probe.h"

enum { FRAME_MAX = 1518 };

struct frame_segment {
    uint32_t source_address; // host byte order
    uint32_t address;
    uint32_t seq;
    uint32_t ack;
    uint16_t local_port;
    uint16_t remote_port;
    uint16_t window;
    uint16_t ip_id;
    uint16_t mss; // option of a SYN; 0 = none
    uint8_t flags;
    const uint8_t *payload;
    size_t payload_bytes; // at most 1460
};

// A TCP segment with both checksums. 0 when the payload is too long.
size_t frame_segment(const struct probe_link *link, const struct frame_segment *segment,
                     uint8_t frame[static FRAME_MAX]);

// ARP (RFC 826), IPv4 over Ethernet. request: who has `target`; reply: `source` is at link->source_mac, to target_mac.
size_t frame_arp_request(const struct probe_link *link, uint32_t source, uint32_t target,
                         uint8_t frame[static FRAME_MAX]);
size_t frame_arp_reply(const struct probe_link *link, uint32_t source, uint32_t target,
                       const uint8_t target_mac[static 6], uint8_t frame[static FRAME_MAX]);

// An ICMP echo reply (RFC 792) to to_mac/address with the request's ICMP message (type byte first), identifier and data
// as they came. 0 when the message is shorter than 8 or longer than 1480 bytes.
size_t frame_echo_reply(const struct probe_link *link, uint32_t source, uint32_t address,
                        const uint8_t to_mac[static 6], const uint8_t *message, size_t message_bytes,
                        uint8_t frame[static FRAME_MAX]);
