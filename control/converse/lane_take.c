// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/lane_take.h"

#include "control/converse/decoy.h"
#include "control/converse/inquiry_run.h"
#include "control/converse/turn.h"
#include "dataplane/channel/clock.h"

static void verdict_handle(struct lane *lane, const struct verdict *verdict)
{
    struct target target = {.position = verdict->position,
                            .address = verdict->address,
                            .port = verdict->remote_port,
                            .suspect = verdict->suspect,
                            .answer = verdict->answer,
                            .icmp_type = verdict->icmp_type,
                            .icmp_code = verdict->icmp_code,
                            .reporter = verdict->reporter};
    if (target.answer != VERDICT_OPEN) {
        inquiry_skip(lane, &target, OUTCOME_PARTIAL);
        return;
    }
    uint8_t mode = lane->shared->image->settings->converse;
    struct flow_packet refusal = flow_refusal(verdict);
    bool stale = clock_since(lane->stamp_ns, verdict->stamp_ns) > LANE_STALE_NS;
    enum turn turn = turn_forecast(lane, verdict->address);
    if (hash_find(&lane->by_tuple, tuple_key(verdict->address, verdict->remote_port, verdict->local_port)) !=
        HASH_NONE) {
        lane->counters[CONTROL_VERDICTS_REPEATED]++; // its connection is open: an answer that came twice
        return;
    }
    if (mode == CONVERSE_NOW && !stale && !lane_stopping(lane) && turn == TURN_NOW) {
        inquiry_continue(lane, &target, verdict);
        return;
    }
    lane_send(lane, &target, verdict->local_port, &refusal);
    if (mode == CONVERSE_NONE || lane_stopping(lane)) {
        inquiry_skip(lane, &target, mode == CONVERSE_NONE ? OUTCOME_PARTIAL : OUTCOME_INTERRUPTED);
        return;
    }
    lane->counters[CONTROL_CONNECTIONS_STALE] += mode == CONVERSE_NOW && stale ? 1 : 0;
    if (queue_put(&lane->queue, &target) != 0) {
        lane->counters[CONTROL_MEMORY_REFUSED]++;
        inquiry_skip(lane, &target, OUTCOME_PARTIAL);
    }
}

// An earlier control has journaled it; this connection of it is nobody's.
static void verdict_refuse(struct lane *lane, const struct verdict *verdict)
{
    struct target target = {.address = verdict->address, .port = verdict->remote_port};
    struct flow_packet refusal = flow_refusal(verdict);
    if (verdict->answer == VERDICT_OPEN)
        lane_send(lane, &target, verdict->local_port, &refusal);
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
                                                  .suspect = verdict->suspect,
                                                  .answer = verdict->answer,
                                                  .icmp_type = verdict->icmp_type,
                                                  .icmp_code = verdict->icmp_code};
    }
    if (count > 0 && journal_append(lane->shared->journal, entries, count) != 0) {
        lane->counters[CONTROL_JOURNAL_ERRORS]++;
        backoff_fail(&lane->journal_backoff, lane->now_ns);
        return 0;
    }
    if (count > 0)
        backoff_succeed(&lane->journal_backoff);
    ring_advance(ring, ready);
    lane->counters[CONTROL_VERDICTS] += count;
    lane->counters[CONTROL_JOURNAL_ENTRIES] += count;
    for (size_t i = 0; i < ready; i++) {
        if (known[i])
            verdict_refuse(lane, &verdicts[i]);
        else
            verdict_handle(lane, &verdicts[i]);
        lane_beat(lane); // they are journaled: all have to be handled
    }
    return ready;
}

// Every verdict of this ring that came before the returned time is journaled: the stamps in a ring only grow.
static uint64_t ring_drained(struct lane *lane, uint32_t worker)
{
    struct ring *ring = &channel_pair(lane->shared->channel, worker, lane->index)->verdicts;
    if (ring_ready(ring, 1) == 0)
        return lane->stamp_ns;
    lane->verdicts_wait = true;
    uint64_t stamp_ns = ((const struct verdict *)ring_slot(ring, 0))->stamp_ns;
    return stamp_ns < lane->stamp_ns ? stamp_ns : lane->stamp_ns;
}

// How many verdicts of a worker may be taken now. What is open goes first: were new conversations opened as fast while
// segments pile up, the ring would overflow, and each lost segment costs its conversation a second.
static size_t verdicts_room(struct lane *lane, uint32_t worker)
{
    bool now_mode = lane->shared->image->settings->converse == CONVERSE_NOW;
    struct channel_pair *pair = channel_pair(lane->shared->channel, worker, lane->index);
    uint64_t burst = ring_ready(&pair->segments, LANE_SEGMENTS + 1) > LANE_SEGMENTS ? LANE_BURST_BEHIND : LANE_BURST;
    uint64_t room = now_mode && !lane_stopping(lane) ? lane_room(lane) : burst;
    if (backoff_waits(&lane->journal_backoff, lane->now_ns) || batch_troubled(lane->batch) ||
        !budget_left(&lane->budget) || lane_sated(lane))
        return 0;
    return (size_t)(room < burst ? room : burst);
}

size_t lane_take_verdicts(struct lane *lane)
{
    size_t work = 0;
    uint64_t drained_ns = lane->stamp_ns;
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

static void segment_handle(struct lane *lane, const struct segment *segment)
{
    lane->counters[CONTROL_SEGMENTS_IN]++;
    admission_sample(&lane->admission, clock_since(lane->stamp_ns, segment->stamp_ns), lane->now_ns);
    if (segment->payload_length > sizeof(segment->payload)) {
        lane->flows.refused++;
        return;
    }
    uint32_t index = hash_find(&lane->by_tuple, tuple_key(segment->address, segment->remote_port, segment->local_port));
    if (index != HASH_NONE) {
        struct inquiry *inquiry = pool_at(&lane->pool, index);
        lane_handle(lane, &inquiry->target);
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
        lane_send_stray(lane, &target, segment->local_port, &packet);
}

size_t lane_take_segments(struct lane *lane)
{
    size_t work = 0;
    for (uint32_t worker = 0; worker < lane->shared->channel->geometry.workers; worker++) {
        struct ring *ring = &channel_pair(lane->shared->channel, worker, lane->index)->segments;
        if (ring_ready(ring, ring->capacity) > ring->capacity / 4)
            admission_crowded(&lane->admission, lane->now_ns);
        uint64_t ready = budget_left(&lane->budget) ? ring_ready(ring, LANE_SEGMENTS) : 0;
        ready = ready < LANE_SEGMENTS ? ready : LANE_SEGMENTS;
        uint64_t taken = 0;
        bool in_time = true;
        lane_stage(lane);
        while (in_time && taken < ready) {
            segment_handle(lane, ring_slot(ring, taken++));
            in_time = lane_goes_on(lane);
        }
        if (taken > 0)
            ring_advance(ring, taken);
        // One acknowledgement answers all of a connection's segments in the burst.
        inquiries_settle(lane);
        work += taken;
    }
    return work;
}
