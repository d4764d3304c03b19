// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Records that scans have left, read again: of folders, files and standard input, plain or packed with gzip or zstd (by
// content), in one pass and in bounded memory. What is no record is counted and named by file and line, and never ends
// the reading.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/record/record.h"

enum { RECORDS_THREADS_MAX = 16, RECORDS_COMPLAINTS_MAX = 8 };

// Why a line, or the rest of a file, was not taken. X(enumerator, what people call such)
#define RECORDS_FAULTS(X)                                                                                              \
    X(RECORDS_MALFORMED, "not a record")                                                                               \
    X(RECORDS_SCHEMA, "of another version of records")                                                                 \
    X(RECORDS_CUT, "cut off at the end of a file")                                                                     \
    X(RECORDS_LONG, "longer than any record")                                                                          \
    X(RECORDS_BROKEN, "files that could not be read to their end")

enum records_fault {
#define X(enumerator, name) enumerator,
    RECORDS_FAULTS(X)
#undef X
        RECORDS_FAULT_COUNT
};
extern const char *const records_fault_names[RECORDS_FAULT_COUNT];

struct records_tally {
    uint64_t files;
    uint64_t bytes; // of lines, unpacked
    uint64_t records;
    uint64_t faults[RECORDS_FAULT_COUNT];
    uint64_t unknown; // keys that no field has
    // The first of each kind: "FILE:LINE: what is wrong at byte N".
    char complaints[RECORDS_COMPLAINTS_MAX][512];
    size_t complaint_count;
};

// Where a record was read.
struct records_place {
    const char *file;
    uint64_t line; // from 1
};

// Takes one record; context is that of the thread. The observation's texts stand in the line and are good until it
// returns. Not 0 ends the reading.
typedef int records_take(void *context, const struct observation *observation, const struct records_place *place);

// Takes a line that is no record of ours, its newline left out, as it stands in the file.
typedef int records_pass(void *context, const char *line, size_t length);

// False of a line that need not be read: it is not counted as a record, nor as anything else.
typedef bool records_want(void *context, const char *line, size_t length);

struct records_reading {
    const char *const *paths; // a folder (its records*.jsonl, .gz or .zst), a file, or "-"
    size_t path_count;
    records_take *take;
    records_pass *pass;    // NULL: such lines are only counted
    records_want *want;    // NULL: every line is read
    void *const *contexts; // [threads]
    bool denied;           // records of ports that are not open (record_is_open) are taken too
    bool lent;             // `take` changes nothing of an observation: parts that many records share are read once
    unsigned int threads;  // at most RECORDS_THREADS_MAX; with one, records come in the order of the files
};

// Reads everything. Returns 0, what `take` returned, or -errno with "PATH: why" in message for a path that cannot be
// read; *ret_tally holds what was read until then.
int records_read(const struct records_reading *reading, struct records_tally *ret_tally, char message[static 512]);
