// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>

#include "dataplane/answered.h"

Test(answered, remembers_each_position_apart)
{
    struct answered answered;
    cr_assert_eq(answered_init(&answered, 100, 100 + 1000, 4096), 0);
    for (uint64_t i = 0; i < 1000; i++) {
        cr_assert_not(answered_test(&answered, 0, i));
        cr_assert_not(answered_set(&answered, 0, i));
        cr_assert(answered_set(&answered, 0, i), "the second time it was set");
        if (i + 1 < 1000)
            cr_assert_not(answered_test(&answered, 0, i + 1));
    }
    answered_fini(&answered);
}

Test(answered, odd_and_even_segments_do_not_share_bits_and_clear_apart)
{
    struct answered answered;
    cr_assert_eq(answered_init(&answered, 0, 640, 128), 0);
    answered_set(&answered, 0, 5);
    cr_assert_not(answered_test(&answered, 1, 5));
    answered_set(&answered, 1, 5);
    answered_clear(&answered, 2);
    cr_assert_not(answered_test(&answered, 2, 5));
    cr_assert(answered_test(&answered, 1, 5));
    answered_fini(&answered);
}

Test(answered, refuses_an_empty_range_and_uneven_segments)
{
    struct answered answered;
    cr_assert_eq(answered_init(&answered, 5, 5, 64), -EINVAL);
    cr_assert_eq(answered_init(&answered, 0, 5, 63), -EINVAL);
    cr_assert_eq(answered_init(&answered, 0, 5, 0), -EINVAL);
}

Test(answered, holds_a_whole_segment_of_four_billion_without_touching_memory)
{
    struct answered answered;
    cr_assert_eq(answered_init(&answered, 0, UINT64_C(1) << 33, UINT64_C(1) << 32), 0);
    cr_assert_eq(answered.bytes, (size_t)512 << 20);
    cr_assert_not(answered_set(&answered, 1, UINT64_C(0xffffffff)));
    cr_assert(answered_test(&answered, 1, UINT64_C(0xffffffff)));
    cr_assert_not(answered_test(&answered, 0, UINT64_C(0xffffffff)));
    answered_fini(&answered);
}
