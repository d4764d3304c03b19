// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Reads one received frame, as captured, into what it means for a scanner. Every length is checked against what was
// captured; nothing is believed about who sent it (the cookie decides that, afterwards). No state, any thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reply_kind {
    REPLY_TRUNCATED = 0, // shorter than its headers say
    REPLY_MALFORMED,     // an impossible header field
    REPLY_CHECKSUM,      // a wrong IP, TCP or ICMP checksum
    REPLY_FRAGMENT,      // an IP fragment
    REPLY_NOT_OURS,      // another address, EtherType or IP protocol
    REPLY_TCP,           // a TCP segment to our address: tcp_flags says what
    REPLY_ICMP_ERROR,    // destination unreachable or time exceeded quoting a TCP segment of ours (RFC 792, RFC
                         // 1812 4.3.2.3)
    REPLY_ECHO_REQUEST,  // to our address
    REPLY_ARP_REQUEST,   // for our address (RFC 826)
    REPLY_ARP_REPLY,     // to us
};

// What the port has done for the frame already.
struct reply_offload {
    bool ip_checksum_good;
    bool l4_checksum_good;
    bool accept_deferred; // virtual device: a TCP checksum that is the pseudo-header's sum alone passes, and is marked
};

struct reply {
    uint8_t kind;  // enum reply_kind
    uint8_t flags; // TCP flags; for REPLY_ICMP_ERROR the ICMP type
    uint8_t icmp_code;
    uint8_t ttl;
    uint32_t address;     // host byte order: the remote host. REPLY_ICMP_ERROR: destination of the quoted packet.
                          // REPLY_ARP_*: the sender's
    uint32_t reporter;    // REPLY_ICMP_ERROR: who sent it
    uint16_t remote_port; // REPLY_ICMP_ERROR: destination port of the quoted segment
    uint16_t local_port;
    uint32_t seq; // REPLY_ICMP_ERROR: sequence number of the quoted segment, which was ours
    uint32_t ack;
    uint16_t window;
    uint16_t mss;            // the first MSS option, 0 when absent
    uint16_t payload_offset; // of the TCP payload, or of the ICMP message for an echo request, from the frame's start
    uint16_t payload_bytes;
    bool options_present; // any TCP option other than padding
    bool checksum_deferred;
    uint8_t mac[6]; // sender's: Ethernet source, or for ARP the sender's hardware address
};

// Reads frame[0..length) (an Ethernet frame, perhaps with one 802.1Q tag). our_address in host byte order. *ret_reply
// is written whole whatever the frame holds.
void reply_read(const uint8_t *frame, size_t length, uint32_t our_address, struct reply_offload offload,
                struct reply *ret_reply);
