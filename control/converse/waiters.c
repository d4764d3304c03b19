// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/waiters.h"

#include "control/converse/inquiry.h"

void waiters_put(struct waiters *waiters, struct inquiry *inquiry)
{
    inquiry->waits_in = waiters;
    inquiry->wait_next = NULL;
    inquiry->wait_before = waiters->last;
    if (waiters->last != NULL)
        waiters->last->wait_next = inquiry;
    else
        waiters->first = inquiry;
    waiters->last = inquiry;
    waiters->count++;
}

void waiters_remove(struct inquiry *inquiry)
{
    struct waiters *waiters = inquiry->waits_in;
    if (waiters == NULL)
        return;
    if (inquiry->wait_before != NULL)
        inquiry->wait_before->wait_next = inquiry->wait_next;
    else
        waiters->first = inquiry->wait_next;
    if (inquiry->wait_next != NULL)
        inquiry->wait_next->wait_before = inquiry->wait_before;
    else
        waiters->last = inquiry->wait_before;
    waiters->count--;
    inquiry->waits_in = NULL;
}
