// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/lane_run.h"

#include <stddef.h>
#include <time.h>

#include "control/converse/inquiry_dialogue.h"
#include "control/converse/inquiry_run.h"
#include "control/converse/lane_take.h"
#include "dataplane/channel/clock.h"
#include "probes/memory.h"

enum { LANE_TIMERS = 1024 };
#define LANE_STOP_GRACE_NS UINT64_C(400000000)

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

// Begins with targets of a queue, at most so many, each journaled first: if control dies, its successor knows which
// were being asked.
static size_t targets_begin(struct lane *lane, struct queue *queue, uint64_t most)
{
    struct journal_entry entries[LANE_BURST];
    struct target target;
    size_t count = queue->count < LANE_BURST ? queue->count : LANE_BURST;
    count = count < most ? count : (size_t)most;
    if (count == 0 || backoff_waits(&lane->journal_backoff, lane->now_ns))
        return 0;
    for (size_t i = 0; i < count; i++) {
        const struct target *waits = queue_at(queue, i);
        entries[i] = (struct journal_entry){
            .position = waits->position, .address = waits->address, .port = waits->port, .kind = JOURNAL_BEGUN};
    }
    if (journal_append(lane->shared->journal, entries, count) != 0) {
        lane->counters[CONTROL_JOURNAL_ERRORS]++;
        backoff_fail(&lane->journal_backoff, lane->now_ns);
        return 0;
    }
    backoff_succeed(&lane->journal_backoff);
    for (size_t i = 0; i < count && queue_take(queue, &target); i++) {
        inquiry_begin(lane, &target);
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
        inquiry_skip(lane, &target, OUTCOME_PARTIAL);
        work++;
    }
    return work;
}

static size_t queues_run(struct lane *lane)
{
    size_t work = lane_stopping(lane) ? 0 : targets_skip(lane, &lane->spared);
    lane->counters[CONTROL_TARGETS_SPARED] += work;
    // Without conversations only a restart leaves anything here, and the plan still wants none.
    if (lane->shared->image->settings->converse == CONVERSE_NONE)
        return work + targets_skip(lane, &lane->queue) + targets_skip(lane, &lane->struck);
    if (lane->tokens <= 0 || lane_stopping(lane) || batch_troubled(lane->batch) || lane_sated(lane))
        return work;
    uint64_t few = lane->struck_most > lane->struck_open ? lane->struck_most - lane->struck_open : 0;
    uint64_t room = lane_room(lane);
    work += targets_begin(lane, &lane->struck, room < few ? room : few);
    work += targets_begin(lane, &lane->queue, lane_room(lane));
    inquiries_settle(lane);
    return work;
}

// Segments that may be asked for: a little less than the dataplane allows, so that it does not have to refuse any.
static void tokens_refill(struct lane *lane)
{
    double rate = lane->shared->image->settings->converse_rate_pps * 0.95 / lane->shared->channel->geometry.lanes;
    double most = rate / 50 < 16 ? 16 : rate / 50;
    if (rate <= 0) {
        lane->tokens = LANE_BURST;
        return;
    }
    lane->tokens += rate * (double)(lane->now_ns - lane->tokens_ns) / 1e9;
    lane->tokens = lane->tokens < most ? lane->tokens : most;
    lane->tokens_ns = lane->now_ns;
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

// Adds what has changed to the channel's header, where gauges and counters are sums over all lanes.
static void lane_publish(struct lane *lane)
{
    struct channel_down_header *down = lane->shared->channel->down;
    uint64_t open = lane->open + lane->batch->count;
    lane->counters[CONTROL_CONVERSATIONS_OPEN] = lane->open;
    lane->counters[CONTROL_CONVERSATIONS_QUEUED] = lane_waiting(lane);
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

static void all_abandon(struct lane *lane)
{
    for (uint32_t i = 0; i < pool_size(&lane->pool); i++) {
        struct inquiry *inquiry = pool_at(&lane->pool, i);
        if (!inquiry->used)
            continue;
        inquiry_abandon(inquiry);
        lane_mark(lane, inquiry);
        lane_beat(lane);
    }
    inquiries_settle(lane);
}

// After SIGTERM: what waits is not asked any more, what is open has a little time.
static void stop_proceed(struct lane *lane)
{
    struct target target;
    // Without a dataplane nothing can be asked, and of a plan that has its results nothing is; what was not begun stays
    // in the journal for a resumed scan.
    bool gone = atomic_load_explicit(&lane->shared->dataplane_gone, memory_order_relaxed) || lane_sated(lane);
    if (lane->stop_ns == 0)
        lane->stop_ns = lane->now_ns + LANE_STOP_NS;
    while (!gone && (queue_take(&lane->queue, &target) || queue_take(&lane->struck, &target) ||
                     queue_take(&lane->spared, &target)))
        inquiry_skip(lane, &target, OUTCOME_PARTIAL);
    for (uint32_t i = 0; i < pool_size(&lane->pool); i++) {
        struct inquiry *inquiry = pool_at(&lane->pool, i);
        bool waits = inquiry->wants_further || inquiry->host_waiting || inquiry->decoy.asking;
        if (inquiry->used && (waits || gone || lane->now_ns >= lane->stop_ns)) {
            inquiry_abandon(inquiry);
            lane_mark(lane, inquiry);
        }
    }
    inquiries_settle(lane);
}

size_t lane_turn(struct lane *lane, uint64_t now_ns)
{
    size_t work = 0;
    lane->now_ns = now_ns;
    lane->memory_bytes = memory_held();
    bool gone = atomic_load_explicit(&lane->shared->dataplane_gone, memory_order_relaxed);
    tokens_refill(lane);
    lane->window = admission_window(&lane->admission, lane->open, now_ns);
    if (gone || atomic_load_explicit(&lane->shared->stop, memory_order_relaxed))
        stop_proceed(lane);
    if (!gone)
        work += lane_take_verdicts(lane) + lane_take_segments(lane) + timers_run(lane) + queues_run(lane);
    if (lane->batch->count > 0 && (work == 0 || now_ns - lane->batch->oldest_ns > LANE_SYNC_NS))
        (void)batch_flush(lane->batch, now_ns);
    if (lane->batch->broken)
        atomic_store_explicit(&lane->shared->failed, true, memory_order_relaxed);
    atomic_store_explicit(&lane->shared->channel->down->lanes[lane->index].handled, 0, memory_order_relaxed);
    lane_publish(lane);
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
    if (atomic_load_explicit(&lane->shared->dataplane_gone, memory_order_relaxed))
        return quiet || lane->batch->broken || lane->now_ns > lane->stop_ns + LANE_STOP_GRACE_NS;
    if (lane_stopping(lane))
        return (quiet && (rings_empty(lane) || lane_sated(lane))) || lane->batch->broken ||
               lane->now_ns > lane->stop_ns + LANE_STOP_GRACE_NS;
    return phase == CHANNEL_COOLED && quiet && lane_waiting(lane) == 0 && rings_empty(lane);
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
    all_abandon(lane);
    if (batch_flush(lane->batch, UINT64_MAX) != 0) {
        batch_give_up(lane->batch);
        atomic_store_explicit(&lane->shared->failed, true, memory_order_relaxed);
    }
    lane_publish(lane);
}
