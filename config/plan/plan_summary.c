// SPDX-License-Identifier: BSD-3-Clause
// Amounts: positions, rates and their ceilings, and how long all of it takes.
#include "config/plan/plan_private.h"

#include <errno.h>
#include <math.h>

#include "config/prefix.h"
#include "probes/address.h"

#define POSITIONS_MAX (UINT64_C(1) << 48)
#define SEGMENT_MAX   (UINT64_C(1) << 32)

enum {
    WIRE_OVERHEAD = 24,       // preamble and delimiter 8, frame check sequence 4, gap 12
    FRAME_MIN = 60,           // without the check sequence
    CONVERSATION_FRAMES = 12, // what we send in a TLS or SSH conversation, about
    CONVERSATION_SECONDS = 1, // and how long it stays open
};

// Of all positions; public sweeps of the usual services see 0.5 to 3 %.
static const double assumed_hit_rate = 0.02;

static uint32_t probe_bytes(enum probe_profile profile, bool tagged)
{
    static const uint32_t options[] = {
        [PROBE_PROFILE_MSS] = 4, [PROBE_PROFILE_NONE] = 0, [PROBE_PROFILE_LINUX] = 20, [PROBE_PROFILE_WINDOWS] = 12};
    uint32_t frame = (tagged ? 18u : 14u) + 20 + 20 + options[profile];
    return (frame < FRAME_MIN ? FRAME_MIN : frame) + WIRE_OVERHEAD;
}

// The /24 with the most targets. Intervals ascend, so one running count is enough.
static void find_crowded(const struct interval_set *set, struct plan_summary *summary)
{
    uint32_t network = 0;
    uint32_t count = 0;
    for (size_t i = 0; i < set->count && summary->crowded_addresses < 256; i++) {
        uint32_t first = set->items[i].first;
        uint32_t last = set->items[i].last;
        uint32_t heads[2] = {first, last & ~UINT32_C(255)};
        uint32_t whole = ((first >> 8) + ((first & 255) != 0)) << 8;
        if (whole >= first && last >= whole && last - whole >= 255) {
            *summary = (struct plan_summary){.crowded_network = whole, .crowded_addresses = 256};
            return;
        }
        for (size_t part = 0; part < ((first ^ last) >> 8 == 0 ? 1 : 2); part++) {
            uint32_t end = (heads[part] | 255) < last ? heads[part] | 255 : last;
            count = heads[part] >> 8 == network >> 8 && count > 0 ? count : 0;
            network = heads[part] & ~UINT32_C(255);
            count += end - heads[part] + 1;
            if (count > summary->crowded_addresses) {
                summary->crowded_network = network;
                summary->crowded_addresses = count;
            }
        }
    }
}

static int finish_positions(struct plan *plan, struct complaint *complaint)
{
    const struct plan_private *own = plan_private(plan);
    struct plan_summary *summary = &plan->summary;
    summary->addresses = interval_set_addresses(&plan->addresses);
    summary->ports = plan->port_count;
    summary->positions = summary->addresses * plan->port_count; // at most 2^32 * 2^16
    if (summary->positions > POSITIONS_MAX)
        return complain(complaint, plan->path, "", "%llu addresses times %u ports are more than 2^48",
                        (unsigned long long)summary->addresses, plan->port_count);
    int error = plan_count_pairs(plan, complaint);
    if (error != 0)
        return error;
    uint64_t sampled = (uint64_t)ceil((double)summary->positions * own->sample);
    sampled = sampled > summary->positions ? summary->positions : sampled;
    plan->first_position = (uint64_t)((unsigned __int128)sampled * (own->shard - 1) / own->shards);
    plan->end_position = (uint64_t)((unsigned __int128)sampled * own->shard / own->shards);
    summary->swept = plan->end_position - plan->first_position;
    summary->shard = own->shard;
    summary->shards = own->shards;
    summary->sample = own->sample;
    if (summary->swept == 0)
        return complain(complaint, plan->path, "shard", "%u/%u is empty: there are only %llu positions", own->shard,
                        own->shards, (unsigned long long)sampled);
    if (own->shards > 1 && !plan->seed_given)
        return complain(complaint, plan->path, "seed", "is missing: the shards of a scan need the same one");
    // Who writes 0.01 may mean one in a hundred.
    if (own->sample < 0.01)
        return plan_add_note(plan, "sample: %.6g %%, which is one target in %.0f (%llu of %llu)", own->sample * 100,
                             1 / own->sample, (unsigned long long)sampled, (unsigned long long)summary->positions);
    return 0;
}

static int finish_rate(struct plan *plan, struct complaint *complaint)
{
    const struct plan_private *own = plan_private(plan);
    struct plan_summary *summary = &plan->summary;
    if (own->converse_rate.bits || own->host_rate.bits || own->network_rate.bits)
        return complain(complaint, plan->path,
                        own->converse_rate.bits ? "converse_rate"
                        : own->host_rate.bits   ? "host_rate"
                                                : "network_rate",
                        "is in bits, expected frames a second like \"100 kpps\"");
    plan->converse_rate_pps = own->converse_rate.per_second;
    plan->host_rate_pps = (uint32_t)own->host_rate.per_second;
    plan->network_rate_pps = own->network_rate.per_second;
    summary->probe_bytes = probe_bytes(plan->profile, plan->source.vlan_given);
    summary->rate_asked_pps =
        own->rate.bits ? own->rate.per_second / (summary->probe_bytes * 8.0) : own->rate.per_second;
    if (summary->rate_asked_pps < 0.001)
        return complain(complaint, plan->path, "rate", "is less than one probe in 1,000 s");
    summary->crowded_rate_pps =
        plan->network_rate_pps * (double)summary->addresses / (double)summary->crowded_addresses;
    plan->rate_pps = fmin(summary->rate_asked_pps, summary->crowded_rate_pps);
    summary->rate_pps = plan->rate_pps;
    if (plan->rate_pps == summary->rate_asked_pps)
        return 0;
    char network[ADDRESS_TEXT_MAX];
    (void)address_text(summary->crowded_network, network);
    return plan_add_note(plan,
                         "rate lowered from %.0f to %.0f pps: %u of the %llu addresses lie in %s/24, and network_rate "
                         "allows %.0f pps to one /24",
                         summary->rate_asked_pps, plan->rate_pps, summary->crowded_addresses,
                         (unsigned long long)summary->addresses, network, plan->network_rate_pps);
}

// Of so many positions how many are pairs: all of a plan without a list, about so many of a list's sample or shard.
static uint64_t pairs_of(const struct plan_summary *summary, uint64_t positions)
{
    return (uint64_t)((unsigned __int128)positions * summary->pairs / summary->positions);
}

// Attempts of a segment are attempt_gap apart, unless sending one takes longer than that anyway.
static void finish_times(struct plan *plan)
{
    struct plan_summary *summary = &plan->summary;
    uint64_t segments = (summary->swept + SEGMENT_MAX - 1) / SEGMENT_MAX;
    uint64_t asked = pairs_of(summary, summary->swept);
    double segment_seconds = fmin((double)asked, (double)SEGMENT_MAX) / plan->rate_pps;
    double wait = fmax(0, (double)plan->attempt_gap_ns / 1e9 - segment_seconds);
    summary->probes = asked * plan->attempts;
    summary->sweep_seconds = (double)summary->probes / plan->rate_pps + (double)segments * (plan->attempts - 1) * wait +
                             (double)plan->cooldown_ns / 1e9;
    summary->assumed_hit_rate = plan->converse == CONVERSE_NONE ? 0 : assumed_hit_rate;
    double conversations = (double)asked * summary->assumed_hit_rate;
    summary->conversation_seconds = fmax(conversations * CONVERSATION_FRAMES / plan->converse_rate_pps,
                                         conversations * CONVERSATION_SECONDS / plan->max_open);
}

int plan_finish_amounts(struct plan *plan, struct complaint *complaint)
{
    find_crowded(&plan->addresses, &plan->summary);
    int error = finish_positions(plan, complaint);
    if (error == 0)
        error = finish_rate(plan, complaint);
    if (error == 0)
        finish_times(plan);
    return error;
}
