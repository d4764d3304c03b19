// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What control says of the disk, told to people: when writing records or journal fails, when it works again, and what
// was lost in the end. Control opens no file and knows no names; here they are known.

#include <stdbool.h>
#include <stdint.h>

#include "control/scan/output.h"
#include "control/scan/shared.h"

enum { STORAGE_FILES = 2, STORAGE_LINE_MAX = 1024 };

struct storage {
    struct {
        int error;         // that was told, 0 = all is well
        uint64_t since_ns; // when it was
        uint64_t well_ns;  // when it was last seen failing
    } files[STORAGE_FILES];
};

// Once a tick: a line on standard error when a file begins to fail, and one when it has worked for a second.
void storage_watch(struct storage *storage, const struct shared *shared, const struct output *output, uint64_t now_ns);

// After both programs have ended: whether records are missing that were collected, with the line that says what, where
// and what to do. Otherwise false and the line untouched.
bool storage_lost(const struct shared *shared, const struct output *output, char ret_line[static STORAGE_LINE_MAX]);
