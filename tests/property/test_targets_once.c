// SPDX-License-Identifier: BSD-3-Clause
// Property: over random sets of single addresses, /28s, networks and ranges, every target has exactly one ordinal, and
// ordinals without a target do not exist.
#include <stdlib.h>

#include <criterion/criterion.h>

#include "config/intervals.h"
#include "config/image/targets.h"
#include "config/targets_build.h"

enum { ROUNDS = 400, SPACE = 1 << 18 };

static uint64_t state;

// xorshift64* (Vigna, 2016)
static uint32_t random_below(uint32_t limit)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)(((state * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % limit);
}

// One piece within the window of SPACE addresses at base, of a shape that stresses another class each time.
static struct interval random_piece(uint32_t base)
{
    static const uint32_t sizes[] = {1, 1, 2, 15, 16, 17, 255, 256, 257, 4096, 65536};
    uint32_t size = sizes[random_below(sizeof(sizes) / sizeof(sizes[0]))];
    uint32_t offset = random_below(SPACE - size + 1);
    if (random_below(2) == 0)
        offset -= offset % size;
    return (struct interval){base + offset, base + offset + size - 1};
}

static void random_set(uint32_t base, struct interval_set *ret_set)
{
    struct interval_set holes;
    interval_set_init(ret_set);
    interval_set_init(&holes);
    for (uint32_t i = 0, pieces = 1 + random_below(60); i < pieces; i++)
        cr_assert_eq(interval_set_add(ret_set, random_piece(base)), 0);
    for (uint32_t i = 0, pieces = random_below(20); i < pieces; i++)
        cr_assert_eq(interval_set_add(&holes, random_piece(base)), 0);
    interval_set_seal(ret_set);
    interval_set_seal(&holes);
    cr_assert_eq(interval_set_subtract(ret_set, &holes, NULL), 0);
    interval_set_fini(&holes);
}

static void assert_each_once(const struct interval_set *set, uint32_t base, uint8_t *seen)
{
    struct targets_storage storage;
    uint64_t found = 0;
    cr_assert_eq(targets_build(set, &storage), 0);
    const struct targets *targets = &storage.targets;
    memset(seen, 0, SPACE);
    cr_assert_eq(targets->count, interval_set_addresses(set));
    for (uint64_t ordinal = 0; ordinal < targets->count; ordinal++) {
        uint32_t address = targets_address(targets, ordinal);
        cr_assert(address - base < SPACE && seen[address - base]++ == 0, "ordinal %lu", (unsigned long)ordinal);
        cr_assert_eq(targets_ordinal(targets, address), (int64_t)ordinal);
    }
    for (uint32_t i = 0; i < SPACE; i++) {
        cr_assert_eq(targets_ordinal(targets, base + i) != TARGETS_NONE, seen[i] == 1);
        found += seen[i];
    }
    cr_assert_eq(found, targets->count);
    targets_storage_fini(&storage);
}

Test(targets, every_target_has_exactly_one_ordinal)
{
    static const uint32_t bases[] = {0, 0x0a000000, 0x7fff0000, UINT32_MAX - SPACE + 1};
    uint8_t *seen = malloc(SPACE);
    state = 0x9e3779b97f4a7c15;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct interval_set set;
        uint32_t base = bases[round % 4];
        random_set(base, &set);
        if (set.count > 0)
            assert_each_once(&set, base, seen);
        interval_set_fini(&set);
    }
    free(seen);
}
