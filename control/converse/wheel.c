// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/wheel.h"

#include <string.h>

void wheel_init(struct wheel *wheel, uint64_t now_ns)
{
    memset(wheel, 0, sizeof(*wheel));
    wheel->tick = now_ns / WHEEL_TICK_NS;
}

void wheel_stop(struct wheel_timer *timer)
{
    if (timer->link == NULL)
        return;
    *timer->link = timer->next;
    if (timer->next != NULL)
        timer->next->link = timer->link;
    timer->link = NULL;
}

void wheel_set(struct wheel *wheel, struct wheel_timer *timer, uint64_t deadline_ns)
{
    wheel_stop(timer);
    uint64_t tick = deadline_ns / WHEEL_TICK_NS + 1;
    if (tick < wheel->tick)
        tick = wheel->tick;
    struct wheel_timer **slot = &wheel->slots[tick % WHEEL_SLOTS];
    timer->deadline_ns = deadline_ns;
    timer->next = *slot;
    timer->link = slot;
    if (*slot != NULL)
        (*slot)->link = &timer->next;
    *slot = timer;
}

struct wheel_timer *wheel_expired(struct wheel *wheel, uint64_t now_ns)
{
    uint64_t now_tick = now_ns / WHEEL_TICK_NS;
    // After a long pause one whole turn sees every slot.
    if (now_tick > wheel->tick + WHEEL_SLOTS)
        wheel->tick = now_tick - WHEEL_SLOTS;
    while (wheel->tick <= now_tick) {
        for (struct wheel_timer *timer = wheel->slots[wheel->tick % WHEEL_SLOTS]; timer != NULL; timer = timer->next) {
            if (timer->deadline_ns / WHEEL_TICK_NS < now_tick) {
                wheel_stop(timer);
                return timer;
            }
        }
        if (wheel->tick == now_tick)
            break;
        wheel->tick++;
    }
    return NULL;
}
