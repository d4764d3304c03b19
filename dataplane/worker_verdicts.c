// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include <stddef.h>
#include <string.h>

static struct ring *verdict_ring(const struct worker *worker, uint32_t lane)
{
    return &channel_pair(worker->dataplane->channel, worker->number, lane)->verdicts;
}

static uint8_t suspicion(const struct worker *worker, uint32_t i)
{
    uint8_t suspect = worker->in.window[i] == 0 ? SUSPECT_ZERO_WINDOW : 0;
    bool options = (worker->in.options >> i & 1) != 0;
    if (!options && worker->dataplane->image->settings->profile != PROBE_PROFILE_NONE)
        suspect |= SUSPECT_NO_OPTIONS;
    return suspect;
}

// Everything of the frame that its kind of answer has.
static void answer_write(const struct worker *worker, uint32_t i, struct verdict *verdict)
{
    const struct reply_burst *in = &worker->in;
    if (verdict->answer == VERDICT_OPEN) {
        verdict->remote_seq = in->seq[i];
        verdict->window = (uint16_t)in->window[i];
        verdict->mss = (uint16_t)in->mss[i];
        verdict->suspect = suspicion(worker, i);
    } else if (verdict->answer == VERDICT_UNREACHABLE) {
        const struct reply reply = worker_reply(worker, i);
        verdict->reporter = reply.reporter;
        verdict->icmp_type = reply.flags;
        verdict->icmp_code = reply.icmp_code;
    }
}

// All but the lane, which the caller has.
static void verdict_write(const struct worker *worker, uint32_t i, enum verdict_answer answer, uint64_t stamp_ns,
                          struct verdict *ret_verdict)
{
    const struct reply_burst *in = &worker->in;
    *ret_verdict = (struct verdict){
        .position = in->probe.position[i],
        .stamp_ns = stamp_ns,
        .address = in->probe.address[i],
        .local_isn = in->probe.isn[i],
        .remote_port = (uint16_t)in->probe.port[i],
        .local_port = (uint16_t)in->local_port[i],
        .ttl = (uint8_t)in->ttl[i],
        .answer = (uint8_t)answer,
    };
    answer_write(worker, i, ret_verdict);
}

// Keeps a verdict whose ring has no room, behind those that wait already.
static void verdict_park(struct worker *worker, uint32_t i, uint32_t lane, enum verdict_answer answer,
                         uint64_t stamp_ns)
{
    if (worker->parked_count == WORKER_PARKED) {
        counter_add(worker->counters, COUNTER_DROP_VERDICTS_FULL, 1);
        return;
    }
    if (worker->parked_count == 0)
        atomic_store_explicit(&worker->progress->parked_ns, parked_mark(stamp_ns, 1), memory_order_release);
    uint32_t at = (worker->parked_head + worker->parked_count++) & (WORKER_PARKED - 1);
    verdict_write(worker, i, answer, stamp_ns, &worker->parked[at]);
    worker->parked[at].lane = (uint8_t)lane;
}

void worker_suspects(struct worker *worker, uint64_t open)
{
    // Looked at again when a verdict is written: keeping the answer in sets for that cost more than it spared (29.5
    // instead of 34.7 Mpps of SYN-ACKs in sonde bench classify).
    uint64_t suspects = 0;
    for (uint64_t rest = open; rest != 0; rest &= rest - 1)
        suspects += suspicion(worker, set_first(rest)) != 0;
    counter_add(worker->counters, COUNTER_ANSWERS_SUSPECT, suspects);
}

void worker_verdicts(struct worker *worker, uint64_t answers, enum verdict_answer answer, uint64_t stamp_ns)
{
    if (worker->lanes == 0)
        return;
    for (uint64_t rest = answers; rest != 0; rest &= rest - 1) {
        uint32_t i = set_first(rest);
        uint32_t lane = channel_lane(worker->in.probe.address[i], worker->lanes);
        struct ring *ring = verdict_ring(worker, lane);
        // A dead ring has no room for ever.
        if (worker->parked_count > 0 || ring_free(ring, 1) == 0) {
            verdict_park(worker, i, lane, answer, stamp_ns);
            continue;
        }
        struct verdict *verdict = (struct verdict *)ring_slot_ahead(ring, 0);
        verdict_write(worker, i, answer, stamp_ns, verdict);
        verdict->lane = (uint8_t)lane;
        ring_advance(ring, 1);
    }
}

// Writes a parked verdict into its lane's ring; false when there is no room.
static bool verdict_push(struct worker *worker, const struct verdict *verdict)
{
    struct ring *ring = verdict_ring(worker, verdict->lane);
    if (ring_free(ring, 1) == 0)
        return false;
    memcpy(ring_slot_ahead(ring, 0), verdict, sizeof(*verdict));
    ring_advance(ring, 1);
    return true;
}

void worker_unpark(struct worker *worker, uint64_t now_ns)
{
    while (worker->parked_count > 0) {
        const struct verdict *verdict = &worker->parked[worker->parked_head];
        if (!verdict_push(worker, verdict)) {
            atomic_store_explicit(&worker->progress->parked_ns, parked_mark(verdict->stamp_ns, 1),
                                  memory_order_release);
            return;
        }
        worker->parked_head = (worker->parked_head + 1) & (WORKER_PARKED - 1);
        worker->parked_count--;
    }
    atomic_store_explicit(&worker->progress->parked_ns, parked_mark(now_ns, 0), memory_order_release);
}

void worker_segment(struct worker *worker, const struct reply *reply, const uint8_t *frame, uint64_t stamp_ns)
{
    if (worker->lanes == 0)
        return;
    uint32_t lane = channel_lane(reply->address, worker->lanes);
    struct ring *ring = &channel_pair(worker->dataplane->channel, worker->number, lane)->segments;
    if (ring_free(ring, 1) == 0 || reply->payload_bytes > sizeof(((struct segment *)0)->payload)) {
        counter_add(worker->counters, COUNTER_DROP_SEGMENTS_FULL, 1);
        return;
    }
    struct segment *segment = (struct segment *)ring_slot_ahead(ring, 0);
    segment->stamp_ns = stamp_ns;
    segment->address = reply->address;
    segment->seq = reply->seq;
    segment->ack = reply->ack;
    segment->remote_port = reply->remote_port;
    segment->local_port = reply->local_port;
    segment->window = reply->window;
    segment->mss = reply->mss;
    segment->payload_length = reply->payload_bytes;
    segment->flags = reply->flags;
    memcpy(segment->payload, frame + reply->payload_offset, reply->payload_bytes);
    ring_advance(ring, 1);
    counter_add(worker->counters, COUNTER_SEGMENTS_UP, 1);
}
