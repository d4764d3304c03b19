// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The egress guard: decides whether a frame that control asks for may leave. Control reads hostile bytes and may be
// hijacked, so nothing it says is believed: the address has to be in the targets, the port in the plan (or a decoy),
// the local port one of ours, and the rates hold whatever it asks. One per worker; the request is the guard's private
// copy.

#include <stdint.h>

#include "config/image/image.h"
#include "dataplane/channel/channel.h"
#include "dataplane/channel/counters.h"
#include "dataplane/pacer.h"

enum { GUARD_HOSTS = 16384, GUARD_PASSED = COUNTER_COUNT };

// Hosts share an entry when their keyed hashes meet: a shared cap is stricter, never looser.
struct guard_host {
    uint64_t before; // TSC
    float tokens;
};

struct guard {
    const struct image *image;
    struct pacer pacer;   // this worker's share of converse_rate
    double host_per_tick; // tokens a host earns per TSC tick
    float host_depth;
    uint64_t key;
    struct guard_host *hosts; // [GUARD_HOSTS]
};

// workers share converse_rate evenly; host_rate is per worker, as a host's requests reach one worker each conversation.
// Returns 0 or -ENOMEM.
int guard_init(struct guard *guard, const struct image *image, uint64_t tsc_hz, uint64_t key);
void guard_fini(struct guard *guard);

// GUARD_PASSED, or the counter (COUNTER_GUARD_...) of the rule that the request breaks. Takes tokens when it passes.
unsigned guard_check(struct guard *guard, const struct segment *request, uint64_t now);
