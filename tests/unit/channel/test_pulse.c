// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "dataplane/channel/clock.h"
#include "dataplane/channel/pulse.h"

#define MS    UINT64_C(1000000)
#define START (UINT64_C(1000000) * MS)

Test(pulse, a_beat_from_the_watchers_future_is_a_beat_like_any_other)
{
    struct pulse pulse;
    pulse_start(&pulse, 0, START);
    for (uint64_t i = 1; i <= 1000; i++)
        cr_assert_eq(pulse_look(&pulse, START + i * 50 * MS + 3000, START + i * 50 * MS), 0, "look %lu", i);
    cr_assert(pulse.moved);
}

Test(pulse, a_beat_that_goes_backwards_has_moved_too)
{
    struct pulse pulse;
    pulse_start(&pulse, UINT64_MAX, START);
    cr_assert_eq(pulse_look(&pulse, 7, START + 50 * MS), 0);
    cr_assert(pulse.moved);
}

Test(pulse, what_stands_still_is_counted_until_it_moves)
{
    struct pulse pulse;
    pulse_start(&pulse, 5, START);
    for (uint64_t i = 1; i <= 40; i++)
        cr_assert_eq(pulse_look(&pulse, 5, START + i * 50 * MS), i * 50 * MS);
    cr_assert_not(pulse.moved, "an earlier one's last beat is none of this one");
    cr_assert_eq(pulse_look(&pulse, 6, START + 2050 * MS), 0);
    cr_assert(pulse.moved);
    cr_assert_eq(pulse_look(&pulse, 6, START + 2100 * MS), 50 * MS);
}

Test(pulse, a_pause_of_the_watcher_counts_as_a_quarter_of_a_second_at_most)
{
    struct pulse pulse;
    pulse_start(&pulse, 5, START);
    cr_assert_eq(pulse_look(&pulse, 5, START + 3600000 * MS), CLOCK_GAP_NS);
    cr_assert_eq(pulse_look(&pulse, 5, START + 3600000 * MS + CLOCK_GAP_NS), 2 * CLOCK_GAP_NS);
    cr_assert_eq(pulse_look(&pulse, 5, START + 3600000 * MS + CLOCK_GAP_NS + 1), 2 * CLOCK_GAP_NS + 1);
}

Test(pulse, a_clock_that_seems_to_go_backwards_counts_nothing)
{
    struct pulse pulse;
    pulse_start(&pulse, 5, START);
    cr_assert_eq(pulse_look(&pulse, 5, START - 10 * MS), 0);
    cr_assert_eq(pulse_look(&pulse, 5, START + 10 * MS), 10 * MS);
}

Test(clock, a_stamp_that_is_newer_than_now_is_no_age_at_all)
{
    cr_assert_eq(clock_since(START, START - 7), 7);
    cr_assert_eq(clock_since(START, START), 0);
    cr_assert_eq(clock_since(START, START + 1), 0);
    cr_assert_eq(clock_since(START, UINT64_MAX), 0);
    cr_assert_eq(clock_since(START, 0), START);
    uint64_t before_ns = clock_ns();
    cr_assert_leq(before_ns, clock_ns());
    cr_assert_gt(before_ns, 0);
}

// The clock of deadlines, dataplane/channel/clock.h.
Test(clock, it_goes_with_the_time_and_stands_still_through_a_pause)
{
    struct clock_awake clock;
    clock_awake_start(&clock, START);
    cr_assert_eq(clock_awake_ns(&clock, START + 10 * MS, false), START + 10 * MS);
    cr_assert_eq(clock_awake_ns(&clock, START + 10 * MS, false), START + 10 * MS);
    cr_assert_eq(clock_awake_ns(&clock, START + 9 * MS, false), START + 10 * MS, "it never goes back");
    cr_assert_eq(clock_awake_ns(&clock, START + 10 * MS + CLOCK_GAP_NS, false), START + 10 * MS + CLOCK_GAP_NS);
    cr_assert_eq(clock.lost_ns, 0);
    cr_assert_eq(clock_awake_ns(&clock, START + 60000 * MS, false), START + 10 * MS + 2 * CLOCK_GAP_NS);
    cr_assert_eq(clock_awake_ns(&clock, START + 60020 * MS, false), START + 30 * MS + 2 * CLOCK_GAP_NS);
}

Test(clock, it_stands_still_while_nobody_can_be_heard)
{
    struct clock_awake clock;
    clock_awake_start(&clock, START);
    for (uint64_t ms = 10; ms <= 5000; ms += 10)
        cr_assert_eq(clock_awake_ns(&clock, START + ms * MS, true), START);
    cr_assert_eq(clock_awake_ns(&clock, START + 5010 * MS, false), START + 10 * MS);
    cr_assert_eq(clock.lost_ns, 5000 * MS);
}
