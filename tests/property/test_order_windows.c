// SPDX-License-Identifier: BSD-3-Clause
// The order must not walk networks: any 1,000 consecutive probes are spread over the address space as 1,000 random
// draws would be. What chance is, for an all-cloud plan of 157,608,694 addresses and 8 ports, over WINDOWS windows a
// seed:
//
// - pairs of one window in the same /24: a window has 1,000 * 999 / 2 pairs, each falls together with probability 1 in
//   615,659, so 0.811 are expected a window; the number over all windows is close to Poisson.
// - most probes of one /24 in a window: four or more need four of 1,000 in one of 615,659; over all windows and seeds
//   about WINDOWS * SEEDS * C(1000, 4) / 615659^3 = 0.0036 times. Five or more: 1e-6 times.
// - the spread over 64 equal parts of the space: chi-square with 63 degrees of freedom, mean 63, variance 126.
//
// Limits are at five standard deviations; seeds are fixed, so the test gives the same answer every time.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "probes/packet/order.h"

enum { WINDOW = 1000, WINDOWS = 2000, SEEDS = 10, PARTS = 64, PORTS = 8, MOST_IN_A_24 = 4 };

static const uint64_t addresses = 157608694;

struct tally {
    uint64_t pairs;
    uint64_t most;
    double chi_square;
};

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static void tally_window(const struct order *order, uint64_t start, uint64_t stride, struct tally *tally)
{
    uint32_t networks[WINDOW];
    uint32_t parts[PARTS] = {0};
    for (uint64_t i = 0; i < WINDOW; i++) {
        uint64_t index = order_index(order, start + i * stride);
        networks[i] = (uint32_t)(index / PORTS / 256);
        parts[index * PARTS / order->count]++;
    }
    qsort(networks, WINDOW, sizeof(networks[0]), compare);
    uint64_t run = 1;
    for (size_t i = 1; i < WINDOW; i++) {
        run = networks[i] == networks[i - 1] ? run + 1 : 1;
        tally->pairs += run - 1;
        tally->most = run > tally->most ? run : tally->most;
    }
    const double expected = (double)WINDOW / PARTS;
    for (size_t i = 0; i < PARTS; i++)
        tally->chi_square += (parts[i] - expected) * (parts[i] - expected) / expected;
}

static void assert_as_chance(const struct tally *tally, uint64_t seed, uint64_t stride)
{
    double pairs = (double)WINDOWS * WINDOW * (WINDOW - 1) / 2 / ((double)addresses / 256);
    cr_assert_lt(fabs((double)tally->pairs - pairs), 5 * sqrt(pairs), "seed %lu stride %lu: %lu pairs, chance %.0f",
                 seed, stride, tally->pairs, pairs);
    cr_assert_leq(tally->most, MOST_IN_A_24, "seed %lu stride %lu: %lu in one /24", seed, stride, tally->most);
    double chi_square = tally->chi_square / WINDOWS;
    cr_assert_lt(fabs(chi_square - (PARTS - 1)), 5 * sqrt(2.0 * (PARTS - 1) / WINDOWS),
                 "seed %lu stride %lu: chi-square %.2f", seed, stride, chi_square);
}

// stride: 1 as one worker sends; others as a shard or a worker of several does.
static void check_stride(uint64_t stride)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct order order;
        cr_assert_eq(order_init(&order, addresses * PORTS, seed), 0);
        struct tally tally = {0};
        for (uint64_t n = 0; n < WINDOWS; n++)
            tally_window(&order, (order.count - WINDOW * stride) / WINDOWS * n, stride, &tally);
        assert_as_chance(&tally, seed, stride);
    }
}

Test(order, a_window_of_consecutive_probes_is_spread_like_random_draws)
{
    check_stride(1);
}

Test(order, so_is_a_window_of_one_worker_or_shard_of_several)
{
    check_stride(2);
    check_stride(64);
    check_stride(35509); // about one row of the network further each time
}
