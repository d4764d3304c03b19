// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/lane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { LANE_KEPT_LIMIT = 64 << 20, LANE_TIMERS = 1024 };
#define LANE_JOURNAL_LEAST_NS UINT64_C(100000000)
#define LANE_JOURNAL_MOST_NS  UINT64_C(1600000000)
#define LANE_STOP_GRACE_NS    UINT64_C(400000000)

static uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int lane_init(struct lane *lane, struct lane_shared *shared, uint32_t index)
{
    *lane = (struct lane){.shared = shared, .index = index, .now_ns = clock_ns()};
    lane->flows = (struct flow_lane){.ops = &inquiry_flow_ops, .kept.limit = LANE_KEPT_LIMIT};
    lane->tokens_ns = lane->now_ns;
    wheel_init(&lane->wheel, lane->now_ns);
    uint64_t share = shared->image->settings->max_open / shared->channel->geometry.lanes;
    admission_init(&lane->admission, shared->image->settings->max_open != 0 && share == 0 ? 1 : share, lane->now_ns);
    struct conversation_settings settings = {.user_agent = shared->user_agent};
    int error = hash_init(&lane->by_tuple, 4096);
    if (error == 0)
        error = hash_init(&lane->by_host, 64);
    if (error == 0)
        error = hash_init(&lane->by_decoy, 64);
    if (error != 0)
        goto out;
    lane->recorder = recorder_new(shared->image, shared->sink, shared->journal, lane->counters);
    lane->conversations = lane->recorder == NULL ? NULL : conversation_lane_new(&settings);
    error = lane->conversations == NULL ? -errno : 0;
out:
    if (error != 0)
        lane_fini(lane);
    return error;
}

void lane_fini(struct lane *lane)
{
    for (uint32_t i = 0; i < pool_size(&lane->pool); i++) {
        struct inquiry *inquiry = pool_at(&lane->pool, i);
        if (!inquiry->used)
            continue;
        conversation_free(inquiry->conversation);
        flow_fini(&inquiry->flow);
        observation_fini(&inquiry->observation);
        free(inquiry->tail);
    }
    pool_fini(&lane->pool);
    queue_fini(&lane->queue);
    recorder_free(lane->recorder);
    conversation_lane_free(lane->conversations);
    hash_fini(&lane->by_tuple);
    hash_fini(&lane->by_host);
    hash_fini(&lane->by_decoy);
}

void lane_send(struct lane *lane, uint32_t worker, const struct target *to, uint16_t local_port,
               const struct flow_packet *packet)
{
    struct ring *ring = &channel_pair(lane->shared->channel, worker, lane->index)->requests;
    if (atomic_load_explicit(&lane->shared->dataplane_gone, memory_order_relaxed))
        return;
    lane->tokens -= 1;
    if (ring_free(ring, 1) == 0) {
        lane->counters[CONTROL_REQUESTS_FULL]++;
        return;
    }
    struct segment *slot = ring_slot_ahead(ring, 0);
    slot->stamp_ns = 0;
    slot->address = to->address;
    slot->seq = packet->seq;
    slot->ack = packet->ack;
    slot->remote_port = to->port;
    slot->local_port = local_port;
    slot->window = packet->window;
    slot->mss = packet->mss;
    slot->payload_length = packet->payload_length;
    slot->flags = packet->flags;
    if (packet->payload_length > 0)
        memcpy(slot->payload, packet->payload, packet->payload_length);
    ring_advance(ring, 1);
    lane->counters[CONTROL_SEGMENTS_OUT]++;
    if (packet->flags & TCP_RST)
        lane->counters[CONTROL_RESETS_SENT]++;
}

uint32_t lane_random(struct lane *lane)
{
    if (lane->random_left == 0) {
        // Up to 256 bytes come whole and without interruption once the kernel's pool is ready, which it is by now.
        (void)getrandom(lane->random, sizeof(lane->random), 0);
        lane->random_left = LANE_RANDOM_WORDS;
    }
    return lane->random[--lane->random_left];
}

uint16_t lane_port(struct lane *lane, const struct target *target)
{
    const struct image_settings *settings = lane->shared->image->settings;
    uint32_t count = settings->flow_port_count == 0 ? 1 : settings->flow_port_count;
    uint32_t random = lane_random(lane) % count;
    uint16_t port = settings->flow_port_first;
    for (uint32_t i = 0; i < 64; i++) {
        port = (uint16_t)(settings->flow_port_first + (random + i) % count);
        if (hash_find(&lane->by_tuple, tuple_key(target->address, target->port, port)) == HASH_NONE)
            break;
    }
    return port;
}

void lane_mark(struct lane *lane, struct inquiry *inquiry)
{
    if (inquiry->dirty)
        return;
    inquiry->dirty = true;
    inquiry->dirty_next = lane->dirty;
    lane->dirty = inquiry;
}

static void dirty_settle(struct lane *lane)
{
    while (lane->dirty != NULL) {
        struct inquiry *inquiry = lane->dirty;
        lane->dirty = inquiry->dirty_next;
        inquiry->dirty = false;
        inquiry_settle(inquiry);
    }
}

static bool lane_stopping(const struct lane *lane)
{
    return lane->stop_ns != 0;
}

// How many more conversations may be opened.
static uint64_t lane_room(const struct lane *lane)
{
    return lane->window > lane->open ? lane->window - lane->open : 0;
}

static void verdict_handle(struct lane *lane, uint32_t worker, const struct verdict *verdict)
{
    struct target target = {.position = verdict->position,
                            .address = verdict->address,
                            .port = verdict->remote_port,
                            .suspect = verdict->suspect};
    uint8_t mode = lane->shared->image->settings->converse;
    struct flow_packet refusal = flow_refusal(verdict);
    bool stale = lane->now_ns > verdict->stamp_ns && lane->now_ns - verdict->stamp_ns > LANE_STALE_NS;
    if (hash_find(&lane->by_tuple, tuple_key(verdict->address, verdict->remote_port, verdict->local_port)) !=
        HASH_NONE) {
        lane->counters[CONTROL_VERDICTS_REPEATED]++; // its connection is open: an answer that came twice
        return;
    }
    if (mode == CONVERSE_NOW && !stale && !lane_stopping(lane)) {
        inquiry_continue(lane, &target, verdict, worker);
        return;
    }
    lane_send(lane, worker, &target, verdict->local_port, &refusal);
    if (mode == CONVERSE_NONE || lane_stopping(lane)) {
        inquiry_skip(lane, &target, OUTCOME_PARTIAL);
        return;
    }
    lane->counters[CONTROL_CONNECTIONS_STALE] += mode == CONVERSE_NOW ? 1 : 0;
    if (queue_put(&lane->queue, &target) != 0) {
        lane->counters[CONTROL_MEMORY_REFUSED]++;
        inquiry_skip(lane, &target, OUTCOME_PARTIAL);
    }
}

static void journal_fail(struct lane *lane)
{
    uint64_t wait_ns = lane->journal_wait_ns == 0 ? LANE_JOURNAL_LEAST_NS : lane->journal_wait_ns * 2;
    lane->counters[CONTROL_JOURNAL_ERRORS]++;
    lane->journal_wait_ns = wait_ns < LANE_JOURNAL_MOST_NS ? wait_ns : LANE_JOURNAL_MOST_NS;
    lane->journal_retry_ns = lane->now_ns + lane->journal_wait_ns;
}

// An earlier control has journaled it; this connection of it is nobody's.
static void verdict_refuse(struct lane *lane, uint32_t worker, const struct verdict *verdict)
{
    struct target target = {.address = verdict->address, .port = verdict->remote_port};
    struct flow_packet refusal = flow_refusal(verdict);
    lane_send(lane, worker, &target, verdict->local_port, &refusal);
    lane->counters[CONTROL_VERDICTS_REPEATED]++;
}

// Journals a burst of one ring, then lets the ring go on, then acts. While the journal cannot be written the ring keeps
// its verdicts, and its filling up is what holds new probes back. Returns how many verdicts were taken.
static size_t verdicts_take(struct lane *lane, uint32_t worker, size_t limit)
{
    struct ring *ring = &channel_pair(lane->shared->channel, worker, lane->index)->verdicts;
    struct verdict verdicts[LANE_BURST];
    struct journal_entry entries[LANE_BURST];
    bool known[LANE_BURST];
    size_t count = 0;
    uint64_t ready = ring_ready(ring, limit);
    ready = ready < limit ? ready : limit;
    for (size_t i = 0; i < ready; i++) {
        verdicts[i] = *(const struct verdict *)ring_slot(ring, i);
        const struct verdict *verdict = &verdicts[i];
        known[i] = hash_find(lane->shared->seen, verdict->position) != HASH_NONE;
        if (known[i])
            continue;
        entries[count++] = (struct journal_entry){.position = verdict->position,
                                                  .address = verdict->address,
                                                  .port = verdict->remote_port,
                                                  .kind = JOURNAL_TAKEN,
                                                  .suspect = verdict->suspect};
    }
    if (count > 0 && journal_append(lane->shared->journal, entries, count) != 0) {
        journal_fail(lane);
        return 0;
    }
    lane->journal_wait_ns = count > 0 ? 0 : lane->journal_wait_ns;
    ring_advance(ring, ready);
    lane->counters[CONTROL_VERDICTS] += count;
    lane->counters[CONTROL_JOURNAL_ENTRIES] += count;
    for (size_t i = 0; i < ready; i++) {
        if (known[i])
            verdict_refuse(lane, worker, &verdicts[i]);
        else
            verdict_handle(lane, worker, &verdicts[i]);
    }
    return ready;
}

// Every verdict of this ring that came before the returned time is journaled: the stamps in a ring only grow.
static uint64_t ring_drained(struct lane *lane, uint32_t worker)
{
    struct ring *ring = &channel_pair(lane->shared->channel, worker, lane->index)->verdicts;
    if (ring_ready(ring, 1) == 0)
        return lane->now_ns;
    lane->verdicts_wait = true;
    uint64_t stamp_ns = ((const struct verdict *)ring_slot(ring, 0))->stamp_ns;
    return stamp_ns < lane->now_ns ? stamp_ns : lane->now_ns;
}

// How many verdicts of a worker may be taken now. What is open goes first: were new conversations opened as fast while
// segments pile up, the ring would overflow, and each lost segment costs its conversation a second.
static size_t verdicts_room(struct lane *lane, uint32_t worker)
{
    bool now_mode = lane->shared->image->settings->converse == CONVERSE_NOW;
    struct channel_pair *pair = channel_pair(lane->shared->channel, worker, lane->index);
    uint64_t burst = ring_ready(&pair->segments, LANE_SEGMENTS + 1) > LANE_SEGMENTS ? LANE_BURST_BEHIND : LANE_BURST;
    uint64_t room = now_mode && !lane_stopping(lane) ? lane_room(lane) : burst;
    if (lane->now_ns < lane->journal_retry_ns || recorder_troubled(lane->recorder) || lane->tokens <= 0)
        return 0;
    return (size_t)(room < burst ? room : burst);
}

static size_t all_verdicts_take(struct lane *lane)
{
    size_t work = 0;
    uint64_t drained_ns = lane->now_ns;
    lane->verdicts_wait = false;
    for (uint32_t worker = 0; worker < lane->shared->channel->geometry.workers; worker++) {
        size_t limit = verdicts_room(lane, worker);
        work += limit == 0 ? 0 : verdicts_take(lane, worker, limit);
        uint64_t ring_ns = ring_drained(lane, worker);
        drained_ns = ring_ns < drained_ns ? ring_ns : drained_ns;
    }
    atomic_store_explicit(&lane->drained_ns, drained_ns, memory_order_release);
    return work;
}

static void segment_handle(struct lane *lane, uint32_t worker, const struct segment *segment)
{
    lane->counters[CONTROL_SEGMENTS_IN]++;
    if (segment->payload_length > sizeof(segment->payload)) {
        lane->flows.refused++;
        return;
    }
    uint32_t index = hash_find(&lane->by_tuple, tuple_key(segment->address, segment->remote_port, segment->local_port));
    if (index != HASH_NONE) {
        struct inquiry *inquiry = pool_at(&lane->pool, index);
        if (inquiry->decoy.asking)
            decoy_receive(inquiry, segment);
        else
            flow_receive(&inquiry->flow, segment, lane->now_ns);
        lane_mark(lane, inquiry);
        return;
    }
    struct target target = {.address = segment->address, .port = segment->remote_port};
    struct flow_packet packet;
    lane->counters[CONTROL_STRAYS]++;
    // A SYN-ACK that is repeated because its verdict still waits for room is no stray; if it is, it will come once
    // more.
    if ((segment->flags & TCP_SYN) && lane->verdicts_wait)
        return;
    if (flow_stray(segment, &packet))
        lane_send(lane, worker, &target, segment->local_port, &packet);
}

static size_t all_segments_take(struct lane *lane)
{
    size_t work = 0;
    for (uint32_t worker = 0; worker < lane->shared->channel->geometry.workers; worker++) {
        struct ring *ring = &channel_pair(lane->shared->channel, worker, lane->index)->segments;
        if (ring_ready(ring, ring->capacity) > ring->capacity / 4)
            admission_crowded(&lane->admission, lane->now_ns);
        uint64_t ready = lane->tokens > 0 ? ring_ready(ring, LANE_SEGMENTS) : 0;
        ready = ready < LANE_SEGMENTS ? ready : LANE_SEGMENTS;
        for (uint64_t i = 0; i < ready; i++)
            segment_handle(lane, worker, ring_slot(ring, i));
        if (ready > 0)
            ring_advance(ring, ready);
        // One acknowledgement answers all of a connection's segments in the burst.
        dirty_settle(lane);
        work += ready;
    }
    return work;
}

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
    dirty_settle(lane);
    return work;
}

static size_t queue_run(struct lane *lane)
{
    struct target target;
    size_t work = 0;
    while (work < LANE_BURST && lane->tokens > 0 && lane_room(lane) > 0 && !lane_stopping(lane) &&
           !recorder_troubled(lane->recorder) && queue_take(&lane->queue, &target)) {
        // Without conversations only a restart leaves anything here, and the plan still wants none.
        if (lane->shared->image->settings->converse == CONVERSE_NONE)
            inquiry_skip(lane, &target, OUTCOME_PARTIAL);
        else
            inquiry_begin(lane, &target);
        work++;
    }
    dirty_settle(lane);
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
    uint64_t open = lane->open + lane->recorder->count;
    lane->counters[CONTROL_CONVERSATIONS_OPEN] = lane->open;
    lane->counters[CONTROL_CONVERSATIONS_QUEUED] = lane->queue.count;
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

static void all_abandon(struct lane *lane)
{
    for (uint32_t i = 0; i < pool_size(&lane->pool); i++) {
        struct inquiry *inquiry = pool_at(&lane->pool, i);
        if (!inquiry->used)
            continue;
        inquiry_abandon(inquiry);
        lane_mark(lane, inquiry);
    }
    dirty_settle(lane);
}

// After SIGTERM: what waits is not asked any more, what is open has a little time.
static void stop_proceed(struct lane *lane)
{
    struct target target;
    bool gone = atomic_load_explicit(&lane->shared->dataplane_gone, memory_order_relaxed);
    if (lane->stop_ns == 0)
        lane->stop_ns = lane->now_ns + LANE_STOP_NS;
    // Without a dataplane nothing can be asked; what was not begun stays in the journal for a resumed scan.
    while (!gone && queue_take(&lane->queue, &target))
        inquiry_skip(lane, &target, OUTCOME_PARTIAL);
    for (uint32_t i = 0; i < pool_size(&lane->pool); i++) {
        struct inquiry *inquiry = pool_at(&lane->pool, i);
        bool idle = inquiry->wants_further || inquiry->host_waiting || inquiry->decoy.asking;
        if (inquiry->used && (idle || gone || lane->now_ns >= lane->stop_ns)) {
            inquiry_abandon(inquiry);
            lane_mark(lane, inquiry);
        }
    }
    dirty_settle(lane);
}

size_t lane_turn(struct lane *lane, uint64_t now_ns)
{
    size_t work = 0;
    lane->now_ns = now_ns;
    bool gone = atomic_load_explicit(&lane->shared->dataplane_gone, memory_order_relaxed);
    tokens_refill(lane);
    lane->window = admission_window(&lane->admission, lane->open, now_ns);
    if (gone || atomic_load_explicit(&lane->shared->stop, memory_order_relaxed))
        stop_proceed(lane);
    if (!gone)
        work += all_verdicts_take(lane) + all_segments_take(lane) + timers_run(lane) + queue_run(lane);
    if (lane->recorder->count > 0 && (work == 0 || now_ns - lane->recorder->oldest_ns > LANE_SYNC_NS))
        (void)recorder_flush(lane->recorder, now_ns);
    if (lane->recorder->broken)
        atomic_store_explicit(&lane->shared->failed, true, memory_order_relaxed);
    lane_publish(lane);
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
    bool quiet = lane->pool.used == 0 && lane->recorder->count == 0;
    if (atomic_load_explicit(&lane->shared->dataplane_gone, memory_order_relaxed))
        return quiet || lane->recorder->broken || lane->now_ns > lane->stop_ns + LANE_STOP_GRACE_NS;
    if (lane_stopping(lane))
        return (quiet && rings_empty(lane)) || lane->recorder->broken ||
               lane->now_ns > lane->stop_ns + LANE_STOP_GRACE_NS;
    return phase == CHANNEL_COOLED && quiet && lane->queue.count == 0 && rings_empty(lane);
}

void lane_run(struct lane *lane)
{
    uint64_t idle_ns = LANE_IDLE_LEAST;
    for (;;) {
        uint32_t phase = atomic_load_explicit(&lane->shared->channel->up->phase, memory_order_acquire);
        size_t work = lane_turn(lane, clock_ns());
        if (work > 0) {
            idle_ns = LANE_IDLE_LEAST;
            continue;
        }
        if (lane_over(lane, phase))
            break;
        struct timespec pause = {.tv_nsec = (long)idle_ns};
        nanosleep(&pause, NULL);
        idle_ns = idle_ns * 2 > LANE_IDLE_MOST ? LANE_IDLE_MOST : idle_ns * 2;
    }
    all_abandon(lane);
    if (recorder_flush(lane->recorder, UINT64_MAX) != 0) {
        recorder_give_up(lane->recorder);
        atomic_store_explicit(&lane->shared->failed, true, memory_order_relaxed);
    }
    lane_publish(lane);
}
