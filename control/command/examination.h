// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What `sonde doctor` has found: a row for each thing that was looked at, printed as it is found or kept for JSON.

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

enum health {
    HEALTH_GOOD = 0,
    HEALTH_LACK, // a scan runs, with less
    HEALTH_STOP, // a scan would not begin, or find nothing
};

struct examination {
    json_t *rows; // for JSON; NULL: rows are printed
    size_t stops;
};

// One row: of what ("memory"), what was found, and what to do about it (NULL, or with HEALTH_GOOD: nothing). What a
// file or a device is called may stand in it; it is printed so that it moves no cursor.
void examination_add(struct examination *examination, enum health health, const char *what, const char *remedy,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

// {"scan_possible": false, "findings": [{"what", "verdict", "found", "remedy"}]}, or NULL when out of memory; takes the
// rows.
json_t *examination_json(struct examination *examination);
