// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The capture file of a dry run. It is made here and opened by DPDK through its descriptor, so no name can lead root
// elsewhere; and it gets its name only once it is known to be whole.

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct capture {
    int folder_fd; // -1: there is none
    int fd;
    bool replace;
    bool to_output; // of no name: what is whole goes to standard output
    char name[NAME_MAX + 1];
    char part[NAME_MAX + 1]; // its name until then
    char device_path[32];    // by which the child opens it; the descriptor has the same number there
};

// Makes a file beside `path`, or one of no name for "-", which is standard output and no terminal. replace: a plain
// file or a link of that name will be replaced. Returns 0, or -errno with one line in message. capture_close releases.
int capture_open(struct capture *ret_capture, const char *path, bool replace, char message[static 512]);

// Counts what was written, and gives it the name, or writes it out. frames: how many should be there. Returns 0, or
// -errno with one line in message: then nothing is kept.
int capture_settle(struct capture *capture, const char *path, uint64_t frames, char message[static 512]);

// Removes what was not settled. May be called again.
void capture_close(struct capture *capture);
