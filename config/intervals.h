// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Sets of IPv4 addresses as sorted, disjoint, non-adjacent closed intervals. Everything that is counted once is counted
// on one of these. Not safe for concurrent writers.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Both ends belong to the interval; host byte order; first <= last.
struct interval {
    uint32_t first;
    uint32_t last;
};

struct interval_set {
    struct interval *items; // sorted and disjoint once interval_set_seal was called
    size_t count;
    size_t capacity;
};

void interval_set_init(struct interval_set *set);
void interval_set_fini(struct interval_set *set);

// Appends without ordering. Returns 0, -EINVAL when first > last, -ENOMEM.
int interval_set_add(struct interval_set *set, struct interval item);

// Sorts and merges what was added since; needed before any function below.
void interval_set_seal(struct interval_set *set);

// set = set minus removed; both sealed. Returns 0 or -ENOMEM (set untouched then). *ret_removed counts the addresses
// that went; it may be NULL.
int interval_set_subtract(struct interval_set *set, const struct interval_set *removed, uint64_t *ret_removed);

// set = set intersected with kept; both sealed. Returns 0 or -ENOMEM (set untouched then).
int interval_set_intersect(struct interval_set *set, const struct interval_set *kept);

// Number of addresses of a sealed set, at most 2^32.
uint64_t interval_set_addresses(const struct interval_set *set);

bool interval_set_contains(const struct interval_set *set, uint32_t address);
