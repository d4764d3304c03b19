// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One thread's share of the hosts: all that its inquiries have in common. lane_take fills it from the rings, lane_run
// drives it. A lane shares nothing with other lanes but the journal, the sink and what main reads.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/image/image.h"
#include "control/converse/admission.h"
#include "control/converse/budget.h"
#include "control/store/counters.h"
#include "control/converse/inquiry.h"
#include "control/store/journal.h"
#include "control/converse/pool.h"
#include "control/converse/ending.h"
#include "control/converse/host.h"
#include "control/converse/network.h"
#include "control/converse/waiters.h"
#include "control/store/sink.h"
#include "control/converse/hash.h"
#include "control/converse/wheel.h"
#include "dataplane/channel/channel.h"
#include "dataplane/channel/clock.h"

enum {
    LANE_BURST = 64,        // verdicts at a time
    LANE_BURST_BEHIND = 4,  // while more than LANE_SEGMENTS wait
    LANE_SEGMENTS = 256,    // segments at a time: a conversation has a handful
    LANE_STRUCK = 16,       // struck targets at a time: who is open when control dies again is not asked any more
    LANE_RANDOM_WORDS = 64, // getrandom gives so much whole, always
    LANE_PARKED = 1 << 14,  // inquiries between connections that hold no slot; more of them do, for they need memory
};
#define LANE_STALE_NS UINT64_C(20000000000) // older verdicts are asked again: their side may have given up
#define LANE_SYNC_NS  UINT64_C(20000000)    // a record waits no longer in its batch
#define LANE_IDLE_MIN UINT64_C(100000)      // sleeps while there is nothing to do
#define LANE_IDLE_MAX UINT64_C(1000000)
#define LANE_STAGE_NS UINT64_C(5000000) // of a turn, for one ring or all timers: then other work has its turn
// What conversations may hold before nothing new is admitted: half of what the process may have (control.c).
#define LANE_MEMORY_BASE (UINT64_C(1) << 30)
#define LANE_MEMORY_EACH (UINT64_C(96) << 10)

// What all lanes are given. Read-only while they run, but the last four.
struct lane_shared {
    const struct image *image;
    const struct intel *intel; // NULL: no feeds
    const struct channel *channel;
    struct journal *journal;
    struct sink *sink;
    const struct hash *seen;         // positions that the journal held at the start
    const struct flow_ops *flow_ops; // of every connection: inquiry_flow_ops
    const char *user_agent;
    const char *http_path;       // as in struct session_env_settings
    const char *http_headers;    // likewise
    const char *trust_store;     // "" when chains are not verified
    _Atomic bool stop;           // main: wo. finish or abandon, then end
    _Atomic bool dataplane_gone; // main: wo. nothing can be sent any more
    _Atomic bool failed;         // lanes: wo. something could not be written for good
    _Atomic uint64_t results;    // lanes: rw. records that were begun, of image->settings->max_results
};

struct lane {
    _Alignas(64) struct lane_shared *shared; // lanes stand side by side, and none shares a cache line
    uint32_t index;
    pthread_t thread;
    _Atomic uint64_t drained_ns; // lane: wo. every verdict that came before is journaled
    _Atomic uint64_t alive;      // lane: wo. its heartbeat, another value with every segment; 0 = it does not run
    _Atomic uint64_t over_ns;    // lane: wo. when what is open or waits is over at the latest; 0 = nothing is

    // The lane's own.
    struct session_env *conversations;
    struct classifier *classifier;
    struct batch *batch;
    struct ending_means means;
    struct flow_lane flows;
    struct hash by_tuple; // tuple_key -> index in pool
    struct hosts hosts;
    struct networks networks;
    uint64_t networks_ns; // when they were last asked who need not wait any more
    struct hash by_decoy; // address -> what decoy.c knows of it
    struct pool pool;
    struct wheel wheel;
    struct queue queue;  // targets that wait to be asked
    struct queue struck; // the same, but control has died over them or their neighbours once: a few at a time
    struct queue spared; // twice: they get their record and are not asked
    uint64_t struck_open;
    uint64_t struck_most; // at a time: 1 at first, twice as many with each that ends, up to LANE_STRUCK
    struct admission admission;
    struct waiters ready; // for a slot, to go on
    struct inquiry *dirty;
    struct clock_awake clock;
    uint64_t now_ns;       // by that clock: of this turn, for every deadline
    uint64_t patience_ns;  // the plan's, or the default
    uint64_t stamp_ns;     // CLOCK_MONOTONIC of this turn: for what meets stamps of the dataplane
    uint64_t beat;         // of alive
    uint64_t stage_end_ns; // when the current stage of the turn has had its time
    uint64_t memory_bytes; // that conversations hold, of which memory_most may be reached
    uint64_t memory_most;
    struct backoff journal_backoff; // while it waits no verdict is taken
    uint64_t stop_ns;               // when SIGTERM was noticed, 0 = not stopping
    bool verdicts_wait;             // some are left in a ring, for want of room
    uint64_t open;                  // slots that are taken: connections of inquiries without a record
    uint64_t parked;                // the other inquiries without a record
    uint64_t window;                // conversations that may be open now
    uint64_t over_told_ns;          // when over_ns was last worked out
    uint64_t published_window;      // as the channel's header has it by now, like all that was published
    uint64_t published_open;        // open, and what waits in the batch
    struct budget budget;
    uint32_t random[LANE_RANDOM_WORDS]; // not used yet
    size_t random_left;
    uint64_t counters[CONTROL_COUNTER_COUNT];
    uint64_t published[CONTROL_COUNTER_COUNT];
};

// Returns 0 or -errno. Nothing may be opened once the sandbox stands, so everything that could is done here.
int lane_init(struct lane *lane, struct lane_shared *shared, uint32_t index);
void lane_fini(struct lane *lane);

static inline bool lane_stopping(const struct lane *lane)
{
    return lane->stop_ns != 0;
}

// Whether all the records are begun that the plan wants.
static inline bool lane_sated(const struct lane *lane)
{
    uint64_t most = lane->shared->image->settings->max_results;
    return most > 0 && atomic_load_explicit(&lane->shared->results, memory_order_relaxed) >= most;
}

// Slots that are taken, or as good as taken by what is to go on first.
static inline uint64_t lane_taken(const struct lane *lane)
{
    return lane->open + lane->ready.count + (lane->parked > LANE_PARKED ? lane->parked - LANE_PARKED : 0);
}

// Targets that were not begun, wherever they wait.
static inline uint64_t lane_waiting(const struct lane *lane)
{
    return lane->queue.count + lane->struck.count + lane->spared.count + lane->hosts.deferred + lane->networks.deferred;
}

// Says whose bytes are about to be handled, in memory that outlives this process: if it dies now, that is the one.
static inline void lane_handle(struct lane *lane, const struct target *target)
{
    atomic_store_explicit(&lane->shared->channel->down->lanes[lane->index].handled, target->position + 1,
                          memory_order_relaxed);
}

// A stage of the turn begins.
void lane_stage(struct lane *lane);

// The lane lives: what counts is that the value changes. After every segment, timer and target.
static inline void lane_beat(struct lane *lane)
{
    atomic_store_explicit(&lane->alive, ++lane->beat, memory_order_relaxed);
}

// The same; false when the stage has had its time, so that what costs much only delays, and is never mistaken for a
// death.
bool lane_goes_on(struct lane *lane);

// How many more inquiries may begin.
static inline uint64_t lane_room(const struct lane *lane)
{
    if (lane->memory_bytes >= lane->memory_most && lane->open > 0)
        return 0;
    return lane->window > lane_taken(lane) ? lane->window - lane_taken(lane) : 0;
}

// For inquiries.
static inline uint64_t tuple_key(uint32_t address, uint16_t remote_port, uint16_t local_port)
{
    return (uint64_t)address << 32 | (uint32_t)remote_port << 16 | local_port;
}

// Asks the host's worker for a segment to it. May lose it.
void lane_send(struct lane *lane, const struct target *to, uint16_t local_port, const struct flow_packet *packet);

// The same for the RST of a stray, which is no part of any conversation and has a budget of its own.
void lane_send_stray(struct lane *lane, const struct target *to, uint16_t local_port, const struct flow_packet *packet);

// A random number that nobody can predict.
uint32_t lane_random(struct lane *lane);

// A port of ours that has no connection to this host and port, and had none since the one that came from `before`, or
// is at random where that is none of the plan's flow_ports: whoever asks with the port of its last connection comes
// from each once before it comes from one again. A peer in TIME-WAIT may keep the two ports for minutes, and answers a
// new SYN with a challenge (RFC 5961 section 4.2), which is a stray to the dataplane.
uint16_t lane_port(struct lane *lane, const struct target *target, uint16_t before);

// A connection of the inquiry's begins and takes a slot; it is closed, or the record about to be written.
void lane_slot_take(struct lane *lane, struct inquiry *inquiry);
void lane_slot_give(struct lane *lane, struct inquiry *inquiry);

// inquiry_settle is called for it before the turn ends.
void lane_mark(struct lane *lane, struct inquiry *inquiry);
