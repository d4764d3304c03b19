// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const double HOST_DEPTH_SECONDS = 0.25;

int guard_init(struct guard *guard, const struct image *image, uint64_t tsc_hz, uint64_t key)
{
    // Whole cache lines, because the next allocation may be another worker's.
    struct guard_host *hosts = (struct guard_host *)aligned_alloc(64, GUARD_HOSTS * sizeof(*hosts));
    if (hosts == NULL)
        return -ENOMEM;
    memset(hosts, 0, GUARD_HOSTS * sizeof(*hosts));
    const struct image_settings *settings = image->settings;
    double host_rate = settings->host_rate_pps == 0 ? 1.0 : settings->host_rate_pps;
    double depth = host_rate * HOST_DEPTH_SECONDS;
    *guard = (struct guard){
        .image = image,
        .host_per_tick = host_rate / (double)tsc_hz,
        .host_depth = (float)(depth < 16.0 ? 16.0 : depth),
        .key = key | 1,
        .hosts = hosts,
    };
    pacer_init(&guard->pacer, settings->converse_rate_pps / settings->workers, tsc_hz, 0);
    return 0;
}

void guard_fini(struct guard *guard)
{
    free(guard->hosts);
    guard->hosts = NULL;
}

static bool port_of_plan(const struct image *image, uint16_t port)
{
    if (image->port_index[port] >= 0)
        return true;
    for (uint16_t i = 0; i < image->settings->decoy_count; i++)
        if (image->settings->decoys[i] == port)
            return true;
    return false;
}

static bool in_range(uint16_t port, uint16_t first, uint16_t count)
{
    return (uint16_t)(port - first) < count;
}

// A SYN opens a further connection and so has to come from a flow port; anything else may go on from either.
static bool source_ours(const struct image_settings *settings, const struct segment *request)
{
    if (in_range(request->local_port, settings->flow_port_first, settings->flow_port_count))
        return true;
    return (request->flags & TCP_SYN) == 0 &&
           in_range(request->local_port, settings->probe_port_first, settings->probe_port_count);
}

static bool well_formed(const struct segment *request)
{
    const unsigned known = TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_ACK;
    if (request->payload_length > CHANNEL_PAYLOAD_MAX || (request->flags & ~known) != 0)
        return false;
    if ((request->flags & TCP_SYN) != 0)
        return request->flags == TCP_SYN && request->payload_length == 0;
    return (request->flags & (TCP_ACK | TCP_RST)) != 0;
}

static bool host_take(struct guard *guard, uint32_t address, uint64_t now)
{
    uint64_t mixed = (address ^ guard->key) * UINT64_C(0x9fb21c651e98df25);
    mixed = (mixed ^ mixed >> 32) * guard->key;
    struct guard_host *host = &guard->hosts[mixed >> 50];
    float tokens = host->before == 0 ? guard->host_depth
                                     : host->tokens + (float)((double)(now - host->before) * guard->host_per_tick);
    host->before = now;
    host->tokens = tokens > guard->host_depth ? guard->host_depth : tokens;
    if (host->tokens < 1.0F)
        return false;
    host->tokens -= 1.0F;
    return true;
}

unsigned guard_check(struct guard *guard, const struct segment *request, uint64_t now)
{
    if (!well_formed(request))
        return COUNTER_GUARD_MALFORMED;
    if (targets_ordinal(&guard->image->targets, request->address) == TARGETS_NONE)
        return COUNTER_GUARD_ADDRESS;
    if (!port_of_plan(guard->image, request->remote_port))
        return COUNTER_GUARD_PORT;
    if (!source_ours(guard->image->settings, request))
        return COUNTER_GUARD_SOURCE;
    if (!host_take(guard, request->address, now))
        return COUNTER_GUARD_HOST_RATE;
    if (pacer_take(&guard->pacer, now, 1) == 0)
        return COUNTER_GUARD_RATE;
    return GUARD_PASSED;
}
