// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/asked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/targets_build.h"
#include "control/scan/remaining.h"
#include "probes/packet/order.h"

struct asked {
    struct targets_storage storage;
    struct order order;
    uint64_t first_position;
    uint64_t end_position;
    uint64_t asked_end;   // positions from the first one to here were asked
    struct listed listed; // its arrays are ours
    uint32_t port_count;
    uint16_t ports[]; // ascending
};

// As dataplane/sweep.h counts steps: without samples there is one pass less of a scan with one attempt, and which it
// was no checkpoint says. Its scans have samples; a dry run, which has not, leaves no checkpoint.
static uint64_t asked_positions(const struct checkpoint *checkpoint)
{
    const struct checkpoint_sweep *sweep = &checkpoint->sweep;
    uint64_t swept = sweep->end_position - sweep->first_position;
    if (checkpoint->complete)
        return swept;
    const struct remaining_sweep remaining = {.positions = swept,
                                              .segment_positions = sweep->segment_positions,
                                              .attempts = (uint32_t)sweep->attempts,
                                              .samples = true};
    double positions = remaining_from(&remaining, checkpoint->step, 0).asked;
    return positions <= 0 ? 0 : (uint64_t)positions < swept ? (uint64_t)positions : swept;
}

static void *copy_of(const void *items, size_t count, size_t bytes)
{
    void *copy = calloc(count + 1, bytes);
    if (copy != NULL && count > 0)
        memcpy(copy, items, count * bytes);
    return copy;
}

// The plan's list, which it takes with it.
static int listed_copy(const struct plan *plan, struct listed *ret_listed)
{
    const struct listed from = plan->listed;
    if (from.count == 0)
        return 0;
    *ret_listed = (struct listed){
        .items = copy_of(from.items, from.count, sizeof(from.items[0])),
        .count = from.count,
        .ports = copy_of(from.ports, from.port_count, sizeof(from.ports[0])),
        .port_count = from.port_count,
        .common = copy_of(from.common, LISTED_PORT_BYTES, 1),
    };
    return ret_listed->items != NULL && ret_listed->ports != NULL && ret_listed->common != NULL ? 0 : -ENOMEM;
}

int asked_new(const struct plan *plan, const struct checkpoint *checkpoint, struct asked **ret_asked)
{
    struct asked *asked = calloc(1, sizeof(*asked) + plan->port_count * sizeof(asked->ports[0]));
    if (asked == NULL)
        return -ENOMEM;
    int error = order_init(&asked->order, plan->summary.positions, checkpoint->sweep.seed);
    if (error == 0)
        error = listed_copy(plan, &asked->listed);
    if (error == 0)
        error = targets_build(&plan->addresses, &asked->storage);
    if (error != 0) {
        asked_free(asked);
        return error;
    }
    asked->first_position = checkpoint->sweep.first_position;
    asked->end_position = checkpoint->sweep.end_position;
    asked->asked_end = asked->first_position + asked_positions(checkpoint);
    asked->port_count = plan->port_count;
    memcpy(asked->ports, plan->ports, plan->port_count * sizeof(asked->ports[0]));
    *ret_asked = asked;
    return 0;
}

void asked_free(struct asked *asked)
{
    if (asked == NULL)
        return;
    targets_storage_fini(&asked->storage);
    free((void *)(uintptr_t)asked->listed.items);
    free((void *)(uintptr_t)asked->listed.ports);
    free((void *)(uintptr_t)asked->listed.common);
    free(asked);
}

static int ports_order(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

enum asked_state asked_find(const struct asked *asked, uint32_t address, uint16_t port)
{
    const uint16_t *found = bsearch(&port, asked->ports, asked->port_count, sizeof(asked->ports[0]), ports_order);
    int64_t ordinal = found == NULL ? TARGETS_NONE : targets_ordinal(&asked->storage.targets, address);
    if (ordinal == TARGETS_NONE || (asked->listed.count > 0 && !listed_has(&asked->listed, address, port)))
        return ASKED_OUTSIDE;
    uint64_t index = (uint64_t)ordinal * asked->port_count + (uint64_t)(found - asked->ports);
    uint64_t position = order_position(&asked->order, index);
    if (position < asked->first_position || position >= asked->end_position)
        return ASKED_SHARE;
    return position < asked->asked_end ? ASKED_ONCE : ASKED_EARLY;
}
