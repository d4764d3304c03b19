// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Keeps the checkpoint of a running scan: a thread of its own, because a disk may take seconds to write and the
// heartbeat may not wait. Together with what it waits for (durable.h, the journal's sync), what a crash repeats stays
// below the reply horizon and one second.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/scan/checkpoint.h"
#include "control/scan/durable.h"
#include "control/scan/output.h"
#include "control/scan/shared.h"

struct checkpointer {
    struct checkpoint checkpoint; // as it was at the start; the thread keeps it up to date
    const struct shared *shared;
    const char *folder; // its name, for messages
    int folder_fd;
    struct durable durable;
    pthread_t thread;
    uint64_t start_ns; // CLOCK_MONOTONIC
    uint64_t active_ns;
    _Atomic bool over;
    bool running;
    bool failed; // a write failed: said once
};

// Writes the first checkpoint and starts the thread. checkpoint is copied; output and shared outlive it. Returns 0 or
// -errno.
int checkpointer_start(struct checkpointer *checkpointer, const struct checkpoint *checkpoint,
                       const struct shared *shared, const struct output *output);

// Ends the thread and writes the last checkpoint, once control has ended. Does nothing when it was not started. Returns
// 0 or -errno.
int checkpointer_stop(struct checkpointer *checkpointer, bool complete);
