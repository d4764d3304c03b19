// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A burst of received frames: what each one is, as reply_read (probes/packet/reply.h) tells of one, and which of them
// answer a probe. Structure of arrays, because the frames of a burst are read and judged many at a time, whatever they
// hold and in whatever order they come: an answer costs the same behind garbage as behind another answer. The work is
// done by the kernels `read` and `judge` (probes/packet/kernels.h); every variant gives the same.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/packet/kernels.h"
#include "probes/packet/reply.h"

enum {
    REPLY_KINDS = REPLY_ARP_REPLY + 1,
    REPLY_READABLE_BYTES = 96, // of each frame, however short it is; what lies behind its end decides nothing
    REPLY_DATA_WINDOW = COOKIE_DATA_WINDOW,
};

// Entry i, and bit i of a set, belong to the i-th frame. Private to one worker.
struct reply_burst {
    // The caller's: the frames as captured, and what was verified already. Entries past count are scratch.
    const uint8_t *frame[BURST_MAX]; // each readable for REPLY_READABLE_BYTES
    _Alignas(64) uint32_t length[BURST_MAX];
    uint64_t ip_good;     // the port has verified these frames' IP checksums
    uint64_t l4_good;     // and these frames' TCP checksums
    bool accept_deferred; // as in struct reply_offload

    // Of `read`. Each frame is of one kind; the sets hold nothing from count on.
    uint64_t kinds[REPLY_KINDS];
    uint64_t deferred; // the TCP checksum is one that a kernel has deferred
    uint64_t options;  // of REPLY_TCP: any option other than padding
    // Of REPLY_TCP and REPLY_ICMP_ERROR the fields of struct reply, and zero of other kinds; probe.address and
    // probe.port hold the remote address and port.
    _Alignas(64) uint32_t local_port[BURST_MAX];
    _Alignas(64) uint32_t seq[BURST_MAX];
    _Alignas(64) uint32_t ack[BURST_MAX];
    _Alignas(64) uint32_t flags[BURST_MAX];
    _Alignas(64) uint32_t window[BURST_MAX];
    _Alignas(64) uint32_t mss[BURST_MAX];
    _Alignas(64) uint32_t ttl[BURST_MAX];

    // Of `judge`: frames to a probe port, each in at most one of answers, segments, forged and outside; a stray ICMP
    // error of an open connection is in none.
    uint64_t answers;  // of a probe of the plan: probe.index and probe.position say which one, probe.isn was its number
    uint64_t resets;   // answers that are a RST
    uint64_t segments; // of a connection that a probe opened
    uint64_t forged;   // without the cookie
    uint64_t outside;  // with the cookie, from an address or a port outside the plan
    uint64_t probed;   // all that came to a probe port
    struct probe_burst probe;
};

// Reads the i-th frame into its entry and sets, from scratch: reply_read, spread over the arrays. What every variant
// does with frames that it has no faster way for.
void reply_burst_read_one(const struct probe_plan *plan, struct reply_burst *burst, size_t i);
