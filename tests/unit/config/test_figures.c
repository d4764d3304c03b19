// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "config/figures.h"

static void same(const char *got, const char *expected)
{
    cr_assert_str_eq(got, expected, "got \"%s\", expected \"%s\"", got, expected);
}

Test(figures, counts_are_grouped_by_three)
{
    char text[FIGURE_MAX];
    same(figure_count(0, text), "0");
    same(figure_count(999, text), "999");
    same(figure_count(1000, text), "1,000");
    same(figure_count(41797240, text), "41,797,240");
    same(figure_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

Test(figures, rates_take_the_prefix_that_leaves_three_digits)
{
    char text[FIGURE_MAX];
    same(figure_scaled(0, "pps", text), "0 pps");
    same(figure_scaled(0.5, "pps", text), "0.50 pps");
    same(figure_scaled(7, "pps", text), "7 pps");
    same(figure_scaled(20000, "pps", text), "20.0 kpps");
    same(figure_scaled(999949, "pps", text), "1000 kpps");
    same(figure_scaled(999951, "pps", text), "1.00 Mpps");
    same(figure_scaled(14.88e6, "pps", text), "14.9 Mpps");
    same(figure_scaled(3e15, "B", text), "3000 TB");
}

Test(figures, durations_have_their_two_largest_units)
{
    char text[FIGURE_MAX];
    same(figure_duration(0.25, text), "0.2 s");
    same(figure_duration(9.96, text), "10 s");
    same(figure_duration(60, text), "1 min");
    same(figure_duration(75, text), "1 min 15 s");
    same(figure_duration(11520, text), "3 h 12 min");
    same(figure_duration(90000, text), "1 d 1 h");
    same(figure_duration(1e30, text), "for ever");
}

Test(figures, clocks_count_hours_without_end)
{
    char text[FIGURE_MAX];
    same(figure_clock(0, text), "0:00:00");
    same(figure_clock(3725.9, text), "1:02:05");
    same(figure_clock(360000, text), "100:00:00");
    same(figure_clock(-1, text), "0:00:00");
}
