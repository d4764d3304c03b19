// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include <criterion/criterion.h>

#include "control/converse/queue.h"

Test(queue, gives_back_in_order_across_growth)
{
    struct queue queue = {0};
    struct target target = {0};
    uint64_t put = 0;
    uint64_t taken = 0;
    for (int i = 0; i < 3000; i++) {
        for (int j = 0; j < 3; j++, put++)
            cr_assert_eq(queue_put(&queue, &(struct target){.position = put}), 0);
        cr_assert(queue_take(&queue, &target));
        cr_assert_eq(target.position, taken++);
    }
    while (queue_take(&queue, &target))
        cr_assert_eq(target.position, taken++);
    cr_assert_eq(taken, put);
    queue_fini(&queue);
}

Test(queue, what_is_put_first_is_taken_first)
{
    struct queue queue = {0};
    struct target taken;
    for (uint64_t put = 0; put < 300; put++)
        cr_assert_eq((put % 2 == 0 ? queue_put : queue_put_first)(&queue, &(struct target){.position = put}), 0);
    cr_assert_eq(queue_at(&queue, 1)->position, 297);
    for (uint64_t odd = 300; odd > 0; odd -= 2)
        cr_assert(queue_take(&queue, &taken) && taken.position == odd - 1, "%lu", taken.position);
    for (uint64_t even = 0; even < 300; even += 2)
        cr_assert(queue_take(&queue, &taken) && taken.position == even, "%lu", taken.position);
    cr_assert_not(queue_take(&queue, &taken));
    queue_fini(&queue);
}
