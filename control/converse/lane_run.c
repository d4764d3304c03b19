// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/lane_run.h"

#include <stddef.h>
#include <time.h>

#include "control/converse/inquiry_dialogue.h"
#include "control/converse/inquiry_run.h"
#include "control/converse/lane_take.h"
#include "control/converse/turn.h"
#include "dataplane/channel/clock.h"

enum { LANE_TIMERS = 1024, LANE_SKIPS = 4096 };
#define LANE_STOP_GRACE_NS UINT64_C(400000000)
#define LANE_OVER_NS       UINT64_C(500000000) // between two looks at all hosts

static size_t timers_run(struct lane *lane)
{
    size_t work = 0;
    struct wheel_timer *timer;
    while (work < LANE_TIMERS && (timer = wheel_expired(&lane->wheel, lane->now_ns)) != NULL) {
        struct inquiry *inquiry = (struct inquiry *)((char *)timer - offsetof(struct inquiry, timer));
        inquiry_expire(inquiry);
        lane_mark(lane, inquiry);
        work++;
    }
    inquiries_settle(lane);
    return work;
}

// What has begun goes on before anything new begins.
static size_t ready_run(struct lane *lane)
{
    size_t work = 0;
    while (lane->ready.first != NULL && work < LANE_BURST && budget_left(&lane->budget) && lane->open < lane->window) {
        struct inquiry *inquiry = lane->ready.first;
        waiters_remove(inquiry);
        lane_mark(lane, inquiry);
        inquiries_settle(lane);
        work++;
    }
    return work;
}

// Lets it wait where there is no room for it: at its host, or else in its network.
static int target_defer(struct lane *lane, struct host *host, const struct target *target)
{
    bool network = networks_full(&lane->networks, target->address, lane_taken(lane), lane->window, lane->now_ns);
    if (network || host == NULL)
        return networks_defer(&lane->networks, target);
    return hosts_defer(&lane->hosts, host, target);
}

// Those of networks that have room again go back into the queue.
static void networks_run(struct lane *lane)
{
    struct target target;
    uint32_t at = 0;
    if (lane->networks.deferred == 0 || lane->now_ns - lane->networks_ns < LANE_SYNC_NS)
        return;
    lane->networks_ns = lane->now_ns;
    while (lane->queue.count < lane_room(lane) &&
           networks_release(&lane->networks, lane_taken(lane), lane->window, lane->now_ns, false, &at, &target))
        if (queue_put(&lane->queue, &target) != 0)
            lane->counters[CONTROL_RECORDS_LOST]++; // the journal still has it
}

// Begins a target, lets it wait for its host where that has enough connections, or ends it where the host's budget is
// spent.
static void target_begin(struct lane *lane, struct target *target)
{
    struct host *host = hosts_find(&lane->hosts, target->address);
    enum turn turn = turn_forecast(lane, target->address);
    if (host != NULL) {
        host->released -= target->released ? 1 : 0;
        host->inquiries++; // so that it outlives this call
    }
    target->released = false;
    // Without conversations only a restart leaves anything here, and the plan still wants none.
    if (lane->shared->image->settings->converse == CONVERSE_NONE)
        inquiry_skip(lane, target, OUTCOME_PARTIAL);
    else if (turn == TURN_NEVER)
        inquiry_skip(lane, target, OUTCOME_TIMEOUT);
    else if (turn == TURN_NOW || target_defer(lane, host, target) != 0)
        inquiry_begin(lane, target);
    if (host == NULL)
        return;
    host->inquiries--;
    turn_pass(lane, host);
    hosts_settle(&lane->hosts, host);
}

static size_t queue_run(struct lane *lane)
{
    struct target target;
    size_t work = 0;
    networks_run(lane);
    while (work < LANE_BURST && budget_left(&lane->budget) && lane_room(lane) > 0 && !lane_stopping(lane) &&
           !batch_troubled(lane->batch) && !lane_sated(lane) && queue_take(&lane->queue, &target)) {
        target_begin(lane, &target);
        work++;
    }
    inquiries_settle(lane);
    return work;
}

static uint64_t rings_dead(const struct lane *lane)
{
    uint64_t dead = 0;
    for (uint32_t worker = 0; worker < lane->shared->channel->geometry.workers; worker++) {
        const struct channel_pair *pair = channel_pair(lane->shared->channel, worker, lane->index);
        dead += (pair->verdicts.dead ? 1U : 0U) + (pair->segments.dead ? 1U : 0U) + (pair->requests.dead ? 1U : 0U);
    }
    return dead;
}

// Every host has its budget, what it closes with a moment more, and what waits for a slot begins when others end.
static void over_publish(struct lane *lane)
{
    uint64_t most_ns = 0;
    if (lane->now_ns - lane->over_told_ns < LANE_OVER_NS)
        return;
    lane->over_told_ns = lane->now_ns;
    for (uint32_t i = 0; i < hosts_size(&lane->hosts); i++) {
        const struct host *host = hosts_at(&lane->hosts, i);
        bool busy = host->used && (host->inquiries > 0 || host->waiting.count > 0);
        uint64_t left_ns = busy ? hosts_left(&lane->hosts, host, lane->now_ns) + FLOW_LINGER_NS : 0;
        most_ns = left_ns > most_ns ? left_ns : most_ns;
    }
    uint64_t queued = lane->queue.count + lane->networks.deferred;
    if (queued > 0)
        most_ns += (1 + queued / (lane->window == 0 ? 1 : lane->window)) * INQUIRY_TIME_NS;
    atomic_store_explicit(&lane->over_ns, most_ns == 0 ? 0 : lane->stamp_ns + most_ns, memory_order_relaxed);
}

// Adds what has changed to the channel's header, where gauges and counters are sums over all lanes.
static void lane_publish(struct lane *lane)
{
    struct channel_down_header *down = lane->shared->channel->down;
    uint64_t open = lane_taken(lane) + lane->batch->count;
    lane->counters[CONTROL_CONVERSATIONS_OPEN] = lane->open;
    lane->counters[CONTROL_CONVERSATIONS_QUEUED] = lane->queue.count + lane_deferred(lane) + lane->parked;
    lane->counters[CONTROL_FLOWS_OPEN] = lane->by_tuple.count;
    lane->counters[CONTROL_RETRANSMISSIONS] = lane->flows.retransmissions;
    lane->counters[CONTROL_SEGMENTS_REORDERED] = lane->flows.kept.pieces;
    lane->counters[CONTROL_SEGMENTS_REFUSED] = lane->flows.refused;
    lane->counters[CONTROL_RINGS_DEAD] = rings_dead(lane);
    if (open != lane->published_open)
        atomic_fetch_add_explicit(&down->open_conversations, open - lane->published_open, memory_order_relaxed);
    lane->published_open = open;
    if (lane->window != lane->published_window)
        atomic_fetch_add_explicit(&down->open_limit, lane->window - lane->published_window, memory_order_relaxed);
    lane->published_window = lane->window;
    for (size_t i = 0; i < CONTROL_COUNTER_COUNT; i++) {
        if (lane->counters[i] == lane->published[i])
            continue;
        atomic_fetch_add_explicit(&down->counters[i], lane->counters[i] - lane->published[i], memory_order_relaxed);
        lane->published[i] = lane->counters[i];
    }
}

static void all_cut_off(struct lane *lane)
{
    for (uint32_t i = 0; i < pool_size(&lane->pool); i++) {
        struct inquiry *inquiry = pool_at(&lane->pool, i);
        if (!inquiry->used)
            continue;
        inquiry_cut_off(inquiry);
        lane_mark(lane, inquiry);
    }
    inquiries_settle(lane);
}

// One target that was not begun, from wherever it waits.
static bool waiting_take(struct lane *lane, struct target *ret_target)
{
    uint32_t at = 0;
    if (queue_take(&lane->queue, ret_target) ||
        networks_release(&lane->networks, 0, 0, lane->now_ns, true, &at, ret_target))
        return true;
    for (uint32_t i = 0; i < hosts_size(&lane->hosts) && lane->hosts.deferred > 0; i++)
        if (hosts_release(&lane->hosts, hosts_at(&lane->hosts, i), ret_target))
            return true;
    return false;
}

// They are recorded as what they are, as many as a turn has time for.
static void waiting_skip(struct lane *lane)
{
    bool none = lane->shared->image->settings->converse == CONVERSE_NONE;
    enum outcome outcome = none ? OUTCOME_PARTIAL : OUTCOME_INTERRUPTED;
    struct target target;
    for (int i = 0; i < LANE_SKIPS && waiting_take(lane, &target); i++)
        inquiry_skip(lane, &target, outcome);
}

// After SIGTERM, which comes when conversations have had their time: what is open or waits ends now. Without a
// dataplane nothing can be asked, and of a plan that has its results nothing is; what was not begun then stays in the
// journal for a resumed scan.
static void stop_proceed(struct lane *lane, bool gone)
{
    if (lane->stop_ns == 0)
        lane->stop_ns = lane->now_ns;
    if (!gone && !lane_sated(lane))
        waiting_skip(lane);
    all_cut_off(lane);
}

// What a lane waits for cannot come while the link is down, but for its own end.
static void time_take(struct lane *lane, uint64_t now_ns)
{
    bool deaf = atomic_load_explicit(&lane->shared->channel->up->deaf, memory_order_relaxed) != 0;
    lane->stamp_ns = now_ns;
    lane->now_ns = clock_awake_ns(&lane->clock, now_ns, deaf && !lane_stopping(lane));
    lane->flows.lost_ns = lane->clock.lost_ns;
}

size_t lane_turn(struct lane *lane, uint64_t now_ns)
{
    size_t work = 0;
    time_take(lane, now_ns);
    bool gone = atomic_load_explicit(&lane->shared->dataplane_gone, memory_order_relaxed);
    budget_refill(&lane->budget, lane->now_ns);
    lane->window = admission_window(&lane->admission, lane->open, lane->now_ns);
    if (gone || atomic_load_explicit(&lane->shared->stop, memory_order_relaxed))
        stop_proceed(lane, gone);
    if (!gone)
        work +=
            lane_take_verdicts(lane) + lane_take_segments(lane) + timers_run(lane) + ready_run(lane) + queue_run(lane);
    if (lane->batch->count > 0 && (work == 0 || lane->now_ns - lane->batch->oldest_ns > LANE_SYNC_NS))
        (void)batch_flush(lane->batch, lane->now_ns);
    if (lane->batch->broken)
        atomic_store_explicit(&lane->shared->failed, true, memory_order_relaxed);
    lane_publish(lane);
    over_publish(lane);
    atomic_store_explicit(&lane->alive_ns, now_ns, memory_order_relaxed);
    return work;
}

static bool rings_empty(const struct lane *lane)
{
    for (uint32_t worker = 0; worker < lane->shared->channel->geometry.workers; worker++) {
        struct channel_pair *pair = channel_pair(lane->shared->channel, worker, lane->index);
        if (ring_ready(&pair->verdicts, 1) != 0 || ring_ready(&pair->segments, 1) != 0)
            return false;
    }
    return true;
}

// phase is what the header said before the turn: what came until then has been seen.
static bool lane_over(const struct lane *lane, uint32_t phase)
{
    bool quiet = lane->pool.used == 0 && lane->batch->count == 0;
    bool nothing_waits = lane->queue.count == 0 && lane_deferred(lane) == 0;
    if (atomic_load_explicit(&lane->shared->dataplane_gone, memory_order_relaxed))
        return quiet || lane->batch->broken || lane->now_ns > lane->stop_ns + LANE_STOP_GRACE_NS;
    if (lane_stopping(lane))
        return (quiet && ((nothing_waits && rings_empty(lane)) || lane_sated(lane))) || lane->batch->broken ||
               lane->now_ns > lane->stop_ns + LANE_STOP_GRACE_NS;
    return phase == CHANNEL_COOLED && quiet && nothing_waits && rings_empty(lane);
}

void lane_run(struct lane *lane)
{
    uint64_t pause_ns = LANE_IDLE_MIN;
    for (;;) {
        uint32_t phase = atomic_load_explicit(&lane->shared->channel->up->phase, memory_order_acquire);
        size_t work = lane_turn(lane, clock_ns());
        if (work > 0) {
            pause_ns = LANE_IDLE_MIN;
            continue;
        }
        if (lane_over(lane, phase))
            break;
        struct timespec pause = {.tv_nsec = (long)pause_ns};
        nanosleep(&pause, NULL);
        pause_ns = pause_ns * 2 > LANE_IDLE_MAX ? LANE_IDLE_MAX : pause_ns * 2;
    }
    all_cut_off(lane);
    if (batch_flush(lane->batch, UINT64_MAX) != 0) {
        batch_give_up(lane->batch);
        atomic_store_explicit(&lane->shared->failed, true, memory_order_relaxed);
    }
    lane_publish(lane);
}
