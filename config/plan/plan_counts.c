// SPDX-License-Identifier: BSD-3-Clause
// The rows of `sonde targets`: how many of the targets each provider and service has.
#include "config/plan/plan_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Targets counted up to each interval, so that those within any other interval are a subtraction.
struct tally {
    const struct interval_set *set;
    uint64_t *before; // [set->count + 1]
};

// Rows of one provider and service, then of the next.
struct counting {
    struct plan *plan;
    const struct range_list *list;
    struct tally tally;
    struct range_row *rows; // sorted copy
    // Of each provider, where its rows among plan->counts begin and end; until the last step its services are in the
    // order of their offsets, so that one is found by halving.
    size_t first[RANGES_PROVIDERS_MAX];
    size_t end[RANGES_PROVIDERS_MAX];
};

static int tally_init(struct tally *tally, const struct interval_set *set)
{
    tally->set = set;
    tally->before = calloc(set->count + 1, sizeof(*tally->before));
    if (tally->before == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < set->count; i++)
        tally->before[i + 1] = tally->before[i] + set->items[i].last - set->items[i].first + 1;
    return 0;
}

// Targets below an address, which may be 2^32.
static uint64_t tally_below(const struct tally *tally, uint64_t address)
{
    size_t low = 0;
    size_t high = tally->set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tally->set->items[middle].last < address)
            low = middle + 1;
        else
            high = middle;
    }
    uint64_t below = tally->before[low];
    if (low < tally->set->count && tally->set->items[low].first < address)
        below += address - tally->set->items[low].first;
    return below;
}

static uint64_t tally_within(const struct tally *tally, uint64_t first, uint64_t end)
{
    return tally_below(tally, end) - tally_below(tally, first);
}

static int row_compare(const void *left, const void *right)
{
    const struct range_row *a = left;
    const struct range_row *b = right;
    if (a->provider != b->provider)
        return a->provider < b->provider ? -1 : 1;
    return (a->service > b->service) - (a->service < b->service);
}

// The targets within any of these rows, each once.
static int count_rows(const struct counting *counting, const struct range_row *rows, size_t count,
                      uint64_t *ret_addresses)
{
    struct interval_set set;
    uint64_t addresses = 0;
    int error = 0;
    interval_set_init(&set);
    for (size_t i = 0; i < count && error == 0; i++)
        error = interval_set_add(&set, rows[i].interval);
    interval_set_seal(&set);
    for (size_t i = 0; i < set.count; i++)
        addresses += tally_within(&counting->tally, set.items[i].first, (uint64_t)set.items[i].last + 1);
    interval_set_fini(&set);
    *ret_addresses = addresses;
    return error;
}

static int append(struct plan *plan, struct plan_count row)
{
    if ((plan->count_count & (plan->count_count - 1)) == 0) {
        size_t capacity = plan->count_count == 0 ? 1 : plan->count_count * 2;
        struct plan_count *counts = reallocarray(plan->counts, capacity, sizeof(*counts));
        if (counts == NULL)
            return -ENOMEM;
        plan->counts = counts;
    }
    plan->counts[plan->count_count++] = row;
    return 0;
}

static int count_compare(const void *left, const void *right)
{
    const struct plan_count *a = left;
    const struct plan_count *b = right;
    if (a->addresses != b->addresses)
        return a->addresses > b->addresses ? -1 : 1;
    return strcmp(a->service, b->service);
}

// The provider's own row, then its services'.
static int count_provider(struct counting *counting, const struct range_row *rows, size_t count)
{
    struct plan *plan = counting->plan;
    const char *strings = counting->list->strings.bytes;
    struct plan_count row = {.provider = strings + counting->list->providers[rows[0].provider], .service = ""};
    counting->first[rows[0].provider] = plan->count_count;
    int error = count_rows(counting, rows, count, &row.addresses);
    if (error == 0)
        error = append(plan, row);
    for (size_t i = 0; i < count && error == 0;) {
        size_t same = 1;
        while (i + same < count && rows[i + same].service == rows[i].service)
            same++;
        row.service = strings + rows[i].service;
        error = count_rows(counting, rows + i, same, &row.addresses);
        if (error == 0 && row.addresses > 0)
            error = append(plan, row);
        i += same;
    }
    counting->end[rows[0].provider] = plan->count_count;
    return error;
}

// Adds the addresses of one attribution item to its provider's row and its service's.
static void attribute(const struct counting *counting, const struct attribution *item, uint64_t addresses)
{
    struct plan_count *counts = counting->plan->counts;
    const char *service = counting->list->strings.bytes + item->cloud_service;
    size_t provider = 0;
    while (counting->list->providers[provider] != item->provider)
        provider++;
    size_t low = counting->first[provider] + 1;
    size_t high = counting->end[provider] - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (counts[middle].service < service)
            low = middle + 1;
        else
            high = middle;
    }
    counts[low].attributed += addresses;
    counts[counting->first[provider]].attributed += addresses;
}

// Names what had no name, and puts the services with most addresses first.
static void arrange(const struct counting *counting)
{
    struct plan_count *counts = counting->plan->counts;
    for (size_t provider = 0; provider < counting->list->provider_count; provider++) {
        size_t services = counting->first[provider] + 1;
        if (counting->end[provider] <= services)
            continue;
        for (size_t i = services; i < counting->end[provider]; i++)
            if (counts[i].service[0] == '\0')
                counts[i].service = "unspecified";
        qsort(counts + services, counting->end[provider] - services, sizeof(*counts), count_compare);
    }
}

static int count_attributed(struct counting *counting)
{
    const struct plan_private *own = plan_private(counting->plan);
    const struct range_attribution *attribution = &own->attribution;
    uint64_t *sums = calloc(attribution->item_count, sizeof(*sums));
    if (sums == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < attribution->edge_count; i++) {
        uint64_t end = i + 1 < attribution->edge_count ? attribution->edges[i + 1].first_address : UINT64_C(1) << 32;
        sums[attribution->edges[i].attribution] +=
            tally_within(&counting->tally, attribution->edges[i].first_address, end);
    }
    for (size_t i = 1; i < attribution->item_count; i++)
        if (sums[i] > 0)
            attribute(counting, &attribution->items[i], sums[i]);
    arrange(counting);
    int error = 0;
    if (sums[0] > 0)
        error = append(counting->plan,
                       (struct plan_count){.provider = "", .service = "", .addresses = sums[0], .attributed = sums[0]});
    free(sums);
    return error;
}

static int count_all(struct counting *counting)
{
    const struct range_list *list = counting->list;
    int error = 0;
    if (list->count > 0) {
        memcpy(counting->rows, list->rows, list->count * sizeof(*list->rows));
        qsort(counting->rows, list->count, sizeof(*counting->rows), row_compare);
    }
    for (size_t i = 0; i < list->count && error == 0;) {
        size_t same = 1;
        while (i + same < list->count && counting->rows[i + same].provider == counting->rows[i].provider)
            same++;
        error = count_provider(counting, counting->rows + i, same);
        i += same;
    }
    return error == 0 ? count_attributed(counting) : error;
}

int plan_count_targets(struct plan *plan)
{
    struct counting counting = {.plan = plan, .list = &plan_private(plan)->ranges};
    counting.rows = calloc(counting.list->count + 1, sizeof(*counting.rows));
    int error = counting.rows == NULL ? -ENOMEM : tally_init(&counting.tally, &plan->addresses);
    if (error == 0)
        error = count_all(&counting);
    free(counting.rows);
    free(counting.tally.before);
    return error;
}
