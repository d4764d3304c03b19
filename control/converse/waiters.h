// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A line of inquiries that wait for the same thing: first come, first served, and any of them may leave it. An inquiry
// waits in one line at most. One thread.

#include <stddef.h>

struct inquiry;

// All-zero: nobody waits.
struct waiters {
    struct inquiry *first;
    struct inquiry *last;
    size_t count;
};

// Puts it at the end. It must not be waiting.
void waiters_put(struct waiters *waiters, struct inquiry *inquiry);

// Takes it out of the line that it waits in, if it does.
void waiters_remove(struct inquiry *inquiry);
