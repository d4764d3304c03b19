// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Files that configuration is read from: whole, bounded, and with the digest that the scan's summary names them by.

#include <stddef.h>

#include "config/keys.h"

struct input {
    char *text; // NUL-terminated after length bytes; may hold NULs
    size_t length;
    char sha256[65]; // lower-case hex
};

// Reads a regular file of at most limit_bytes. Returns 0 and an input for input_fini; -ENOENT when there is none,
// -EINVAL for what is no readable regular file or too long, -ENOMEM; each with a complaint.
int input_read(const char *path, size_t limit_bytes, struct input *ret_input, struct complaint *ret_complaint);
void input_fini(struct input *input);
