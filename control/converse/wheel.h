// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A hashed timer wheel (Varghese and Lauck, 1987, scheme 6): setting and stopping a timer costs the same however many
// run. Ticks of about 2 ms; timers further away than one turn stay in their slot until their turn has come. One thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEEL_TICK_NS (UINT64_C(1) << 21)

enum { WHEEL_SLOTS = 4096 };

// Embedded in what is timed. All-zero: not running.
struct wheel_timer {
    struct wheel_timer *next;
    struct wheel_timer **link; // what points at this one; NULL when it is not running
    uint64_t deadline_ns;
};

struct wheel {
    struct wheel_timer *slots[WHEEL_SLOTS];
    uint64_t tick; // the first one that was not looked at
};

void wheel_init(struct wheel *wheel, uint64_t now_ns);

// (Re)starts the timer. It expires in the first wheel_expired call whose now_ns has passed the deadline by a tick.
void wheel_set(struct wheel *wheel, struct wheel_timer *timer, uint64_t deadline_ns);
void wheel_stop(struct wheel_timer *timer);

static inline bool wheel_running(const struct wheel_timer *timer)
{
    return timer->link != NULL;
}

// One timer that has expired, stopped, or NULL when none has by now_ns. Timers may be set and stopped between calls.
struct wheel_timer *wheel_expired(struct wheel *wheel, uint64_t now_ns);
