// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "control/converse/budget.h"

static const uint64_t SECOND = UINT64_C(1000000000);
static const struct image_settings SETTINGS = {
    .rate_pps = 10000, .network_rate_pps = 1000, .converse_rate_pps = 100000, .workers = 2, .lanes = 2};

static struct budget budget;

static void budget_begin(void)
{
    budget_init(&budget, &SETTINGS, SETTINGS.lanes, SECOND);
    budget_refill(&budget, SECOND + 1);
}

TestSuite(budget, .init = budget_begin);

Test(budget, connections_to_one_network_get_times_at_its_rate)
{
    uint64_t last_ns = 0;
    for (uint32_t i = 0; i < 4750; i++) {
        uint64_t at_ns = budget_open(&budget, 0x0a500000 + i % 256);
        cr_assert_geq(at_ns, last_ns);
        last_ns = at_ns;
    }
    double seconds = (double)(last_ns - SECOND) / 1e9;
    cr_assert(seconds > 9.9 && seconds < 10.0, "475 a second, 95 %% of a half, less what may come at once: %g",
              seconds);
    cr_assert_leq(budget_open(&budget, 0x0a510000), SECOND + SECOND / 100 * 110, "another /24 need not wait so long");
}

Test(budget, connections_get_times_at_the_workers_share_of_the_rate)
{
    uint64_t last_ns[2] = {0};
    uint64_t count[2] = {0};
    for (uint32_t i = 0; i < 40000; i++) {
        uint32_t address = 0x0a000000 + i * 256;
        uint32_t worker = channel_worker(address, 2);
        last_ns[worker] = budget_open(&budget, address);
        count[worker]++;
    }
    for (uint32_t worker = 0; worker < 2; worker++) {
        cr_assert_gt(count[worker], 19000, "workers have about as many networks: %lu", count[worker]);
        double rate = (double)count[worker] / ((double)(last_ns[worker] - SECOND) / 1e9);
        cr_assert(rate > 2300 && rate < 2400, "95 %% of a quarter of 10,000, not %g", rate);
    }
}

Test(budget, what_is_not_used_is_not_saved_up)
{
    for (int i = 0; i < 1000; i++)
        (void)budget_open(&budget, 0x0a500000);
    budget_refill(&budget, 100 * SECOND);
    unsigned now = 0;
    for (int i = 0; i < 1000; i++)
        now += budget_open(&budget, 0x0a500000) == 100 * SECOND;
    cr_assert(now >= 20 && now <= 26, "at once no more than in 50 ms: %u", now);
}

Test(budget, one_workers_frames_used_up_hold_everything_until_they_are_earned)
{
    uint64_t now_ns = SECOND;
    for (int i = 0; i < 1000; i++)
        budget_refill(&budget, now_ns += SECOND / 1000);
    unsigned frames = 0;
    for (; budget_left(&budget); frames++)
        budget_take(&budget, 1);
    cr_assert_eq(frames, 475, "20 ms of 95 %% of a quarter of 100,000 a second");
    budget_take(&budget, 1);
    budget_take(&budget, 0);
    budget_refill(&budget, now_ns += SECOND / 100000);
    cr_assert_not(budget_left(&budget), "a debt is to be earned first");
    budget_refill(&budget, now_ns += SECOND / 1000);
    cr_assert(budget_left(&budget));
}

Test(budget, strays_take_nothing_from_conversations_and_have_little)
{
    uint64_t now_ns = SECOND;
    unsigned answered = 0;
    for (int i = 0; i < 10000; i++) {
        budget_refill(&budget, now_ns += SECOND / 1000);
        for (int j = 0; j < 100; j++)
            answered += budget_stray(&budget);
        cr_assert(budget_left(&budget) || i == 0);
    }
    cr_assert(answered >= 9990 && answered <= 10064, "2 %% of a half of 100,000 a second, not %u", answered);
}

Test(budget, without_rates_nothing_waits)
{
    const struct image_settings none = {.workers = 1};
    budget_init(&budget, &none, 1, SECOND);
    budget_refill(&budget, SECOND + 1);
    cr_assert(budget_left(&budget));
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(budget_open(&budget, 0x0a500000), SECOND + 1);
    for (int i = 0; i < 1000; i++) {
        budget_refill(&budget, SECOND + 2);
        budget_take(&budget, 0);
        cr_assert(budget_left(&budget));
    }
}
