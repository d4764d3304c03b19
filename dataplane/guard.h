// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The egress guard: decides whether a frame that control asks for may leave. Control reads hostile bytes and may be
// hijacked, so nothing it says is believed: the address has to be in the targets, the port in the plan (or a decoy),
// the local port one of ours, and the rates hold whatever it asks. One per worker; the request is the guard's private
// copy.
//
// Control does not know the cookie key. The guard gives a SYN its sequence number, which control learns from the
// answer, and everything else has to go on from the number of its connection's SYN: so nothing but a SYN, and so no
// data, goes to a host that has not answered one. Control may guess, of which one in 65,536 is right; guesses count
// against host_rate.
//
// A SYN goes to a host that has not answered, so it counts as the probe it is: against the worker's own probe rate, and
// against network_rate, which the order of the sweep keeps for probes by arithmetic and nothing would keep here. Other
// frames go on with a connection that the host has accepted; they have host_rate and converse_rate, and no ceiling of
// their /24's: hosts that were opened within the ceiling would else starve in mid-handshake, and repeat.

#include <stdint.h>

#include "config/image/image.h"
#include "dataplane/channel/channel.h"
#include "dataplane/channel/counters.h"
#include "dataplane/pacer.h"
#include "probes/packet/kernels.h"

enum { GUARD_BUCKETS_LOG = 14, GUARD_BUCKETS = 1 << GUARD_BUCKETS_LOG, GUARD_PASSED = COUNTER_COUNT };

// All-zero: full.
struct guard_bucket {
    uint64_t before; // TSC
    float tokens;
};

// One cap for each host, or each /24. Those whose keyed hashes meet share a bucket: stricter, never looser.
struct guard_cap {
    double per_tick; // tokens that a bucket earns per TSC tick
    float depth;
    uint64_t key;
    struct guard_bucket *buckets; // [GUARD_BUCKETS]
};

struct guard {
    const struct image *image;
    struct pacer pacer;       // this worker's share of converse_rate
    struct pacer *probes;     // and of the rate of probes; the worker's own
    struct guard_cap host;    // frames
    struct guard_cap network; // connections
    uint32_t worker;
    const struct kernels *kernels;
    const struct probe_plan *plan; // its cookie
    struct probe_burst burst;      // scratch
};

struct guard_means {
    const struct image *image;
    const struct kernels *kernels;
    const struct probe_plan *plan; // of which the cookie alone is used; both outlive the guard
    struct pacer *probes;          // outlives the guard; any time's state will do
    uint64_t tsc_hz;
    uint64_t key; // random
    uint32_t worker;
};

// Workers share converse_rate and the rate of probes evenly. A host, like all of its /24, has one worker
// (channel_worker) and so one cap. Returns 0 or -ENOMEM.
int guard_init(struct guard *guard, const struct guard_means *means);
void guard_fini(struct guard *guard);

// Gives a SYN its sequence number. GUARD_PASSED, or the counter (COUNTER_GUARD_...) of the rule that the request
// breaks. Takes tokens when it passes, and some of them when it breaks only a rate or guesses a number.
unsigned guard_check(struct guard *guard, struct segment *request, uint64_t now);
