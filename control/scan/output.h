// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Where a scan's results go: a folder with records.jsonl, journal and summary.json, or standard output. Nothing that
// holds data is overwritten unless that was asked for.

#include <stdbool.h>

#include <jansson.h>

struct output {
    char *folder;   // NULL for standard output
    int records_fd; // control's: readable and writable where it is a file
    int journal_fd;
    bool fresh; // what is there is of another scan
    bool aside; // and stands beside the new files, as NAME.before, until it is known that the scan has begun
};

// Opens `where`: a folder, made when it is not there, or "-". force: what an earlier scan left there will be
// overwritten. Nothing of that is touched yet, so a scan that does not start costs nothing. Returns 0, or -errno with
// one line in message (-EEXIST for a folder that holds results, -EBUSY for one that a scan is writing to now).
int output_open(struct output *ret_output, const char *where, bool force, char message[static 512]);

// Opens a folder that an earlier run of a scan left, with what it holds. Returns 0, or -errno with one line in message.
int output_resume(struct output *ret_output, const char *where, char message[static 512]);

// The scan is about to start: puts aside what an earlier scan left, and removes of a scan that goes on the summary of
// its end. Returns 0 or -errno.
int output_begin(struct output *output);

// The scan has begun: what was put aside is removed.
void output_settle(struct output *output);

// What was put aside and not removed comes back: the scan has not begun.
void output_close(struct output *output);

// Writes summary.json beside the records, whole or not at all. Returns 0 or -errno; 0 for standard output, which has
// none.
int output_write_summary(const struct output *output, const json_t *summary);

// Makes the records durable. Returns 0 or -errno.
int output_sync(const struct output *output);
