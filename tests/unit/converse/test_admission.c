// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "control/converse/admission.h"

static const uint64_t SECOND = UINT64_C(1000000000);

// A lane that handles `per_second` segments and makes what is over that wait, with as many under way as there are
// conversations; played for some seconds. Returns the mean window over the last half.
static double play(struct admission *admission, double per_second, double seconds)
{
    double sum = 0;
    uint64_t turns = 0;
    const uint64_t step = SECOND / 100;
    for (uint64_t now = SECOND * 10; now < SECOND * 10 + (uint64_t)(seconds * 1e9); now += step) {
        uint64_t window = admission_window(admission, (uint64_t)admission->window, now);
        // By Little's law everyone waits for those before them.
        double wait = (double)window / per_second;
        for (int i = 0; i < 20; i++)
            admission_sample(admission, (uint64_t)(wait * 1e9), now);
        if (now > SECOND * 10 + (uint64_t)(seconds * 0.5e9)) {
            sum += (double)window;
            turns++;
        }
    }
    return sum / (double)turns;
}

Test(admission, opens_up_to_the_limit_while_segments_are_handled_promptly)
{
    struct admission admission;
    admission_init(&admission, 10000, SECOND);
    cr_assert_geq(play(&admission, 1e6, 10), 9999);
}

Test(admission, settles_where_segments_are_still_handled_in_time)
{
    struct admission admission;
    admission_init(&admission, 10000, SECOND);
    double window = play(&admission, 1000, 60);
    cr_assert(window > 100 && window < 800, "1,000 segments a second, %g conversations at once", window);
}

Test(admission, never_leaves_its_bounds)
{
    struct admission admission;
    admission_init(&admission, 3, SECOND);
    cr_assert_eq(admission_window(&admission, 0, SECOND), 3);
    for (uint64_t now = SECOND; now < SECOND * 20; now += SECOND / 10) {
        for (int i = 0; i < 50; i++)
            admission_sample(&admission, SECOND / 2, now);
        admission_crowded(&admission, now);
        uint64_t window = admission_window(&admission, 3, now);
        cr_assert(window >= 1 && window <= 3, "%lu", window);
    }
    admission_init(&admission, 0, SECOND);
    cr_assert_gt(admission_window(&admission, 0, SECOND), 0);
}

Test(admission, shrinks_when_segments_pile_up_and_no_faster_than_once_a_period)
{
    struct admission admission;
    admission_init(&admission, 10000, SECOND);
    uint64_t before = admission_window(&admission, 0, SECOND);
    for (uint64_t i = 0; i < 100; i++)
        admission_crowded(&admission, SECOND + ADMISSION_PERIOD_NS + i);
    uint64_t after = admission_window(&admission, 0, SECOND + ADMISSION_PERIOD_NS + 200);
    cr_assert(after < before && after > before / 2, "%lu to %lu", before, after);
}

Test(admission, what_was_received_earlier_says_nothing_about_the_window_as_it_is)
{
    struct admission admission;
    admission_init(&admission, 10000, SECOND * 2);
    for (int i = 0; i < 1000; i++)
        admission_sample(&admission, SECOND * 2, SECOND * 3);
    uint64_t before = admission_window(&admission, 0, SECOND * 3);
    cr_assert_eq(admission_window(&admission, 0, SECOND * 4), before);
}

// 512 hosts that answer after 4.5 s once took the window from 128 to 16.
Test(admission, peers_that_take_their_time_do_not_close_the_window_and_silent_ones_do_not_keep_it)
{
    struct admission admission;
    admission_init(&admission, 10000, SECOND);
    for (uint64_t now = SECOND; now < SECOND * 5; now += SECOND / 100)
        (void)admission_window(&admission, (uint64_t)admission.window, now);
    cr_assert_eq(admission_window(&admission, 10000, SECOND * 5), 10000, "nothing came, so nothing waited");
}
