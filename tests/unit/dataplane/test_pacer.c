// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "dataplane/pacer.h"

static const uint64_t TSC_HZ = UINT64_C(2300000000);

// Tokens given within `seconds` of simulated time, asked for every `step` ticks.
static uint64_t tokens_in(double rate, double seconds, uint64_t step)
{
    struct pacer pacer;
    uint64_t given = 0;
    pacer_init(&pacer, rate, TSC_HZ, 1000);
    uint64_t end = 1000 + (uint64_t)(seconds * (double)TSC_HZ);
    for (uint64_t now = 1000; now <= end; now += step)
        given += pacer_take(&pacer, now, 64);
    return given;
}

Test(pacer, is_exact_to_one_percent_from_one_per_second_to_ten_million)
{
    const double rates[] = {1, 7, 50, 333, 1000, 20000, 123456, 1e6, 5e6, 1e7};
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        double seconds = rates[i] < 1000 ? 1000.0 / rates[i] : 1.0;
        uint64_t step = (uint64_t)((double)TSC_HZ / rates[i] / 3) + 97;
        step = step > 10000 ? 10000 : step;
        double given = (double)tokens_in(rates[i], seconds, step);
        double wanted = rates[i] * seconds;
        cr_assert(given <= wanted * 1.0001 + 1 && given >= wanted * 0.99 - 1, "%g/s: %g instead of %g", rates[i], given,
                  wanted);
    }
}

Test(pacer, catches_up_after_short_pauses)
{
    // Asked for every 3 ms only, as by a worker that sleeps: the mean stays right.
    double given = (double)tokens_in(20000, 2.0, TSC_HZ / 1000 * 3);
    cr_assert(given > 2.0 * 20000 * 0.99 && given <= 2.0 * 20000 * 1.001, "%g", given);
}

Test(pacer, never_floods_after_a_long_pause)
{
    struct pacer pacer;
    pacer_init(&pacer, 1e6, TSC_HZ, 0);
    uint64_t given = 0;
    for (int i = 0; i < 10000; i++)
        given += pacer_take(&pacer, TSC_HZ * 10, 64);
    cr_assert_leq(given, 20000, "20 ms worth at most, not 10 s");
}

Test(pacer, gives_nothing_at_rate_zero_and_follows_a_change)
{
    struct pacer pacer;
    pacer_init(&pacer, 0, TSC_HZ, 0);
    cr_assert_eq(pacer_take(&pacer, TSC_HZ, 64), 0);
    pacer_rate(&pacer, 1000, TSC_HZ);
    cr_assert_gt(pacer_take(&pacer, TSC_HZ * 2, 64), 0);
}

Test(pacer, what_was_returned_comes_back_and_debts_are_paid)
{
    struct pacer pacer;
    pacer_init(&pacer, 64000, TSC_HZ, 0);
    uint32_t taken = pacer_take(&pacer, TSC_HZ / 1000, 64);
    cr_assert(taken >= 63);
    pacer_return(&pacer, 10);
    cr_assert(pacer_take(&pacer, TSC_HZ / 1000, 64) >= 10);
    for (int i = 0; i < 64; i++)
        cr_assert(pacer_borrow(&pacer, TSC_HZ / 1000), "%d", i);
    cr_assert_eq(pacer_take(&pacer, TSC_HZ / 1000 * 3 / 2, 64), 0);
}
