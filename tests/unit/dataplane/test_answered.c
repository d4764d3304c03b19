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

// Of one position; its neighbours in the word, set and not set, stay as they were.
Test(answered, settles_and_looks_with_one_writer_and_with_several)
{
    static const uint64_t OFFSETS[] = {0, 31, 32, 63, 64, 191};
    for (size_t at = 0; at < sizeof(OFFSETS) / sizeof(OFFSETS[0]); at++) {
        for (unsigned row = 0; row < 8; row++) {
            const bool one_writer = (row & 1) != 0;
            const bool set = (row & 2) != 0;
            const bool was_set = (row & 4) != 0;
            struct answered answered;
            cr_assert_eq(answered_init(&answered, 0, 192, 192), 0);
            cr_assert_not(answered.one_writer, "not before somebody says so");
            for (uint64_t i = 0; i < 192; i++)
                if (i == OFFSETS[at] ? was_set : i % 3 == 0)
                    cr_assert_not(answered_set(&answered, 0, i));
            answered.one_writer = one_writer;
            cr_assert_eq(answered_settle(&answered, 0, OFFSETS[at], set), was_set, "row %u", row);
            for (uint64_t i = 0; i < 192; i++)
                cr_assert_eq(answered_test(&answered, 0, i), i == OFFSETS[at] ? was_set || set : i % 3 == 0,
                             "row %u, position %lu", row, i);
            answered_fini(&answered);
        }
    }
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
