// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The two programs that a scan runs. Each gets the descriptors that it is given and nothing else, a process group of
// its own (so that a Ctrl-C reaches only `sonde scan`), standard input from /dev/null and standard output joined to
// standard error.

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CHILD_DESCRIPTORS_MAX = 8, CHILD_ARGUMENTS_MAX = 2 * CHILD_DESCRIPTORS_MAX + 8 };

struct child {
    const char *name; // "sonde-dataplane", for messages
    pid_t pid;        // 0 = not running
    int wait_status;  // of the last one that ended, as waitpid gives it
};

struct child_descriptor {
    const char *option; // "--image"; NULL: only stays open, under the number that it has
    int fd;
};

struct child_start {
    const char *path;
    const struct child_descriptor *descriptors;
    size_t descriptor_count;
    const char *const *arguments; // further ones, NULL-terminated; NULL = none
    const char *variable;         // "NAME", set in its environment to `value`; NULL = none
    const char *value;
    int output_fd; // becomes its standard error and output; -1 = our own standard error
};

// Starts the program. Returns 0, or -errno also of an exec that failed.
int child_start(struct child *child, const struct child_start *start);

// Whether it has ended since; takes its status without waiting.
bool child_ended(struct child *child);

// Sends a signal to it while it runs.
void child_signal(const struct child *child, int signal);

// Waits at most timeout_ms for its end, then kills it and waits for that.
void child_finish(struct child *child, int timeout_ms);

// "exit status 1", "killed by signal 9 (Killed)" in the caller's text.
const char *child_describe_end(const struct child *child, char text[static 64]);

// It ended with exit status 0.
bool child_succeeded(const struct child *child);
