// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One lcore's loop: take a burst, requests of control, send a burst, judge what was taken. Owns one RX and one TX queue
// and shares with other workers the words of answered bits; besides, it looks at their progress at its ticks. No
// allocation, log, lock, system call or division here, but for worker_idle.

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/dataplane.h"
#include "dataplane/guard.h"
#include "dataplane/pacer.h"
#include "dataplane/sweep.h"
#include "probes/packet/replies.h"

struct rte_mbuf;

enum {
    WORKER_BURST = 64,
    WORKER_PENDING = 256,       // frames that the port did not take yet
    WORKER_PARKED = 32768,      // verdicts that control's ring did not take yet; a power of two
    WORKER_REQUESTS = 32,       // of control, per lane and loop
    WORKER_NEIGHBOUR_PPS = 100, // ARP and echo replies, for each of our addresses
    WORKER_RESETS_PPS = 1000,   // resets to flow ports that carry no cookie
};

// Why probes wait, besides the pacer.
enum worker_hold {
    HOLD_NOT = 0,
    HOLD_ORDER,     // ORDER_STOP_PROBES, or the sweep is finished
    HOLD_HEARTBEAT, // `sonde scan` is gone: nothing leaves
    HOLD_LINK,      // the link is down: nothing leaves
    HOLD_CONTROL,   // max_open conversations are open, or verdicts are parked
};

struct worker {
    // Read-mostly.
    _Alignas(64) struct dataplane *dataplane;
    struct worker_counters *counters;
    struct worker_progress *progress;
    struct port_queue queue;
    uint16_t port_id;
    uint16_t queue_id;
    uint32_t number;
    uint32_t lanes; // 0 without a channel
    uint64_t tick_interval;

    // Private.
    _Alignas(64) struct pacer pacer;
    struct pacer neighbours;
    struct pacer resets;
    struct sweep sweep;
    struct guard guard;
    enum worker_hold hold;
    bool link_was_down; // at the last tick
    uint64_t next_tick;
    uint64_t rate_seen;
    uint64_t probes_left;             // of a dry run; else more than there are
    uint64_t steps[IMAGE_LCORES_MAX]; // of all workers' sweeps: our own when `received` was taken, others' at the tick
    uint64_t random;
    uint32_t reach; // positions that a turn looks at for a pair of a list
    uint32_t idle_rounds;
    uint32_t rings_dead; // of our rings, how many were given up
    uint32_t pending_count;
    uint32_t parked_head;
    uint32_t parked_count;
    struct rte_mbuf *pending[WORKER_PENDING];
    struct verdict *parked; // [WORKER_PARKED]
    struct ring trace;      // no slots: no frame is kept
    struct probe_burst out;
    struct rte_mbuf *received[WORKER_BURST];
    uint32_t received_count;
    struct reply_burst in;        // of those
    uint32_t local[WORKER_BURST]; // of those, which of our addresses each came to, where there are several; 0 = none
    struct probe_burst flows;     // of those, what came to flow ports: address, ports and our number
    struct segment request;       // a private copy, taken before it is checked

    // worker: wo; housekeeping: ro.
    _Alignas(64) _Atomic uint64_t rounds; // turns of the loop
    _Atomic uint32_t segments_done;       // segments of which this worker's share is asked
    _Atomic bool running;
};

// number-th worker of the dataplane. NULL when out of memory (allocated on the worker's NUMA node).
struct worker *worker_new(struct dataplane *dataplane, uint32_t number);
void worker_free(struct worker *worker);

// The loop; an lcore_function_t. Returns 0 after dataplane->stop.
int worker_run(void *worker);

// Sets of a burst's frames hold a bit for each. The first of one that is not empty; how many one holds, counted.
static inline uint32_t set_first(uint64_t set)
{
    return (uint32_t)__builtin_ctzll(set);
}

static inline void worker_count(struct worker *worker, enum dataplane_counter counter, uint64_t set)
{
    counter_add(worker->counters, counter, (uint64_t)__builtin_popcountll(set));
}

// The parts of a turn, in this order. Each returns the number of frames it moved, if any. now is the TSC.
uint32_t worker_collect(struct worker *worker); // takes a burst from the port; its lines come while probes are made
uint32_t worker_requests(struct worker *worker, uint64_t now);
uint32_t worker_probes(struct worker *worker, uint64_t now);
void worker_judge(struct worker *worker, uint64_t now); // reads and settles what worker_collect took

// Settles the answers of worker->in. Returns the set of those that were answered before: repeated SYN-ACKs (our ACK was
// lost) or RSTs of open connections, of which control knows what to make.
uint64_t worker_settle(struct worker *worker, uint64_t stamp_ns);

// Gives pending frames to the port; false when some are left.
bool worker_flush(struct worker *worker);

// A buffer for one frame, or NULL (counted) when there is none or the pending list is full.
struct rte_mbuf *worker_frame(struct worker *worker);
// Queues a buffer of worker_frame with a frame of `bytes`; 0 bytes give it back.
void worker_queue(struct worker *worker, struct rte_mbuf *mbuf, size_t bytes);

// Sleeps a little on a virtual device when nothing moved for a while: the core is shared with the servers under test.
void worker_idle(struct worker *worker);

// The fields of the i-th frame of worker->in once more; it was checked before.
struct reply worker_reply(const struct worker *worker, uint32_t i);

// Verdicts and segments to control.
void worker_suspects(struct worker *worker, uint64_t open); // counts them
// Of a set of worker->in, all of one kind.
void worker_verdicts(struct worker *worker, uint64_t answers, enum verdict_answer answer, uint64_t stamp_ns);
void worker_trace(struct worker *worker, uint64_t frames, uint64_t stamp_ns); // of a set of worker->in, for a capture
void worker_unpark(struct worker *worker, uint64_t now_ns); // none is left parked, or no ring has room
void worker_segment(struct worker *worker, const struct reply *reply, const uint8_t *frame, uint64_t stamp_ns);
