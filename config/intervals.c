// SPDX-License-Identifier: BSD-3-Clause
#include "config/intervals.h"

#include <errno.h>
#include <stdlib.h>

void interval_set_init(struct interval_set *set)
{
    *set = (struct interval_set){0};
}

void interval_set_fini(struct interval_set *set)
{
    free(set->items);
    *set = (struct interval_set){0};
}

int interval_set_add(struct interval_set *set, struct interval item)
{
    if (item.first > item.last)
        return -EINVAL;
    if (set->count == set->capacity) {
        size_t capacity = set->capacity == 0 ? 64 : set->capacity * 2;
        struct interval *items = reallocarray(set->items, capacity, sizeof(*items));
        if (items == NULL)
            return -ENOMEM;
        set->items = items;
        set->capacity = capacity;
    }
    set->items[set->count++] = item;
    return 0;
}

static int interval_compare(const void *left, const void *right)
{
    const struct interval *a = left;
    const struct interval *b = right;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return (a->last > b->last) - (a->last < b->last);
}

void interval_set_seal(struct interval_set *set)
{
    if (set->count == 0)
        return;
    qsort(set->items, set->count, sizeof(*set->items), interval_compare);
    size_t kept = 0;
    for (size_t i = 1; i < set->count; i++) {
        struct interval *top = &set->items[kept];
        struct interval item = set->items[i];
        // Widened, because an interval may end at 255.255.255.255. Neighbours merge too.
        if (item.first <= (uint64_t)top->last + 1) {
            if (item.last > top->last)
                top->last = item.last;
        } else {
            set->items[++kept] = item;
        }
    }
    set->count = kept + 1;
}

// Moves the result of an operation into its set.
static void interval_set_replace(struct interval_set *set, struct interval_set *result)
{
    free(set->items);
    *set = *result;
}

int interval_set_subtract(struct interval_set *set, const struct interval_set *removed, uint64_t *ret_removed)
{
    struct interval_set result = {0};
    uint64_t before = interval_set_addresses(set);
    size_t hole = 0;
    int error = 0;
    for (size_t i = 0; i < set->count && error == 0; i++) {
        uint64_t at = set->items[i].first; // 64 bits: it may step past the last address
        uint32_t last = set->items[i].last;
        while (hole < removed->count && removed->items[hole].last < at)
            hole++;
        for (size_t h = hole; h < removed->count && removed->items[h].first <= last && error == 0; h++) {
            if (removed->items[h].first > at)
                error = interval_set_add(&result, (struct interval){(uint32_t)at, removed->items[h].first - 1});
            at = (uint64_t)removed->items[h].last + 1;
        }
        if (at <= last && error == 0)
            error = interval_set_add(&result, (struct interval){(uint32_t)at, last});
    }
    if (error != 0) {
        interval_set_fini(&result);
        return error;
    }
    interval_set_replace(set, &result);
    if (ret_removed != NULL)
        *ret_removed = before - interval_set_addresses(set);
    return 0;
}

int interval_set_intersect(struct interval_set *set, const struct interval_set *kept)
{
    struct interval_set result = {0};
    size_t i = 0;
    size_t k = 0;
    while (i < set->count && k < kept->count) {
        struct interval a = set->items[i];
        struct interval b = kept->items[k];
        uint32_t first = a.first > b.first ? a.first : b.first;
        uint32_t last = a.last < b.last ? a.last : b.last;
        if (first <= last && interval_set_add(&result, (struct interval){first, last}) != 0) {
            interval_set_fini(&result);
            return -ENOMEM;
        }
        if (a.last < b.last)
            i++;
        else
            k++;
    }
    interval_set_replace(set, &result);
    return 0;
}

uint64_t interval_set_addresses(const struct interval_set *set)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < set->count; i++)
        sum += (uint64_t)set->items[i].last - set->items[i].first + 1;
    return sum;
}

bool interval_set_contains(const struct interval_set *set, uint32_t address)
{
    size_t low = 0;
    size_t high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->items[middle].last < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->count && set->items[low].first <= address;
}
