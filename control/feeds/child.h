// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Work on bytes of strangers, in a process that has given up what it does not need: other users' rights, new
// descriptors, the network, other programs, other processes. What it has open it may read and write, and memory it may
// take; nothing else (seccomp). A parser that is taken over can spoil its own output, and that is checked.

#include <stdbool.h>
#include <stdint.h>

#include "config/keys.h"

struct child_work {
    // Opens what the work needs, before anything is given up. Returns 0 or -errno, with a complaint.
    int (*prepare)(void *context, struct complaint *ret_complaint);
    // The work. Returns 0 or -errno with a complaint.
    int (*run)(void *context, struct complaint *ret_complaint);
    void *context;
    uint64_t memory_bytes;
    uint64_t cpu_seconds;
    uint64_t file_bytes; // no file that it writes grows beyond
    // It speaks with a server: it may look names up and connect, and open files to read; still no file to write, no
    // other program, no other process, no server of its own.
    bool network;
    bool reads; // it may open files to read, by names that it chooses
};

// Forks, and waits for its end. *ret_value (may be NULL): what the run left in *value_of_run. Returns 0, what prepare
// or run returned, with their complaint, or -ECHILD with one when the child died instead.
int child_run(const struct child_work *work, int64_t *value_of_run, struct complaint *ret_complaint);
