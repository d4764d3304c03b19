// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A file that a subcommand writes for its user: whole or not at all. What was there before stays until the new one is
// complete. Where the path names something that is no plain file (a pipe, /dev/stdout), that is written to as it is.

#include <limits.h>
#include <stdio.h>

struct output_file {
    FILE *stream;
    char path[PATH_MAX]; // with no link in it
    char part[PATH_MAX]; // beside it; "" when it is written in place
};

// Returns 0 with a stream to write to, or -errno and nothing to finish.
int output_file_open(const char *path, struct output_file *ret_file);

// Closes it. With error 0, and when all could be written, the file is at its path; else it is as it was before. Returns
// error, or else -errno.
int output_file_finish(struct output_file *file, int error);
