// SPDX-License-Identifier: BSD-3-Clause
// Targets with a port of their own, after exclusions: which ports the plan has, and which of its positions are pairs.
#include "config/plan/plan_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Positions that are no pairs cost their turn: beyond this many the list is to be given in parts.
#define PAIRS_POSITIONS_MAX (UINT64_C(1) << 34)

// The services' ports are those of all targets that have none of their own; without such targets they are nobody's.
static void common_take(struct plan_private *own)
{
    if (own->common_addresses.count == 0)
        memset(own->port_set, 0, sizeof(own->port_set));
    for (uint32_t port = 0; port < IMAGE_PORTS_MAX; port++)
        if (own->port_set[port])
            own->listed.common[port >> 3] |= (uint8_t)(1 << (port & 7));
}

// Pairs that exclusions have left, by address; those that are among the common ones anyway are no further ones.
static void items_take(struct plan_private *own)
{
    struct plan_listed *listed = &own->listed;
    for (size_t i = 0; i < own->pairs.count; i++) {
        const struct pair *pair = &own->pairs.items[i];
        if (!interval_set_contains(&own->plan.addresses, pair->address))
            continue;
        struct image_listed *item = listed->count == 0 ? NULL : &listed->items[listed->count - 1];
        if (item == NULL || item->address != pair->address) {
            item = &listed->items[listed->count++];
            *item = (struct image_listed){.address = pair->address,
                                          .first = (uint32_t)listed->port_count,
                                          .is_common = interval_set_contains(&own->common_addresses, pair->address)};
        }
        if (item->is_common != 0 && listed_is_common(&own->plan.listed, pair->port))
            continue;
        listed->ports[listed->port_count++] = pair->port;
        item->count++;
        own->port_set[pair->port] = true;
    }
}

int plan_finish_pairs(struct plan *plan)
{
    struct plan_private *own = plan_private(plan);
    struct plan_listed *listed = &own->listed;
    if (own->pairs.count == 0)
        return 0;
    pair_list_settle(&own->pairs);
    listed->items = calloc(own->pairs.count, sizeof(listed->items[0]));
    listed->ports = calloc(own->pairs.count, sizeof(listed->ports[0]));
    listed->common = calloc(LISTED_PORT_BYTES, 1);
    if (listed->items == NULL || listed->ports == NULL || listed->common == NULL)
        return -ENOMEM;
    int error = interval_set_intersect(&own->common_addresses, &plan->addresses);
    if (error != 0)
        return error;
    plan->listed = (struct listed){.items = listed->items, .ports = listed->ports, .common = listed->common};
    common_take(own);
    items_take(own);
    plan->listed.count = listed->count;
    plan->listed.port_count = listed->port_count;
    return 0;
}

int plan_count_pairs(struct plan *plan, struct complaint *complaint)
{
    const struct plan_private *own = plan_private(plan);
    struct plan_summary *summary = &plan->summary;
    uint64_t common = 0;
    summary->pairs = summary->positions;
    if (own->listed.count == 0)
        return 0;
    for (uint32_t port = 0; port < IMAGE_PORTS_MAX; port++)
        common += listed_is_common(&plan->listed, (uint16_t)port);
    summary->pairs = interval_set_addresses(&own->common_addresses) * common + own->listed.port_count;
    if (summary->positions <= PAIRS_POSITIONS_MAX)
        return 0;
    return complain(complaint, plan->path, "targets",
                    "%llu pairs of %llu addresses and %u ports are %llu positions to go through, at most 2^34; give "
                    "the list in parts, by port",
                    (unsigned long long)summary->pairs, (unsigned long long)summary->addresses, plan->port_count,
                    (unsigned long long)summary->positions);
}
