// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The burst kernels: what is computed for up to BURST_MAX probes or answers at a time, in one variant per instruction
// set, chosen once at run time. All variants give the same bytes as the portable functions of order.h, cookie.h and
// probe.h.

#include <stddef.h>
#include <stdint.h>

#include "config/image/targets.h"
#include "probes/packet/cookie.h"
#include "probes/packet/order.h"

enum { BURST_MAX = 64 };

struct reply_burst; // probes/packet/replies.h

// What the probes of a plan have in common. Read-only after probe_plan_init; any thread.
struct probe_plan {
    struct order order;
    struct cookie_key cookie;
    const struct targets *targets;
    const uint16_t *ports;     // [port_count]
    const int32_t *port_index; // [65536], -1 for a port outside the plan
    uint32_t port_count;
    double port_reciprocal; // reciprocal_of(port_count), probes/packet/order.h
    uint32_t ip_checksum;   // unfolded sum of the template's constant IPv4 words (RFC 1071), as host-order numbers
    uint32_t tcp_checksum;  // unfolded sum of the template's constant TCP and pseudo-header words, likewise
    uint64_t ip_word;       // the template's struct probe_burst.ip_word, identification and checksum zero
    uint32_t ip_offset;     // of the template: 14, or 18 behind a VLAN tag; answers come likewise
};

// A burst's fields, structure of arrays, private to one worker. index -> (address ordinal, port) is index / port_count
// and index % port_count. The four *_word arrays hold bytes as they lie in the frame. Entries past count are scratch.
struct probe_burst {
    _Alignas(64) uint64_t position[BURST_MAX];
    _Alignas(64) uint64_t index[BURST_MAX];
    _Alignas(64) uint32_t address[BURST_MAX]; // host byte order
    _Alignas(64) uint32_t port[BURST_MAX];    // remote port
    _Alignas(64) uint32_t isn[BURST_MAX];
    _Alignas(64) uint32_t local_port[BURST_MAX];
    _Alignas(64) uint32_t ip_id[BURST_MAX];
    _Alignas(64) uint64_t ip_word[BURST_MAX];    // IP bytes 4 to 11: identification to header checksum
    _Alignas(64) uint64_t flow_word[BURST_MAX];  // IP bytes 16 to 23: destination, then both TCP ports
    _Alignas(64) uint32_t seq_word[BURST_MAX];   // TCP bytes 4 to 7
    _Alignas(64) uint32_t check_word[BURST_MAX]; // TCP bytes 16 and 17, in the low half
};

struct kernels {
    const char *name; // "avx512-vaes", "avx2-aes", "portable"

    // position[0..count) -> every other field. count at most BURST_MAX; positions below plan->order.count.
    void (*generate)(const struct probe_plan *plan, struct probe_burst *burst, size_t count);

    // address, port -> isn, local_port, ip_id. With a port of ours in the high half of `port`, isn is cookie_flow's and
    // the other two mean nothing.
    void (*cookies)(const struct probe_plan *plan, struct probe_burst *burst, size_t count);

    // index -> position, for answers. Indexes below plan->order.count.
    void (*positions)(const struct probe_plan *plan, struct probe_burst *burst, size_t count);

    // Frames [0, count) as captured -> kinds and fields. count at most BURST_MAX.
    void (*read)(const struct probe_plan *plan, struct reply_burst *burst, size_t count);

    // What `read` left -> answers, segments, forged, outside, probed, and which probes the answers belong to.
    void (*judge)(const struct probe_plan *plan, struct reply_burst *burst, size_t count);
};

// The best variant this CPU runs. kernels_all lists every variant this CPU runs, best first, for tests and benches
// (returns their number, at most 4).
const struct kernels *kernels_best(void);
size_t kernels_all(const struct kernels *ret_all[static 4]);
