// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>

#include <criterion/criterion.h>

#include "config/intervals.h"

static void add(struct interval_set *set, uint32_t first, uint32_t last)
{
    cr_assert_eq(interval_set_add(set, (struct interval){first, last}), 0);
}

static void assert_items(const struct interval_set *set, const struct interval *expected, size_t count)
{
    cr_assert_eq(set->count, count, "%zu intervals instead of %zu", set->count, count);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(set->items[i].first, expected[i].first);
        cr_assert_eq(set->items[i].last, expected[i].last);
    }
}

Test(intervals, sealing_sorts_and_merges_overlaps_and_neighbours)
{
    struct interval_set set;
    interval_set_init(&set);
    add(&set, 50, 60);
    add(&set, 10, 20);
    add(&set, 21, 30);
    add(&set, 12, 15);
    add(&set, 60, 61);
    add(&set, UINT32_MAX, UINT32_MAX);
    add(&set, 0, 0);
    interval_set_seal(&set);
    const struct interval expected[] = {{0, 0}, {10, 30}, {50, 61}, {UINT32_MAX, UINT32_MAX}};
    assert_items(&set, expected, 4);
    cr_assert_eq(interval_set_addresses(&set), 1 + 21 + 12 + 1);
    interval_set_fini(&set);
}

Test(intervals, an_interval_that_ends_before_it_begins_is_refused)
{
    struct interval_set set;
    interval_set_init(&set);
    cr_assert_eq(interval_set_add(&set, (struct interval){2, 1}), -EINVAL);
    interval_set_seal(&set);
    cr_assert_eq(interval_set_addresses(&set), 0);
    cr_assert_not(interval_set_contains(&set, 0));
    interval_set_fini(&set);
}

Test(intervals, the_whole_space_is_counted_and_emptied)
{
    struct interval_set all;
    struct interval_set none;
    uint64_t removed = 0;
    interval_set_init(&all);
    interval_set_init(&none);
    add(&all, 0, UINT32_MAX);
    add(&none, 0, UINT32_MAX);
    cr_assert_eq(interval_set_addresses(&all), UINT64_C(1) << 32);
    cr_assert_eq(interval_set_subtract(&all, &none, &removed), 0);
    cr_assert_eq(removed, UINT64_C(1) << 32);
    cr_assert_eq(all.count, 0);
    interval_set_fini(&all);
    interval_set_fini(&none);
}

// One row: sets as bits of a 16-bit word, so that every case is checked against plain bit arithmetic.
static void set_of_bits(uint32_t bits, struct interval_set *ret_set)
{
    interval_set_init(ret_set);
    for (uint32_t i = 0; i < 16; i++)
        if (bits >> i & 1)
            add(ret_set, i, i);
    interval_set_seal(ret_set);
}

static uint32_t bits_of_set(const struct interval_set *set)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 16; i++)
        bits |= (uint32_t)interval_set_contains(set, i) << i;
    cr_assert_eq(interval_set_addresses(set), (uint64_t)__builtin_popcount(bits));
    return bits;
}

Test(intervals, set_operations_agree_with_bit_arithmetic)
{
    uint32_t state = 1;
    for (size_t round = 0; round < 3000; round++) {
        state = state * 1664525 + 1013904223;
        uint32_t a = state >> 16;
        state = state * 1664525 + 1013904223;
        uint32_t b = state >> 16;
        struct interval_set left;
        struct interval_set right;
        uint64_t removed;
        set_of_bits(a, &left);
        set_of_bits(b, &right);
        cr_assert_eq(interval_set_subtract(&left, &right, &removed), 0);
        cr_assert_eq(bits_of_set(&left), a & ~b);
        cr_assert_eq(removed, (uint64_t)__builtin_popcount(a & b));
        interval_set_fini(&left);
        set_of_bits(a, &left);
        cr_assert_eq(interval_set_intersect(&left, &right), 0);
        cr_assert_eq(bits_of_set(&left), a & b);
        interval_set_fini(&left);
        interval_set_fini(&right);
    }
}
