// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Where records go. Only whole records are written, a batch of them with one call, so that the file ends at a whole
// record whatever happens; what a crash tore all the same is cut at the next start.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink {
    int fd;
    bool is_file;             // a regular file: written at an offset, and readable
    pthread_mutex_t mutex;    // held for one write
    uint64_t end;             // of the last whole record
    _Atomic int append_error; // errno of the last append, 0 = it succeeded
    _Atomic int sync_error;   // of the first sync that failed: what the kernel could not write it forgets, fsync(2)
};

// Takes over fd (still the caller's to close). A regular file is cut behind its last newline; *ret_cut is how many
// bytes went. Returns 0 or -errno.
int sink_init(struct sink *sink, int fd, uint64_t *ret_cut);
void sink_fini(struct sink *sink);

// Appends whole records. A file: on error nothing of them is there afterwards and the call may be repeated. A pipe
// waits for its reader, and on error takes no more. Any thread. Returns 0 or -errno.
int sink_append(struct sink *sink, const char *records, size_t length);

// On the disk. Nothing to do for a pipe. One thread.
int sink_sync(struct sink *sink);

// Calls visit for each record of a file, newline excluded; for before the first append only.
int sink_walk(const struct sink *sink, int (*visit)(void *context, const char *line, size_t length), void *context);
