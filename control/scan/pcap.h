// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The capture file of a scan: what was heard of those who were asked, in pcap's format with nanoseconds. A thread of
// its own writes what the workers leave in their rings; what it is too slow for, or has no room for, is missing in the
// file, never in the records. The file gets its name at the end.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "control/scan/capture.h"
#include "dataplane/channel/trace.h"

// Where a capture ends when nothing else is asked for.
#define PCAP_BYTES     (UINT64_C(1) << 30)
#define PCAP_BYTES_MIN UINT64_C(4000)

struct pcap {
    struct capture capture;
    struct trace trace;
    int trace_fd; // for the dataplane; -1: no capture was asked for
    FILE *file;
    const char *path;
    uint64_t limit_bytes;
    uint64_t bytes;
    uint64_t frames;   // written
    uint64_t left;     // not written, because of the limit
    uint64_t epoch_ns; // of CLOCK_MONOTONIC, in CLOCK_REALTIME
    int error;         // of writing: nothing more is written
    pthread_t thread;
    _Atomic bool over;
    bool running;
};

// Nothing was asked for.
#define PCAP_NONE                                                                                                      \
    (struct pcap)                                                                                                      \
    {                                                                                                                  \
        .capture = {.folder_fd = -1, .fd = -1}, .trace_fd = -1                                                         \
    }

// Makes file and memory, for so many workers. path outlives it. replace: as in capture_open. Returns 0, or -errno with
// one line in message. pcap_close releases.
int pcap_open(struct pcap *pcap, const char *path, bool replace, uint64_t limit_bytes, uint32_t workers,
              char message[static 512]);

// Starts the writer. Returns 0 or -errno.
int pcap_start(struct pcap *pcap);

// Once the dataplane has ended: writes what is left and gives the file its name. message says how much there is, or
// what went wrong. Returns 0 or -errno.
int pcap_stop(struct pcap *pcap, char message[static 512]);

// Ends the writer. A file that has no name yet is removed.
void pcap_close(struct pcap *pcap);
