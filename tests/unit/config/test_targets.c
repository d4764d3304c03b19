// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "config/intervals.h"
#include "config/image/targets.h"
#include "config/targets_build.h"

static void build(const struct interval *items, size_t count, struct interval_set *ret_set,
                  struct targets_storage *ret_storage)
{
    interval_set_init(ret_set);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(interval_set_add(ret_set, items[i]), 0);
    interval_set_seal(ret_set);
    cr_assert_eq(targets_build(ret_set, ret_storage), 0);
    cr_assert_eq(ret_storage->targets.count, interval_set_addresses(ret_set));
}

// Every ordinal gives another address of the set, and that address gives the ordinal back.
static void assert_bijection(const struct interval_set *set, const struct targets *targets)
{
    for (uint64_t ordinal = 0; ordinal < targets->count; ordinal++) {
        uint32_t address = targets_address(targets, ordinal);
        cr_assert(interval_set_contains(set, address), "%x is no target", address);
        cr_assert_eq(targets_ordinal(targets, address), (int64_t)ordinal);
    }
}

// The neighbours of every interval are outside, unless they belong to another one.
static void assert_edges(const struct interval_set *set, const struct targets *targets)
{
    for (size_t i = 0; i < set->count; i++) {
        uint32_t around[] = {set->items[i].first - 1, set->items[i].first, set->items[i].last, set->items[i].last + 1};
        for (size_t a = 0; a < 4; a++)
            cr_assert_eq(targets_ordinal(targets, around[a]) != TARGETS_NONE, interval_set_contains(set, around[a]));
    }
}

Test(targets, pieces_fall_into_their_classes)
{
    // 10.0.0.0/23 | 10.0.2.16/28 | 10.0.2.35 and 10.0.2.36 | the very last address
    const struct interval items[] = {
        {0x0a000000, 0x0a0001ff}, {0x0a000210, 0x0a00021f}, {0x0a000223, 0x0a000224}, {0xffffffff, 0xffffffff}};
    struct interval_set set;
    struct targets_storage storage;
    build(items, 4, &set, &storage);
    cr_assert_eq(storage.targets.whole_addresses, 512);
    cr_assert_eq(storage.targets.sixteen_addresses, 16);
    cr_assert_eq(storage.targets.count, 512 + 16 + 3);
    cr_assert_eq(storage.targets.base_count, 2 + 1 + 3);
    cr_assert_eq(storage.targets.block_count, 3);
    cr_assert_eq(storage.targets.partial_count, 2);
    cr_assert_eq(targets_address(&storage.targets, 530), UINT32_MAX);
    assert_bijection(&set, &storage.targets);
    assert_edges(&set, &storage.targets);
    targets_storage_fini(&storage);
    interval_set_fini(&set);
}

Test(targets, every_length_at_every_offset_of_a_network_is_exact)
{
    for (uint32_t first = 0; first < 256; first += 5) {
        for (uint32_t length = 1; length < 600; length += 13) {
            const struct interval items[] = {{0xc0000000 + first, 0xc0000000 + first + length - 1}};
            struct interval_set set;
            struct targets_storage storage;
            build(items, 1, &set, &storage);
            assert_bijection(&set, &storage.targets);
            assert_edges(&set, &storage.targets);
            targets_storage_fini(&storage);
            interval_set_fini(&set);
        }
    }
}

Test(targets, the_whole_address_space_compiles)
{
    const struct interval items[] = {{0, UINT32_MAX}};
    struct interval_set set;
    struct targets_storage storage;
    build(items, 1, &set, &storage);
    cr_assert_eq(storage.targets.count, UINT64_C(1) << 32);
    for (uint64_t ordinal = 0; ordinal <= UINT32_MAX; ordinal += 65521) {
        cr_assert_eq(targets_address(&storage.targets, ordinal), (uint32_t)ordinal);
        cr_assert_eq(targets_ordinal(&storage.targets, (uint32_t)ordinal), (int64_t)ordinal);
    }
    targets_storage_fini(&storage);
    interval_set_fini(&set);
}

Test(targets, an_empty_set_is_refused_and_leaves_the_result_alone)
{
    struct interval_set set;
    struct targets_storage storage = {.targets.count = 7};
    interval_set_init(&set);
    cr_assert_eq(targets_build(&set, &storage), -EINVAL);
    cr_assert_eq(storage.targets.count, 7);
}
