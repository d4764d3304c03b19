// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>

#include <criterion/criterion.h>

#include "control/converse/wheel.h"

enum { TIMERS = 2000 };

Test(wheel, every_timer_expires_once_within_two_ticks_of_its_deadline)
{
    static struct wheel wheel;
    static struct wheel_timer timers[TIMERS];
    uint64_t now_ns = 5 * WHEEL_TICK_NS + 17;
    size_t expired = 0;
    srand(1);
    wheel_init(&wheel, now_ns);
    for (size_t i = 0; i < TIMERS; i++)
        wheel_set(&wheel, &timers[i],
                  now_ns + (uint64_t)rand() % (40 * UINT64_C(1000000000))); // some turns of the wheel
    for (size_t i = 0; i < TIMERS; i += 10)
        wheel_stop(&timers[i]);
    while (now_ns < 60 * UINT64_C(1000000000)) {
        struct wheel_timer *timer;
        uint64_t step_ns = (uint64_t)rand() % 3000000;
        now_ns += step_ns;
        while ((timer = wheel_expired(&wheel, now_ns)) != NULL) {
            cr_assert_neq((timer - timers) % 10, 0, "it was stopped");
            cr_assert_leq(timer->deadline_ns, now_ns);
            cr_assert_leq(now_ns - timer->deadline_ns, 2 * WHEEL_TICK_NS + step_ns);
            cr_assert_not(wheel_running(timer));
            expired++;
        }
    }
    cr_assert_eq(expired, TIMERS - TIMERS / 10);
}

Test(wheel, a_timer_set_anew_expires_at_its_new_deadline_also_after_a_long_pause)
{
    static struct wheel wheel;
    struct wheel_timer timer = {0};
    wheel_init(&wheel, 0);
    wheel_set(&wheel, &timer, 10 * WHEEL_TICK_NS);
    wheel_set(&wheel, &timer, 50000 * WHEEL_TICK_NS);
    cr_assert_null(wheel_expired(&wheel, 49999 * WHEEL_TICK_NS));
    cr_assert_eq(wheel_expired(&wheel, 100001 * WHEEL_TICK_NS), &timer);
    cr_assert_null(wheel_expired(&wheel, 200000 * WHEEL_TICK_NS));
}
