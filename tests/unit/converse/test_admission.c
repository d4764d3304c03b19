// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "control/converse/admission.h"

static const uint64_t SECOND = UINT64_C(1000000000);

// A server that answers `per_second` and makes what is over that wait; played for some seconds. Returns the mean window
// over the last half.
static double play(struct admission *admission, double per_second, double path_seconds, double seconds)
{
    double sum = 0;
    uint64_t turns = 0;
    const uint64_t step = SECOND / 100;
    for (uint64_t now = SECOND; now < SECOND + (uint64_t)(seconds * 1e9); now += step) {
        uint64_t window = admission_window(admission, (uint64_t)admission->window, now);
        // By Little's law everyone waits for those before them.
        double delay = path_seconds + (double)window / per_second;
        for (int i = 0; i < 20; i++)
            admission_sample(admission, now, now + (uint64_t)(delay * 1e9));
        if (now > SECOND + (uint64_t)(seconds * 0.5e9)) {
            sum += (double)window;
            turns++;
        }
    }
    return sum / (double)turns;
}

Test(admission, opens_up_to_the_limit_when_answers_are_prompt)
{
    struct admission admission;
    admission_init(&admission, 10000, SECOND);
    cr_assert_geq(play(&admission, 1e6, 0.1, 10), 9999);
}

Test(admission, settles_where_answers_still_come_in_time)
{
    struct admission admission;
    admission_init(&admission, 10000, SECOND);
    double window = play(&admission, 1000, 0.05, 60);
    cr_assert(window > 100 && window < 800, "1,000 conversations a second, %g at once", window);
}

Test(admission, never_leaves_its_bounds)
{
    struct admission admission;
    admission_init(&admission, 3, SECOND);
    cr_assert_eq(admission_window(&admission, 0, SECOND), 3);
    for (uint64_t now = SECOND; now < SECOND * 20; now += SECOND / 10) {
        for (int i = 0; i < 50; i++)
            admission_sample(&admission, now, now + SECOND * 5);
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

Test(admission, old_answers_say_nothing_about_the_window_as_it_is)
{
    struct admission admission;
    admission_init(&admission, 10000, SECOND * 2);
    for (int i = 0; i < 1000; i++)
        admission_sample(&admission, SECOND, SECOND * 9);
    uint64_t before = admission_window(&admission, 0, SECOND * 3);
    cr_assert_eq(admission_window(&admission, 0, SECOND * 4), before);
}
