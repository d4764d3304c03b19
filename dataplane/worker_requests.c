// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include <stddef.h>
#include <string.h>

#include <rte_mbuf.h>

#include "probes/packet/frames.h"

// Copies a request out of memory that control may change at any time, so that what is checked is what is sent.
static void request_copy(struct segment *request, const struct segment *shared)
{
    const size_t header = offsetof(struct segment, payload);
    memcpy(request, shared, header);
    size_t payload = request->payload_length < CHANNEL_PAYLOAD_MAX ? request->payload_length : CHANNEL_PAYLOAD_MAX;
    memcpy(request->payload, shared->payload, payload);
}

static uint16_t ip_id_next(struct worker *worker)
{
    // xorshift64 (Marsaglia, 2003): a constant or counting IP-ID is how scanners are told from hosts.
    worker->random ^= worker->random << 13;
    worker->random ^= worker->random >> 7;
    worker->random ^= worker->random << 17;
    return (uint16_t)(worker->random >> 32);
}

static void request_send(struct worker *worker)
{
    const struct segment *request = &worker->request;
    struct rte_mbuf *mbuf = worker_frame(worker);
    if (mbuf == NULL)
        return;
    const struct frame_segment segment = {
        .source_address = sources_of(&worker->dataplane->sources, request->address),
        .address = request->address,
        .seq = request->seq,
        .ack = request->ack,
        .local_port = request->local_port,
        .remote_port = request->remote_port,
        .window = request->window,
        .ip_id = ip_id_next(worker),
        .mss = (request->flags & TCP_SYN) != 0 ? CHANNEL_PAYLOAD_MAX : 0,
        .flags = request->flags,
        .payload = request->payload,
        .payload_bytes = request->payload_length,
    };
    const struct neighbours *neighbours = &worker->dataplane->neighbours;
    uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
    size_t bytes = frame_segment(&worker->dataplane->link, &segment, frame);
    bool taken = neighbours->hop_count == 0 || neighbours_address(neighbours, segment.address, frame);
    worker_queue(worker, mbuf, taken ? bytes : 0);
    counter_add(worker->counters, taken ? COUNTER_REQUESTS_SENT : COUNTER_NEIGHBOURS_ABSENT, 1);
}

static uint32_t lane_requests(struct worker *worker, uint32_t lane, uint64_t now)
{
    struct ring *ring = &channel_pair(worker->dataplane->channel, worker->number, lane)->requests;
    uint32_t done = 0;
    while (done < WORKER_REQUESTS && worker->pending_count < WORKER_PENDING && ring_ready(ring, 1) > 0) {
        request_copy(&worker->request, (const struct segment *)ring_slot(ring, 0));
        ring_advance(ring, 1);
        done++;
        unsigned refused = guard_check(&worker->guard, &worker->request, now);
        if (refused == GUARD_PASSED)
            request_send(worker);
        else
            counter_add(worker->counters, (enum dataplane_counter)refused, 1);
    }
    return done;
}

uint32_t worker_requests(struct worker *worker, uint64_t now)
{
    uint32_t done = 0;
    for (uint32_t lane = 0; lane < worker->lanes; lane++)
        done += lane_requests(worker, lane, now);
    return done;
}
