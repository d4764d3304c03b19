// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Frames that a scan keeps for a capture file: one ring a worker, in a memory of its own that sonde-dataplane fills and
// `sonde scan` empties. There is none where no capture was asked for. No DPDK here.

#include <stddef.h>
#include <stdint.h>

#include "dataplane/channel/ring.h"

enum { TRACE_SLOTS = 4096, TRACE_FRAME_MAX = 2032 };

// A frame as it came, with its beginning. 2,048 bytes; the reader believes neither length.
struct trace_frame {
    uint64_t stamp_ns; // CLOCK_MONOTONIC
    uint32_t length;   // of the whole frame
    uint16_t kept;     // bytes of it that are here
    uint16_t reserved;
    uint8_t bytes[TRACE_FRAME_MAX];
};
_Static_assert(sizeof(struct trace_frame) == 2048, "a slot is 32 cache lines");

enum trace_side { TRACE_DATAPLANE = 0, TRACE_SCAN };

struct trace {
    void *memory; // NULL: there is none
    size_t bytes;
    uint32_t workers;
    struct ring *rings; // [workers]
};

// Bytes that the memory of so many workers needs.
size_t trace_bytes(uint32_t workers);

// Maps the descriptor for one side. workers: 1 to CHANNEL_WORKERS_MAX, the caller's own number. Returns 0, -EINVAL for
// a number out of bounds or a memory that is too small, or -errno.
int trace_map(enum trace_side side, uint32_t workers, int fd, struct trace *ret_trace);

// Of an all-zero one nothing.
void trace_unmap(struct trace *trace);
