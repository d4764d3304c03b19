// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Where a scan's results go: a folder with records.jsonl, journal and summary.json, or standard output. Nothing that
// holds data is overwritten unless that was asked for. The folder is held open for the scan's life (control/scan/
// folder.h), and every file in it is opened by that descriptor, never through a link.

#include <stdbool.h>

#include <jansson.h>

struct output {
    char *folder;   // NULL for standard output
    int folder_fd;  // -1 for standard output
    int records_fd; // control's: readable and writable where it is a file
    int journal_fd;
    bool is_pipe; // records cannot be read back or cut: what is not a regular file
    bool made;    // the folder was not there before
    bool fresh;   // a scan begins: what data is there is of another one
    bool begun;   // it has; until then everything can be taken back
    // Of that data, a bit for each file of a scan:
    unsigned int held;  // it was there
    unsigned int aside; // it stands beside the new file, as NAME.before, until it is known that the scan has begun
};

// Nothing is open.
#define OUTPUT_NONE ((struct output){.folder_fd = -1, .records_fd = -1, .journal_fd = -1})

// Opens `where`: a folder, made when it is not there, or "-". force: what an earlier scan left there will be
// overwritten. Nothing of that is touched yet, so a scan that does not start costs nothing. Returns 0, or -errno with
// one line in message (-EEXIST for a folder that holds results, -EBUSY for one that a scan is writing to now, -EACCES
// for one that others could put links into).
int output_open(struct output *ret_output, const char *where, bool force, char message[static 512]);

// Opens a folder that an earlier run of a scan left, for checkpoint_read and output_resume. Returns 0, or -errno with
// one line in message.
int output_find(struct output *ret_output, const char *where, char message[static 512]);

// Opens what it holds. Returns 0, or -errno with one line in message.
int output_resume(struct output *output, char message[static 512]);

// The scan is about to start: puts aside what an earlier scan left, and removes of a scan that goes on the summary of
// its end. Returns 0 or -errno.
int output_begin(struct output *output);

// The scan has begun: what was put aside is removed, and what it leaves from now on stays.
void output_settle(struct output *output);

// Of a scan that has not begun nothing stays: what was put aside comes back, and a folder that was made goes away.
void output_close(struct output *output);

// Writes summary.json beside the records, whole or not at all. Returns 0 or -errno; 0 for standard output, which has
// none.
int output_write_summary(const struct output *output, const json_t *summary);

// Writes the plan of a scan that was asked for without a file, so that it can be resumed. As output_write_summary;
// after output_begin.
#define OUTPUT_PLAN_NAME "scan-plan.json"
int output_write_plan(const struct output *output, const json_t *plan);

// Makes the records durable. Returns 0 or -errno.
int output_sync(const struct output *output);
