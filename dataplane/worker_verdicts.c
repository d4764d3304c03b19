// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include <stddef.h>
#include <string.h>

// Writes a verdict into its lane's ring; false when there is no room. A dead ring has none for ever.
static bool verdict_push(struct worker *worker, const struct verdict *verdict)
{
    struct ring *ring = &channel_pair(worker->dataplane->channel, worker->number, verdict->lane)->verdicts;
    if (ring_free(ring, 1) == 0)
        return false;
    memcpy(ring_slot_ahead(ring, 0), verdict, sizeof(*verdict));
    ring_advance(ring, 1);
    return true;
}

void worker_verdict(struct worker *worker, const struct verdict *verdict)
{
    if (worker->lanes == 0)
        return;
    struct verdict laned = *verdict;
    laned.lane = (uint8_t)channel_lane(verdict->address, worker->lanes);
    if (worker->parked_count == 0 && verdict_push(worker, &laned))
        return;
    if (worker->parked_count == WORKER_PARKED) {
        counter_add(worker->counters, COUNTER_DROP_VERDICTS_FULL, 1);
        return;
    }
    if (worker->parked_count == 0)
        atomic_store_explicit(&worker->progress->parked_ns, parked_mark(laned.stamp_ns, 1), memory_order_release);
    worker->parked[(worker->parked_head + worker->parked_count++) & (WORKER_PARKED - 1)] = laned;
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
