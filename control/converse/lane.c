// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/lane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "dataplane/channel/clock.h"

enum { LANE_KEPT_LIMIT = 64 << 20 };

int lane_init(struct lane *lane, struct lane_shared *shared, uint32_t index)
{
    *lane = (struct lane){.shared = shared, .index = index, .stamp_ns = clock_ns()};
    lane->now_ns = lane->stamp_ns;
    clock_awake_start(&lane->clock, lane->stamp_ns);
    lane->flows = (struct flow_lane){.ops = shared->flow_ops, .kept.limit = LANE_KEPT_LIMIT};
    lane->struck_most = 1;
    wheel_init(&lane->wheel, lane->now_ns);
    uint64_t share = shared->image->settings->max_open / shared->channel->geometry.lanes;
    budget_init(&lane->budget, shared->image->settings, shared->channel->geometry.lanes, lane->now_ns);
    lane->memory_most =
        (LANE_MEMORY_BASE + shared->image->settings->max_open * LANE_MEMORY_EACH) / shared->channel->geometry.lanes;
    admission_init(&lane->admission, shared->image->settings->max_open != 0 && share == 0 ? 1 : share, lane->now_ns);
    uint64_t patience_ns = shared->image->settings->patience_ns;
    lane->patience_ns = patience_ns != 0 ? patience_ns : INQUIRY_PATIENCE_NS;
    uint32_t answer_ms = (uint32_t)(lane->patience_ns / 1000000);
    struct session_env_settings settings = {.user_agent = shared->user_agent,
                                            .http_path = shared->http_path,
                                            .http_headers = shared->http_headers,
                                            .answer_ms = answer_ms,
                                            .silence_ms = answer_ms * 2 / 5, // who speaks first has only to begin
                                            .tls_matrix = shared->image->settings->tls_matrix != 0,
                                            .no_key_proof = shared->image->settings->tls_key_proof == 0,
                                            .trust_file = shared->trust_store,
                                            .ssh_host_keys = shared->image->settings->ssh_host_keys != 0,
                                            .no_ssh_none = shared->image->settings->ssh_none == 0};
    int error = hash_init(&lane->by_tuple, 4096);
    if (error == 0)
        error = hosts_init(&lane->hosts, shared->image->settings->host_time_ns);
    if (error == 0)
        error = networks_init(&lane->networks);
    if (error == 0)
        error = hash_init(&lane->by_decoy, 64);
    if (error != 0)
        goto out;
    lane->classifier = classifier_new(&shared->image->catalogue, shared->image->strings, shared->image->string_bytes);
    if (lane->classifier != NULL && (error = classifier_inform(lane->classifier, shared->intel)) != 0)
        goto out;
    lane->batch = lane->classifier == NULL ? NULL : batch_new(shared->sink, shared->journal, lane->counters);
    lane->conversations = lane->batch == NULL ? NULL : session_env_new(&settings);
    error = lane->conversations == NULL ? -errno : 0;
    lane->means = (struct ending_means){.image = shared->image,
                                        .classifier = lane->classifier,
                                        .batch = lane->batch,
                                        .counters = lane->counters,
                                        .results = &shared->results};
out:
    if (error != 0)
        lane_fini(lane);
    return error;
}

void lane_fini(struct lane *lane)
{
    for (uint32_t i = 0; i < pool_size(&lane->pool); i++) {
        struct inquiry *inquiry = pool_at(&lane->pool, i);
        if (inquiry->used)
            inquiry_fini(inquiry);
    }
    pool_fini(&lane->pool);
    queue_fini(&lane->queue);
    queue_fini(&lane->struck);
    queue_fini(&lane->spared);
    batch_free(lane->batch);
    classifier_free(lane->classifier);
    session_env_free(lane->conversations);
    hash_fini(&lane->by_tuple);
    hosts_fini(&lane->hosts);
    networks_fini(&lane->networks);
    hash_fini(&lane->by_decoy);
}

void lane_stage(struct lane *lane)
{
    lane->stage_end_ns = clock_ns() + LANE_STAGE_NS;
}

bool lane_goes_on(struct lane *lane)
{
    lane_beat(lane);
    return clock_ns() < lane->stage_end_ns;
}

// The guard refuses what comes through any other worker's ring.
static uint32_t worker_of(const struct lane *lane, const struct target *to)
{
    return channel_worker(to->address, lane->shared->channel->geometry.workers);
}

static void request_put(struct lane *lane, const struct target *to, uint16_t local_port,
                        const struct flow_packet *packet)
{
    uint32_t worker = worker_of(lane, to);
    struct ring *ring = &channel_pair(lane->shared->channel, worker, lane->index)->requests;
    if (atomic_load_explicit(&lane->shared->dataplane_gone, memory_order_relaxed))
        return;
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

void lane_send(struct lane *lane, const struct target *to, uint16_t local_port, const struct flow_packet *packet)
{
    budget_take(&lane->budget, worker_of(lane, to));
    request_put(lane, to, local_port, packet);
}

void lane_send_stray(struct lane *lane, const struct target *to, uint16_t local_port, const struct flow_packet *packet)
{
    if (budget_stray(&lane->budget))
        request_put(lane, to, local_port, packet);
    else
        lane->counters[CONTROL_STRAYS_LIMITED]++;
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

uint16_t lane_port(struct lane *lane, const struct target *target, uint16_t before)
{
    const struct image_settings *settings = lane->shared->image->settings;
    uint32_t count = settings->flow_port_count == 0 ? 1 : settings->flow_port_count;
    uint32_t place = (uint16_t)(before - settings->flow_port_first);
    uint32_t begin = place < count ? place + 1 : lane_random(lane) % count;
    uint16_t port = settings->flow_port_first;
    for (uint32_t i = 0; i < 64; i++) {
        port = (uint16_t)(settings->flow_port_first + (begin + i) % count);
        if (hash_find(&lane->by_tuple, tuple_key(target->address, target->port, port)) == HASH_NONE)
            break;
    }
    return port;
}

void lane_slot_take(struct lane *lane, struct inquiry *inquiry)
{
    if (inquiry->slot || inquiry->recorded)
        return;
    inquiry->slot = true;
    inquiry->slot_ns = lane->now_ns;
    lane->open++;
    lane->parked--;
    networks_take(&lane->networks, inquiry->target.address, lane->now_ns);
}

void lane_slot_give(struct lane *lane, struct inquiry *inquiry)
{
    if (!inquiry->slot)
        return;
    inquiry->slot = false;
    lane->open--;
    lane->parked++;
    networks_give(&lane->networks, inquiry->target.address, inquiry->slot_ns);
}

void lane_mark(struct lane *lane, struct inquiry *inquiry)
{
    if (inquiry->dirty)
        return;
    inquiry->dirty = true;
    inquiry->dirty_next = lane->dirty;
    lane->dirty = inquiry;
}
