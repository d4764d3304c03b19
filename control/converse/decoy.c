// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/decoy.h"

#include "control/converse/inquiry.h"
#include "control/converse/lane.h"

// Values of the lane's by_decoy: what the host did with decoys, or, while it was not asked, how many ports of it have
// spoken, counted from HOST_SPOKE.
enum { HOST_REFUSES = 0, HOST_ACCEPTS = 1, HOST_SPOKE = 2 };

// A host that speaks on so many of the plan's ports is asked for decoys all the same: few have so many services, and
// who answers to everything may answer in words.
enum { PORTS_MANY = 10 };

enum { HOSTS_MAX = 1 << 20 }; // remembered; then they are forgotten, and asked again should they come back

static const struct image_settings *settings_of(const struct inquiry *inquiry)
{
    return inquiry->lane->shared->image->settings;
}

// Whether ports that speak are counted at all.
static bool ports_count(const struct image_settings *settings)
{
    return settings->decoy_count > 0 && settings->port_count >= PORTS_MANY;
}

bool decoy_due(const struct inquiry *inquiry)
{
    const struct lane *lane = inquiry->lane;
    if (settings_of(inquiry)->decoy_count == 0 || inquiry->recorded || inquiry->decoy.over || lane->stop_ns != 0)
        return false;
    // Whoever refuses a connection does not accept every one.
    if (inquiry->connections == 0 || inquiry->was_refused)
        return false;
    // Most that speak are of plans in which nobody is counted.
    if (inquiry->spoke && !ports_count(settings_of(inquiry)))
        return false;
    uint32_t known = hash_find(&lane->by_decoy, inquiry->target.address);
    if (!inquiry->spoke)
        return known == HASH_NONE || known >= HOST_SPOKE;
    return known != HASH_NONE && known >= HOST_SPOKE + PORTS_MANY - 1;
}

void decoy_count(struct inquiry *inquiry)
{
    struct hash *hosts = &inquiry->lane->by_decoy;
    if (!inquiry->spoke || !ports_count(settings_of(inquiry)))
        return;
    uint32_t known = hash_find(hosts, inquiry->target.address);
    if (known == HOST_REFUSES || known == HOST_ACCEPTS)
        return;
    if (known == HASH_NONE && hosts->count >= HOSTS_MAX)
        hash_clear(hosts);
    if (hash_put(hosts, inquiry->target.address, known == HASH_NONE ? HOST_SPOKE : known + 1) != 0)
        inquiry->lane->counters[CONTROL_MEMORY_REFUSED]++;
}

static struct target decoy_target(const struct inquiry *inquiry)
{
    return (struct target){.address = inquiry->target.address,
                           .port = settings_of(inquiry)->decoys[inquiry->decoy.asked]};
}

static void decoy_retire(struct inquiry *inquiry)
{
    if (!inquiry->decoy.asking)
        return;
    struct target target = decoy_target(inquiry);
    (void)hash_remove(&inquiry->lane->by_tuple, tuple_key(target.address, target.port, inquiry->decoy.local_port));
    inquiry->decoy.asking = false;
}

void decoy_stop(struct inquiry *inquiry)
{
    decoy_retire(inquiry);
    inquiry->decoy.over = true;
}

static void host_remember(struct inquiry *inquiry, uint32_t value)
{
    struct hash *hosts = &inquiry->lane->by_decoy;
    decoy_stop(inquiry);
    // Several of its ports may have asked at once.
    if (hash_find(hosts, inquiry->target.address) == value)
        return;
    if (hosts->count >= HOSTS_MAX)
        hash_clear(hosts);
    if (hash_put(hosts, inquiry->target.address, value) != 0)
        inquiry->lane->counters[CONTROL_MEMORY_REFUSED]++;
    else if (value == HOST_ACCEPTS)
        inquiry->lane->counters[CONTROL_HOSTS_ACCEPT_ANY]++;
}

bool decoy_left(const struct inquiry *inquiry)
{
    return inquiry->decoy.asked < settings_of(inquiry)->decoy_count;
}

void decoy_ask(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    struct decoy *decoy = &inquiry->decoy;
    if (!decoy_left(inquiry)) {
        host_remember(inquiry, HOST_REFUSES);
        return;
    }
    inquiry->opening = false;
    struct target target = decoy_target(inquiry);
    decoy->local_port = lane_port(lane, &target, 0);
    decoy->end_ns = lane->now_ns + DECOY_TIME_NS / settings_of(inquiry)->decoy_count;
    if (hash_put(&lane->by_tuple, tuple_key(target.address, target.port, decoy->local_port), inquiry->index) != 0) {
        lane->counters[CONTROL_MEMORY_REFUSED]++;
        decoy->over = true;
        return;
    }
    decoy->asking = true;
    struct flow_packet syn = {.window = FLOW_WINDOW, .mss = FLOW_MSS, .flags = TCP_SYN};
    lane->counters[CONTROL_DECOYS_ASKED]++;
    lane_send(lane, &target, decoy->local_port, &syn);
}

void decoy_receive(struct inquiry *inquiry, const struct segment *segment)
{
    struct target target = decoy_target(inquiry);
    if (!(segment->flags & TCP_ACK))
        return;
    if (segment->flags & TCP_RST) {
        host_remember(inquiry, HOST_REFUSES);
        return;
    }
    if (!(segment->flags & TCP_SYN))
        return;
    struct flow_packet reset = {.seq = segment->ack, .flags = TCP_RST};
    lane_send(inquiry->lane, &target, inquiry->decoy.local_port, &reset);
    host_remember(inquiry, HOST_ACCEPTS);
}

void decoy_expire(struct inquiry *inquiry)
{
    if (!inquiry->decoy.asking || inquiry->lane->now_ns < inquiry->decoy.end_ns)
        return;
    decoy_retire(inquiry);
    inquiry->decoy.asked++;
}

uint8_t decoy_suspicion(const struct lane *lane, uint32_t address)
{
    if (lane->by_decoy.count == 0 || hash_find(&lane->by_decoy, address) != HOST_ACCEPTS)
        return 0;
    return SUSPECT_ACCEPTS_ANY_PORT;
}
