// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/lane_run.h"

#include <stddef.h>
#include <time.h>

#include "control/converse/inquiry_dialogue.h"
#include "control/converse/inquiry_run.h"
#include "control/converse/lane_take.h"
#include "control/converse/turn.h"
#include "dataplane/channel/clock.h"
#include "probes/memory.h"

enum { LANE_TIMERS = 1024, LANE_SKIPS = 4096 };
#define LANE_STOP_GRACE_NS UINT64_C(400000000)
#define LANE_OVER_NS       UINT64_C(500000000) // between two looks at all hosts

static size_t timers_run(struct lane *lane)
{
    size_t work = 0;
    struct wheel_timer *timer;
    bool in_time = true;
    lane_stage(lane);
    while (in_time && work < LANE_TIMERS && (timer = wheel_expired(&lane->wheel, lane->now_ns)) != NULL) {
        struct inquiry *inquiry = (struct inquiry *)((char *)timer - offsetof(struct inquiry, timer));
        lane_handle(lane, &inquiry->target);
        inquiry_expire(inquiry);
        lane_mark(lane, inquiry);
        work++;
        in_time = lane_goes_on(lane);
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
        lane_handle(lane, &inquiry->target);
        lane_mark(lane, inquiry);
        inquiries_settle(lane);
        lane_beat(lane);
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
// spent. One that has a strike waits where it is known to have one.
static void target_begin(struct lane *lane, struct target *target, enum turn turn)
{
    struct host *host = hosts_find(&lane->hosts, target->address);
    if (host != NULL) {
        host->released -= target->released ? 1 : 0;
        host->inquiries++; // so that it outlives this call
    }
    target->released = false;
    if (turn == TURN_NEVER)
        inquiry_skip(lane, target, OUTCOME_TIMEOUT);
    else if (turn == TURN_NOW || target->strikes > 0 || target_defer(lane, host, target) != 0)
        inquiry_begin(lane, target);
    if (host == NULL)
        return;
    host->inquiries--;
    turn_pass(lane, host);
    hosts_settle(&lane->hosts, host);
}

// Begins with targets of a queue, at most so many, each journaled before it is asked: if control dies, its successor
// knows which were being asked.
static size_t targets_begin(struct lane *lane, struct queue *queue, uint64_t most)
{
    struct journal_entry entries[LANE_BURST];
    enum turn turns[LANE_BURST];
    struct target target;
    size_t asked = 0;
    size_t count = queue->count < LANE_BURST ? queue->count : LANE_BURST;
    count = count < most ? count : (size_t)most;
    if (count == 0 || backoff_waits(&lane->journal_backoff, lane->now_ns))
        return 0;
    for (size_t i = 0; i < count; i++) {
        const struct target *waits = queue_at(queue, i);
        turns[i] = turn_forecast(lane, waits->address);
        if (turns[i] == TURN_NOW || waits->strikes > 0)
            entries[asked++] = (struct journal_entry){
                .position = waits->position, .address = waits->address, .port = waits->port, .kind = JOURNAL_BEGUN};
    }
    if (asked > 0 && journal_append(lane->shared->journal, entries, asked) != 0) {
        lane->counters[CONTROL_JOURNAL_ERRORS]++;
        backoff_fail(&lane->journal_backoff, lane->now_ns);
        return 0;
    }
    backoff_succeed(&lane->journal_backoff);
    for (size_t i = 0; i < count && queue_take(queue, &target); i++) {
        // Others of this burst may have taken the host's turns.
        target_begin(lane, &target, turns[i] == TURN_NOW ? turn_forecast(lane, target.address) : turns[i]);
        lane_beat(lane);
    }
    return count;
}

// Records targets of a queue without asking, at most a burst.
static size_t targets_skip(struct lane *lane, struct queue *queue)
{
    struct target target;
    size_t work = 0;
    while (work < LANE_BURST && !batch_troubled(lane->batch) && !lane_sated(lane) && queue_take(queue, &target)) {
        lane->counters[CONTROL_TARGETS_SPARED] += (target.suspect & SUSPECT_CRASHED_CONTROL) != 0;
        inquiry_skip(lane, &target, OUTCOME_PARTIAL);
        work++;
    }
    return work;
}

static size_t queues_run(struct lane *lane)
{
    size_t work = lane_stopping(lane) ? 0 : targets_skip(lane, &lane->spared);
    // Without conversations only a restart leaves anything here, and the plan still wants none.
    if (lane->shared->image->settings->converse == CONVERSE_NONE)
        return work + targets_skip(lane, &lane->queue) + targets_skip(lane, &lane->struck);
    if (!budget_left(&lane->budget) || lane_stopping(lane) || batch_troubled(lane->batch) || lane_sated(lane))
        return work;
    networks_run(lane);
    uint64_t few = lane->struck_most > lane->struck_open ? lane->struck_most - lane->struck_open : 0;
    uint64_t room = lane_room(lane);
    work += targets_begin(lane, &lane->struck, room < few ? room : few);
    work += targets_begin(lane, &lane->queue, lane_room(lane));
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
    uint64_t queued = lane->queue.count + lane->struck.count + lane->networks.deferred;
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
    lane->counters[CONTROL_CONVERSATIONS_QUEUED] = lane_waiting(lane) + lane->parked;
    lane->counters[CONTROL_FLOWS_OPEN] = lane->by_tuple.count;
    lane->counters[CONTROL_RETRANSMISSIONS] = lane->flows.retransmissions;
    lane->counters[CONTROL_SEGMENTS_REORDERED] = lane->flows.kept.pieces;
    lane->counters[CONTROL_SEGMENTS_REFUSED] = lane->flows.refused;
    lane->counters[CONTROL_RINGS_DEAD] = rings_dead(lane);
    lane->counters[CONTROL_MEMORY_HELD] = lane->memory_bytes;
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
        lane_beat(lane);
    }
    inquiries_settle(lane);
}

// One target that was not begun, from wherever it waits.
static bool waiting_take(struct lane *lane, struct target *ret_target)
{
    uint32_t at = 0;
    if (queue_take(&lane->spared, ret_target) || queue_take(&lane->struck, ret_target) ||
        queue_take(&lane->queue, ret_target) ||
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
    struct target target;
    for (int i = 0; i < LANE_SKIPS && waiting_take(lane, &target); i++) {
        bool ends = none || (target.suspect & SUSPECT_CRASHED_CONTROL) != 0;
        inquiry_skip(lane, &target, ends ? OUTCOME_PARTIAL : OUTCOME_INTERRUPTED);
        lane_beat(lane);
    }
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
    lane->memory_bytes = memory_held();
    bool gone = atomic_load_explicit(&lane->shared->dataplane_gone, memory_order_relaxed);
    budget_refill(&lane->budget, lane->now_ns);
    lane->window = admission_window(&lane->admission, lane->open, lane->now_ns);
    if (gone || atomic_load_explicit(&lane->shared->stop, memory_order_relaxed))
        stop_proceed(lane, gone);
    if (!gone)
        work +=
            lane_take_verdicts(lane) + lane_take_segments(lane) + timers_run(lane) + ready_run(lane) + queues_run(lane);
    if (lane->batch->count > 0 && (work == 0 || lane->now_ns - lane->batch->oldest_ns > LANE_SYNC_NS))
        (void)batch_flush(lane->batch, lane->now_ns);
    if (lane->batch->broken)
        atomic_store_explicit(&lane->shared->failed, true, memory_order_relaxed);
    atomic_store_explicit(&lane->shared->channel->down->lanes[lane->index].handled, 0, memory_order_relaxed);
    lane_publish(lane);
    over_publish(lane);
    lane_beat(lane);
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
    bool nothing_waits = lane_waiting(lane) == 0;
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
