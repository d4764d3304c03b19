// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>

#include <criterion/criterion.h>

#include "control/converse/hash.h"

Test(hash, holds_what_a_plain_array_holds_through_growth_and_removal)
{
    enum { KEYS = 5000 };
    static uint32_t truth[KEYS];
    struct hash hash;
    srand(5);
    cr_assert_eq(hash_init(&hash, 0), 0);
    for (int i = 0; i < 200000; i++) {
        uint32_t key = (uint32_t)rand() % KEYS;
        if (rand() % 2 == 0) {
            truth[key] = (uint32_t)i + 1;
            cr_assert_eq(hash_put(&hash, (uint64_t)key << 32, truth[key]), 0);
        } else {
            cr_assert_eq(hash_remove(&hash, (uint64_t)key << 32), truth[key] != 0);
            truth[key] = 0;
        }
    }
    size_t count = 0;
    for (uint64_t key = 0; key < KEYS; key++) {
        cr_assert_eq(hash_find(&hash, key << 32), truth[key] == 0 ? HASH_NONE : truth[key]);
        count += truth[key] != 0 ? 1 : 0;
    }
    cr_assert_eq(hash.count, count);
    hash_fini(&hash);
}
