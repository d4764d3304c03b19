// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include <criterion/criterion.h>

#include "control/store/counters.h"

Test(counters, every_counter_is_documented_and_named_once)
{
    for (size_t i = 0; i < CONTROL_COUNTER_COUNT; i++) {
        cr_assert_gt(strlen(control_counter_help[i]), 8);
        for (size_t j = 0; j < i; j++)
            cr_assert_str_neq(control_counter_names[i], control_counter_names[j]);
    }
}
