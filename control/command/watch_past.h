// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The rounds of a watch that a folder holds: folders named by when they began, 20261127T170000Z.

#include <stdint.h>

enum { WATCH_NAME_BYTES = 24 };

struct watch_past {
    char whole[WATCH_NAME_BYTES]; // the last round that ended as it should (exit_status 0 of its summary), "" = none
    int64_t last_s;               // when the last one began, whatever became of it; 0 = there is none
};

// Reads what is there; what has another name is none of ours. Returns 0 or -errno.
int watch_past_read(const char *base, struct watch_past *ret_past);

// The name of a round that begins at `at_s`, in seconds of CLOCK_REALTIME.
void watch_past_name(int64_t at_s, char ret_name[static WATCH_NAME_BYTES]);
