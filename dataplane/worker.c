// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include <string.h>

#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_random.h>

enum { TICK_PER_SECOND = 20000 };

// The first workers write one frame more where they do not divide evenly.
static uint64_t dry_run_share(const struct image_settings *settings, uint32_t number)
{
    return settings->dry_run_frames / settings->workers + (number < settings->dry_run_frames % settings->workers);
}

// Whether a position is one of the plan's pairs: of one in a thousand, which may be samples.
static bool position_is_pair(const void *context, uint64_t position)
{
    const struct dataplane *dataplane = context;
    const struct probe_plan *plan = &dataplane->plan;
    uint64_t index = order_index(&plan->order, position);
    uint64_t ordinal = reciprocal_divide(index, plan->port_reciprocal);
    return listing_has(&dataplane->listing, ordinal, targets_address(plan->targets, ordinal),
                       plan->ports[index - ordinal * plan->port_count]);
}

struct worker *worker_new(struct dataplane *dataplane, uint32_t number)
{
    const struct image_settings *settings = dataplane->image->settings;
    int socket = (int)rte_lcore_to_socket_id(settings->worker_lcores[number]);
    struct worker *worker = (struct worker *)rte_zmalloc_socket("worker", sizeof(*worker), 64, socket);
    if (worker == NULL)
        return NULL;
    worker->dataplane = dataplane;
    worker->counters = &dataplane->commands->counters[number];
    worker->progress = &dataplane->commands->progress[number];
    worker->queue = dataplane->port.queues[number];
    worker->in.accept_deferred = settings->is_vdev != 0;
    worker->port_id = dataplane->port.id;
    worker->queue_id = (uint16_t)number;
    worker->number = number;
    worker->lanes = dataplane->channel == NULL ? 0 : dataplane->channel->geometry.lanes;
    worker->tick_interval = dataplane->tsc.hz / TICK_PER_SECOND;
    worker->random = rte_rand() | 1;
    worker->probes_left = settings->dry_run ? dry_run_share(settings, number) : UINT64_MAX;
    worker->parked = (struct verdict *)rte_malloc_socket("parked", sizeof(struct verdict) * WORKER_PARKED, 64, socket);
    uint64_t positions = settings->end_position - settings->first_position;
    uint64_t segment = settings->segment_positions;
    struct sweep_settings sweep = {
        .first_position = settings->first_position,
        .end_position = settings->end_position,
        .segment_positions = settings->segment_positions,
        .gap_ticks = (uint64_t)((double)settings->attempt_gap_ns / dataplane->tsc.ns_per_tick),
        .resume_step = dataplane->commands->resume_step,
        .chunk = sweep_chunk(segment < positions ? segment : positions, dataplane->worker_count),
        .attempts = settings->attempts,
        .workers = dataplane->worker_count,
        .worker = number,
        .is_asked = dataplane->image->listed.count > 0 ? position_is_pair : NULL,
        .is_asked_context = dataplane,
    };
    sweep_init(&worker->sweep, &sweep, &dataplane->answered, dataplane->samples);
    atomic_store_explicit(&worker->progress->step, sweep_step(&worker->sweep), memory_order_relaxed);
    const struct guard_means guard = {.image = dataplane->image,
                                      .kernels = dataplane->kernels,
                                      .plan = &dataplane->plan,
                                      .probes = &worker->pacer,
                                      .tsc_hz = dataplane->tsc.hz,
                                      .key = rte_rand(),
                                      .worker = number};
    if (worker->parked == NULL || guard_init(&worker->guard, &guard) != 0) {
        worker_free(worker);
        return NULL;
    }
    return worker;
}

void worker_free(struct worker *worker)
{
    if (worker == NULL)
        return;
    guard_fini(&worker->guard);
    rte_free(worker->parked);
    rte_free(worker);
}

bool worker_flush(struct worker *worker)
{
    uint16_t count = (uint16_t)worker->pending_count;
    uint16_t sent = rte_eth_tx_burst(worker->port_id, worker->queue_id, worker->pending, count);
    worker->pending_count = (uint32_t)(count - sent);
    if (sent < count) {
        memmove(worker->pending, worker->pending + sent, (size_t)(count - sent) * sizeof(worker->pending[0]));
        counter_add(worker->counters, COUNTER_TX_RETRIED, (uint64_t)(count - sent));
    }
    return worker->pending_count == 0;
}

struct rte_mbuf *worker_frame(struct worker *worker)
{
    if (worker->pending_count >= WORKER_PENDING) {
        counter_add(worker->counters, COUNTER_DROP_TX_FULL, 1);
        return NULL;
    }
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(worker->queue.frames);
    if (mbuf == NULL) {
        (void)rte_eth_tx_done_cleanup(worker->port_id, worker->queue_id, 0);
        mbuf = rte_pktmbuf_alloc(worker->queue.frames);
    }
    if (mbuf == NULL)
        counter_add(worker->counters, COUNTER_DROP_NO_BUFFER, 1);
    return mbuf;
}

void worker_queue(struct worker *worker, struct rte_mbuf *mbuf, size_t bytes)
{
    if (bytes == 0) {
        rte_pktmbuf_free(mbuf);
        return;
    }
    mbuf->data_len = (uint16_t)bytes;
    mbuf->pkt_len = (uint32_t)bytes;
    worker->pending[worker->pending_count++] = mbuf;
    counter_add(worker->counters, COUNTER_TX_BYTES, bytes);
}

struct reply worker_reply(const struct worker *worker, uint32_t i)
{
    const struct reply_offload checked = {.ip_checksum_good = true, .l4_checksum_good = true};
    struct reply reply;
    reply_read(worker->in.frame[i], worker->in.length[i], worker->dataplane->image->settings->source_address, checked,
               &reply);
    return reply;
}
