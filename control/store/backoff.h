// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// When to try again what the disk has refused: after 100 ms, then after twice as long each time, at most 1.6 s. One
// thread.

#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_MIN_NS UINT64_C(100000000)
#define BACKOFF_MAX_NS UINT64_C(1600000000)

// All-zero: nothing has failed.
struct backoff {
    uint64_t retry_ns; // not before
    uint64_t wait_ns;  // how long that is, 0 = the last attempt succeeded
};

static inline void backoff_fail(struct backoff *backoff, uint64_t now_ns)
{
    uint64_t wait_ns = backoff->wait_ns == 0 ? BACKOFF_MIN_NS : backoff->wait_ns * 2;
    backoff->wait_ns = wait_ns < BACKOFF_MAX_NS ? wait_ns : BACKOFF_MAX_NS;
    backoff->retry_ns = now_ns + backoff->wait_ns;
}

static inline void backoff_succeed(struct backoff *backoff)
{
    backoff->wait_ns = 0;
}

// Whether it is too early to try.
static inline bool backoff_waits(const struct backoff *backoff, uint64_t now_ns)
{
    return now_ns < backoff->retry_ns;
}

// Whether the last attempt failed.
static inline bool backoff_troubled(const struct backoff *backoff)
{
    return backoff->wait_ns != 0;
}
