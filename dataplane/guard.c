// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// A conversation's frames come in bursts, its connections one at a time.
static const double HOST_DEPTH_SECONDS = 0.25;
static const double HOST_DEPTH_MIN = 16.0;
static const double NETWORK_DEPTH_SECONDS = 0.1;

static int cap_init(struct guard_cap *cap, double rate, double depth, const struct guard_means *means)
{
    // Whole cache lines, because the next allocation may be another worker's.
    struct guard_bucket *buckets = (struct guard_bucket *)aligned_alloc(64, GUARD_BUCKETS * sizeof(*buckets));
    if (buckets == NULL)
        return -ENOMEM;
    memset(buckets, 0, GUARD_BUCKETS * sizeof(*buckets));
    *cap = (struct guard_cap){
        .per_tick = rate / (double)means->tsc_hz,
        .depth = (float)depth,
        .key = means->key | 1,
        .buckets = buckets,
    };
    return 0;
}

static double more(double a, double b)
{
    return a > b ? a : b;
}

int guard_init(struct guard *guard, const struct guard_means *means)
{
    const struct image_settings *settings = means->image->settings;
    double host_rate = settings->host_rate_pps == 0 ? 1.0 : settings->host_rate_pps;
    double network_rate = settings->network_rate_pps > 0.0 ? settings->network_rate_pps : 1.0;
    *guard = (struct guard){
        .image = means->image,
        .probes = means->probes,
        .worker = means->worker,
        .kernels = means->kernels,
        .plan = means->plan,
    };
    int error = cap_init(&guard->host, host_rate, more(host_rate * HOST_DEPTH_SECONDS, HOST_DEPTH_MIN), means);
    if (error == 0)
        error = cap_init(&guard->network, network_rate, more(network_rate * NETWORK_DEPTH_SECONDS, 1.0), means);
    if (error != 0)
        guard_fini(guard);
    pacer_init(&guard->pacer, settings->converse_rate_pps / settings->workers, means->tsc_hz, 0);
    return error;
}

void guard_fini(struct guard *guard)
{
    free(guard->host.buckets);
    free(guard->network.buckets);
    guard->host.buckets = NULL;
    guard->network.buckets = NULL;
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

// Whether the request goes on with a connection that has been answered, as its number shows. A SYN gets its number.
static bool cookie_take(struct guard *guard, struct segment *request)
{
    const struct image_settings *settings = guard->image->settings;
    struct probe_burst *burst = &guard->burst;
    bool probes = in_range(request->local_port, settings->probe_port_first, settings->probe_port_count);
    burst->address[0] = request->address;
    burst->port[0] = request->remote_port | (probes ? 0 : (uint32_t)request->local_port << 16);
    guard->kernels->cookies(guard->plan, burst, 1);
    if ((request->flags & TCP_SYN) != 0) {
        request->seq = burst->isn[0];
        return true;
    }
    // Behind all that may have been sent there is still the FIN, and what acknowledges the peer's.
    return (!probes || burst->local_port[0] == request->local_port) &&
           request->seq - burst->isn[0] - 1 <= COOKIE_DATA_WINDOW;
}

static bool cap_take(struct guard_cap *cap, uint32_t number, uint64_t now)
{
    uint64_t mixed = (number ^ cap->key) * UINT64_C(0x9fb21c651e98df25);
    mixed = (mixed ^ mixed >> 32) * cap->key;
    struct guard_bucket *bucket = &cap->buckets[mixed >> (64 - GUARD_BUCKETS_LOG)];
    float tokens =
        bucket->before == 0 ? cap->depth : bucket->tokens + (float)((double)(now - bucket->before) * cap->per_tick);
    bucket->before = now;
    bucket->tokens = tokens > cap->depth ? cap->depth : tokens;
    if (bucket->tokens < 1.0F)
        return false;
    bucket->tokens -= 1.0F;
    return true;
}

static unsigned rates_take(struct guard *guard, const struct segment *request, uint64_t now)
{
    const bool opens = (request->flags & TCP_SYN) != 0;
    if (opens && !cap_take(&guard->network, request->address >> 8, now))
        return COUNTER_GUARD_NETWORK_RATE;
    if (pacer_take(&guard->pacer, now, 1) == 0)
        return COUNTER_GUARD_RATE;
    // Probes take all that their pacer has at every turn, so who waited for a token would get none: the connections of
    // hosts that have answered go first, and are paid back before the next probe.
    if (opens && !pacer_borrow(guard->probes, now))
        return COUNTER_GUARD_PROBE_RATE;
    return GUARD_PASSED;
}

unsigned guard_check(struct guard *guard, struct segment *request, uint64_t now)
{
    const struct image_settings *settings = guard->image->settings;
    if (!well_formed(request))
        return COUNTER_GUARD_MALFORMED;
    if (targets_ordinal(&guard->image->targets, request->address) == TARGETS_NONE)
        return COUNTER_GUARD_ADDRESS;
    if (!port_of_plan(guard->image, request->remote_port))
        return COUNTER_GUARD_PORT;
    if (!source_ours(settings, request))
        return COUNTER_GUARD_SOURCE;
    if (channel_worker(request->address, settings->workers) != guard->worker)
        return COUNTER_GUARD_WORKER;
    // Before the cookie, so that a guess at a host's numbers costs as much as what would be sent to it.
    if (!cap_take(&guard->host, request->address, now))
        return COUNTER_GUARD_HOST_RATE;
    if (!cookie_take(guard, request))
        return COUNTER_GUARD_COOKIE;
    return rates_take(guard, request, now);
}
