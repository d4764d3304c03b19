// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Workers driven by hand, turn by turn, so that a test decides what lies in the port when: each receives from a ring
// that the test fills and sends to one that the test empties.

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "dataplane/worker.h"
#include "tests/vdev/rig.h"
#include "tools/simnet/world.h"

enum { HAND_WORKERS_MAX = 2, HAND_POSITIONS_MAX = 1024 };

struct hand {
    struct rig rig;
    struct rte_ring *to[HAND_WORKERS_MAX];   // what the port has received
    struct rte_ring *from[HAND_WORKERS_MAX]; // what it has sent
    struct rte_mempool *pool;                // of what the test lets it receive
    uint32_t asked[HAND_POSITIONS_MAX];      // probes seen on the wire, by position
    uint64_t now;                            // TSC, the test's own: it goes on by a millisecond a burst of probes
};

// EAL, a ring port and a dataplane of the plan's workers, which do not run. plan->port_name is not used. The plan has
// at most HAND_POSITIONS_MAX positions.
void hand_init(struct hand *hand, const struct rig_plan *plan);

void hand_fini(struct hand *hand);

// At a test's end: nothing is left in the rings, and every buffer of every pool has come back.
void hand_check(const struct hand *hand);

// Writes the answer to the probe of a position, as a host of the synthetic internet would, and puts it into a worker's
// port.
void hand_answer(struct hand *hand, uint32_t worker, uint64_t position, enum world_answer kind);

// The same into a buffer of the caller's, which then holds it alone.
void hand_answer_write(struct hand *hand, uint64_t position, enum world_answer kind, struct rte_mbuf *mbuf);

// Puts a buffer into a worker's port.
void hand_deliver(struct hand *hand, uint32_t worker, struct rte_mbuf *mbuf);

// A turn's receiving half: takes what is in the port, up to a burst, and judges it.
void hand_receive(struct hand *hand, uint32_t worker);

// One burst of probes, of at most WORKER_BURST; counts them by position and returns their number.
uint32_t hand_ask(struct hand *hand, uint32_t worker);

// All of this worker's probes of the attempt that comes next, and returns their number.
uint32_t hand_attempt(struct hand *hand, uint32_t worker);

// Takes the verdicts that lie ready for control; the last one is written, the number of all returned.
uint64_t hand_verdicts(struct hand *hand, struct verdict *ret_last);

// Buffers of a pool that are not in it nor in its cache of this thread.
unsigned hand_missing(struct rte_mempool *pool);

bool hand_answered(const struct hand *hand, uint64_t position); // of a plan of one segment
uint64_t hand_counter(const struct hand *hand, enum dataplane_counter counter);
