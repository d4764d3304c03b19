// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The children of a watch, one at a time, each in a process group of its own, so that Ctrl-C reaches it once: through
// us. A child ends when we do, however that comes.

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum { WATCH_CHILD_LATE = 1000, WATCH_CHILD_SIGNAL = 128 };

struct watch_children {
    sigset_t before; // the mask that children get back
    uint64_t stops;  // SIGINT, SIGTERM and SIGHUP that came
};

// Blocks SIGINT, SIGTERM, SIGHUP and SIGCHLD.
void watch_children_init(struct watch_children *children);

// Runs `run` in a child and waits for its end; its result is the child's exit status. Signals that stop are passed on.
// limit_s: after so long its group is killed; 0 = never. Returns the exit status, WATCH_CHILD_SIGNAL and the signal
// that ended it, WATCH_CHILD_LATE, or 1 after a line when there could be no child.
int watch_child_run(struct watch_children *children, int (*run)(void *context), void *context, uint32_t limit_s);

// Waits until a moment of CLOCK_REALTIME, most_s at most (clocks are set). False when a signal came that stops.
bool watch_children_sleep(struct watch_children *children, int64_t until_s, int64_t most_s);
