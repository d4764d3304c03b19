// SPDX-License-Identifier: BSD-3-Clause
// Attribution: one walk over all prefixes in order of address. Prefixes nest or are disjoint, so those that hold the
// current address form a stack of at most 33 lengths.
#include "config/ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTHS = 33 };

#define SPACE_END (UINT64_C(1) << 32)

// What is known of the addresses of one prefix, those around it included.
struct level {
    uint64_t end; // the first address behind it
    const struct range_row *best;
    const struct range_row *regional; // the longest row that names a region
    uint32_t item;
};

struct walk {
    const struct range_list *list;
    struct level levels[LENGTHS + 1]; // [0] is the whole space, nobody's
    size_t depth;
    struct range_attribution *out;
    size_t edge_capacity;
    size_t item_capacity;
    uint32_t *seen; // item index by hash of three of its strings, 0 = none
    size_t seen_size;
    uint32_t customer; // strings
    uint32_t provider;
};

static int row_compare(const void *left, const void *right)
{
    const struct range_row *a = left;
    const struct range_row *b = right;
    if (a->interval.first != b->interval.first)
        return a->interval.first < b->interval.first ? -1 : 1;
    return (int)a->length - (int)b->length;
}

static bool row_beats(const struct walk *walk, const struct range_row *row, const struct range_row *best)
{
    if (best == NULL || row->rank != best->rank)
        return best == NULL || row->rank > best->rank;
    if (row->length != best->length)
        return row->length > best->length;
    const char *strings = walk->list->strings.bytes;
    int order = strcmp(strings + row->service, strings + best->service);
    return order != 0 ? order < 0 : row->region != 0 && best->region == 0;
}

// The item of these strings, made when it is new. Items are few: the seen table is never more than half full.
static int item_find(struct walk *walk, struct attribution item, uint32_t *ret_index)
{
    uint64_t mixed = ((uint64_t)item.cloud_service << 32 | item.region) * UINT64_C(0x9e3779b97f4a7c15) + item.provider;
    size_t at = (size_t)(mixed >> 20) & (walk->seen_size - 1);
    for (; walk->seen[at] != 0; at = (at + 1) & (walk->seen_size - 1)) {
        if (memcmp(&walk->out->items[walk->seen[at]], &item, sizeof(item)) == 0) {
            *ret_index = walk->seen[at];
            return 0;
        }
    }
    if (walk->out->item_count == walk->item_capacity)
        return -ENOMEM;
    walk->out->items[walk->out->item_count] = item;
    walk->seen[at] = (uint32_t)walk->out->item_count++;
    *ret_index = walk->seen[at];
    return 0;
}

// From address on, the deepest level's item holds. Several levels that begin or end at one address leave one edge.
static int edge_put(struct walk *walk, uint64_t address)
{
    struct range_attribution *out = walk->out;
    uint32_t item = walk->levels[walk->depth].item;
    if (address >= SPACE_END)
        return 0;
    if (out->edge_count > 0 && out->edges[out->edge_count - 1].first_address == address)
        out->edge_count--;
    if (out->edge_count > 0 && out->edges[out->edge_count - 1].attribution == item)
        return 0;
    if (out->edge_count == walk->edge_capacity)
        return -ENOMEM;
    out->edges[out->edge_count++] = (struct attribution_edge){(uint32_t)address, item};
    return 0;
}

// Leaves every level that ends at or before an address.
static int levels_leave(struct walk *walk, uint64_t address)
{
    int error = 0;
    while (walk->depth > 0 && walk->levels[walk->depth].end <= address && error == 0) {
        uint64_t end = walk->levels[walk->depth].end;
        walk->depth--;
        error = edge_put(walk, end);
    }
    return error;
}

// Who answers for what runs at an address of this row; 0 where its list does not say what it is for.
static uint32_t responsible_of(const struct walk *walk, const struct range_row *row)
{
    if (row->rank == RANGE_RANK_SERVICE)
        return walk->provider;
    bool named = walk->list->strings.bytes[row->service] != '\0';
    return row->rank == RANGE_RANK_COMPUTE && named ? walk->customer : 0;
}

// What does not fit its field is not known.
static uint32_t date_of(const struct walk *walk, const struct range_row *row)
{
    int64_t published = walk->list->published[row->provider];
    return published > 0 && published <= UINT32_MAX ? (uint32_t)published : 0;
}

// Enters the prefix that rows [first, first + count) share.
static int level_enter(struct walk *walk, const struct range_row *rows, size_t count)
{
    struct level level = walk->levels[walk->depth];
    level.end = (uint64_t)rows[0].interval.last + 1;
    for (size_t i = 0; i < count; i++) {
        if (row_beats(walk, &rows[i], level.best))
            level.best = &rows[i];
        if (rows[i].region != 0)
            level.regional = &rows[i];
    }
    uint32_t region = level.best->region;
    if (region == 0 && level.regional != NULL && level.regional->provider == level.best->provider)
        region = level.regional->region;
    struct attribution item = {.provider = walk->list->providers[level.best->provider],
                               .cloud_service = level.best->service,
                               .region = region,
                               .country = level.best->country,
                               .responsible = responsible_of(walk, level.best),
                               .list_date = date_of(walk, level.best)};
    int error = item_find(walk, item, &level.item);
    if (error != 0)
        return error;
    walk->levels[++walk->depth] = level;
    return edge_put(walk, rows[0].interval.first);
}

static int walk_rows(struct walk *walk)
{
    const struct range_list *list = walk->list;
    int error = edge_put(walk, 0);
    for (size_t i = 0; i < list->count && error == 0;) {
        size_t count = 1;
        while (i + count < list->count && row_compare(&list->rows[i], &list->rows[i + count]) == 0)
            count++;
        error = levels_leave(walk, list->rows[i].interval.first);
        if (error == 0)
            error = level_enter(walk, &list->rows[i], count);
        i += count;
    }
    return error == 0 ? levels_leave(walk, SPACE_END) : error;
}

int range_list_attribute(struct range_list *list, struct range_attribution *ret_attribution)
{
    struct range_attribution out = {.item_count = 1};
    struct walk walk = {.list = list,
                        .levels[0].end = SPACE_END + 1,
                        .out = &out,
                        .edge_capacity = 2 * list->count + 1,
                        .item_capacity = list->count + 1,
                        .seen_size = 64};
    while (walk.seen_size < 2 * walk.item_capacity)
        walk.seen_size *= 2;
    out.edges = calloc(walk.edge_capacity, sizeof(*out.edges));
    out.items = calloc(walk.item_capacity, sizeof(*out.items));
    walk.seen = calloc(walk.seen_size, sizeof(*walk.seen));
    int error = -ENOMEM;
    if (string_table_add(&list->strings, "customer", &walk.customer) == 0 &&
        string_table_add(&list->strings, "provider", &walk.provider) == 0 && out.edges != NULL && out.items != NULL &&
        walk.seen != NULL) {
        if (list->count > 0)
            qsort(list->rows, list->count, sizeof(*list->rows), row_compare);
        error = walk_rows(&walk);
    }
    free(walk.seen);
    if (error != 0) {
        range_attribution_fini(&out);
        return error;
    }
    *ret_attribution = out;
    return 0;
}

void range_attribution_fini(struct range_attribution *attribution)
{
    free(attribution->edges);
    free(attribution->items);
    *attribution = (struct range_attribution){0};
}
