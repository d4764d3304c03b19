// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a program that talks to strangers says on standard error, on its way to ours: line by line, each under the
// program's name, with nothing in it that moves a terminal's cursor, and not for ever.

#include <stdbool.h>
#include <stddef.h>

enum { RELAY_LINE_MAX = 512, RELAY_LINES_MAX = 200 };

struct relay {
    const char *name; // "sonde-control"
    int read_fd;      // -1: closed
    size_t length;    // of the line that has begun
    size_t lines;     // that were shown; beyond RELAY_LINES_MAX they are dropped
    char line[RELAY_LINE_MAX];
};

// Opens a pipe for a program that is about to start. *ret_write_fd is for it, and the caller closes its copy. Returns 0
// or -errno.
int relay_open(struct relay *relay, const char *name, int *ret_write_fd);

// Shows what has come. Does not wait. Does nothing when it is closed.
void relay_take(struct relay *relay);

// Shows the rest, too, and closes. The program has ended.
void relay_close(struct relay *relay);
