// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "probes/packet/order.h"

static const uint64_t seeds[] = {0, 1, UINT64_C(0xfeedfacecafebeef)};

static struct order order_of(uint64_t count, uint64_t seed)
{
    struct order order;
    cr_assert_eq(order_init(&order, count, seed), 0);
    cr_assert_geq((uint64_t)order.rows * order.columns, count);
    cr_assert_lt((uint64_t)order.rows * order.columns, count + order.rows);
    return order;
}

static void assert_exactly_once(uint64_t count, uint64_t seed)
{
    static uint8_t seen[1 << 21];
    cr_assert_leq(count, sizeof(seen));
    memset(seen, 0, count);
    struct order order = order_of(count, seed);
    for (uint64_t position = 0; position < count; position++) {
        uint64_t index = order_index(&order, position);
        cr_assert_lt(index, count);
        cr_assert_eq(seen[index], 0, "index %lu of %lu came twice, seed %lu", index, count, seed);
        seen[index] = 1;
        cr_assert_eq(order_position(&order, index), position);
    }
}

Test(order, every_small_count_gives_every_index_exactly_once)
{
    for (uint64_t count = 1; count <= 3000; count++)
        assert_exactly_once(count, seeds[count % 3]);
    for (uint64_t count = 3001; count <= 5000; count++)
        assert_exactly_once(count, count);
}

Test(order, odd_counts_give_every_index_exactly_once)
{
    static const uint64_t counts[] = {65535, 65536, 65537, 99991, 262143, 500009, 1000001, 1048576, 2097152};
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
        for (size_t s = 0; s < 3; s++)
            assert_exactly_once(counts[c], seeds[s]);
}

Test(order, the_inverse_holds_up_to_the_largest_count)
{
    static const uint64_t ports[] = {1, 2, 256, 512, 65536};
    static const uint64_t addresses[] = {
        1, 3, 254, 65536, 41797240, 157608694, UINT64_C(4294967295), UINT64_C(4294967296)};
    uint64_t state = 7;
    for (size_t p = 0; p < 5; p++)
        for (size_t a = 0; a < 8; a++) {
            uint64_t count = ports[p] * addresses[a];
            struct order order = order_of(count, count ^ 5);
            for (size_t n = 0; n < 20000; n++) {
                state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
                uint64_t position = n < 2 ? n * (count - 1) : (state >> 16) % count;
                uint64_t index = order_index(&order, position);
                cr_assert_lt(index, count);
                cr_assert_eq(order_position(&order, index), position);
            }
        }
}

Test(order, division_by_reciprocal_is_exact_around_every_multiple)
{
    uint64_t state = 3;
    for (size_t n = 0; n < 2000000; n++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        uint32_t divisor = (uint32_t)(state >> 40) + 1;
        uint64_t quotient = (state >> 5) % ((UINT64_C(1) << 48) / divisor) + 1;
        double reciprocal = reciprocal_of(divisor);
        cr_assert_eq(reciprocal_divide(quotient * divisor, reciprocal), quotient);
        cr_assert_eq(reciprocal_divide(quotient * divisor - 1, reciprocal), quotient - 1);
    }
}

Test(order, counts_out_of_range_are_refused)
{
    struct order order = {.count = 42};
    cr_assert_eq(order_init(&order, 0, 1), -EINVAL);
    cr_assert_eq(order_init(&order, ORDER_COUNT_MAX + 1, 1), -EINVAL);
    cr_assert_eq(order.count, 42);
    cr_assert_eq(order_init(&order, ORDER_COUNT_MAX, 1), 0);
    cr_assert_eq(order.rows, 1u << 24);
}

// A seed printed in a summary has to repeat the same scan for ever: these numbers must not change.
Test(order, a_seed_gives_the_same_order_for_ever)
{
    static const struct {
        uint64_t count, seed, position, index;
    } known[] = {
        {UINT64_C(10), 0, UINT64_C(0), UINT64_C(7)},
        {UINT64_C(10), 0, UINT64_C(9), UINT64_C(5)},
        {UINT64_C(10), 42, UINT64_C(0), UINT64_C(6)},
        {UINT64_C(10), 42, UINT64_C(9), UINT64_C(3)},
        {UINT64_C(1000), 0, UINT64_C(0), UINT64_C(590)},
        {UINT64_C(1000), 0, UINT64_C(999), UINT64_C(774)},
        {UINT64_C(1000), 42, UINT64_C(0), UINT64_C(122)},
        {UINT64_C(1000), 42, UINT64_C(999), UINT64_C(907)},
        {UINT64_C(1260869552), 0, UINT64_C(0), UINT64_C(503124653)},
        {UINT64_C(1260869552), 0, UINT64_C(1260869551), UINT64_C(359419660)},
        {UINT64_C(1260869552), 42, UINT64_C(0), UINT64_C(1216976744)},
        {UINT64_C(1260869552), 42, UINT64_C(1260869551), UINT64_C(651466963)},
        {UINT64_C(4294967296), 0, UINT64_C(0), UINT64_C(2259144389)},
        {UINT64_C(4294967296), 0, UINT64_C(4294967295), UINT64_C(2432478609)},
        {UINT64_C(4294967296), 42, UINT64_C(0), UINT64_C(4230708478)},
        {UINT64_C(4294967296), 42, UINT64_C(4294967295), UINT64_C(1127025904)},
        {UINT64_C(281474976710656), 0, UINT64_C(0), UINT64_C(160511541674894)},
        {UINT64_C(281474976710656), 0, UINT64_C(281474976710655), UINT64_C(87336813780937)},
        {UINT64_C(281474976710656), 42, UINT64_C(0), UINT64_C(82564867854554)},
        {UINT64_C(281474976710656), 42, UINT64_C(281474976710655), UINT64_C(35851445814602)},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct order order = order_of(known[i].count, known[i].seed);
        cr_assert_eq(order_index(&order, known[i].position), known[i].index, "answer %zu", i);
    }
}
