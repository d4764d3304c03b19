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
