// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/turn.h"

#include "control/converse/inquiry.h"
#include "control/converse/lane.h"

bool turn_enter(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    if (inquiry->host_turn)
        return true;
    if (inquiry->host_waiting)
        return false;
    uint32_t index = hash_find(&lane->by_host, inquiry->target.address);
    if (index == HASH_NONE) {
        inquiry->host_turn = hash_put(&lane->by_host, inquiry->target.address, inquiry->index) == 0;
        return true; // without memory for turns nobody is made to wait
    }
    struct inquiry *holder = pool_at(&lane->pool, index);
    struct inquiry *last = holder->host_last == NULL ? holder : holder->host_last;
    last->host_next = inquiry;
    holder->host_last = inquiry;
    inquiry->host_waiting = true;
    return false;
}

void turn_leave(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    struct inquiry *next = inquiry->host_next;
    if (!inquiry->host_turn)
        return;
    if (next == NULL) {
        (void)hash_remove(&lane->by_host, inquiry->target.address);
    } else {
        // The key is there, so this cannot need memory.
        (void)hash_put(&lane->by_host, inquiry->target.address, next->index);
        next->host_last = inquiry->host_last == next ? NULL : inquiry->host_last;
        next->host_turn = true;
        next->host_waiting = false;
        lane_mark(lane, next);
    }
    inquiry->host_turn = false;
    inquiry->host_next = NULL;
    inquiry->host_last = NULL;
}
