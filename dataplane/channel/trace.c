// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/channel/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "dataplane/channel/channel.h"

// Layout: per worker {head, tail} | slots, from a page on.
enum { INDICES = 2, PAGE_BYTES = 4096 };

static size_t slots_offset(uint32_t workers)
{
    size_t bytes = (size_t)workers * INDICES * sizeof(struct ring_index);
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

size_t trace_bytes(uint32_t workers)
{
    return slots_offset(workers) + (size_t)workers * TRACE_SLOTS * sizeof(struct trace_frame);
}

int trace_map(enum trace_side side, uint32_t workers, int fd, struct trace *ret_trace)
{
    struct stat status;
    if (workers == 0 || workers > CHANNEL_WORKERS_MAX)
        return -EINVAL;
    struct trace trace = {.bytes = trace_bytes(workers), .workers = workers};
    if (fstat(fd, &status) != 0)
        return -errno;
    if (status.st_size < 0 || (uint64_t)status.st_size < trace.bytes)
        return -EINVAL;
    trace.rings = (struct ring *)calloc(workers, sizeof(struct ring));
    if (trace.rings == NULL)
        return -ENOMEM;
    trace.memory = mmap(NULL, trace.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (trace.memory == MAP_FAILED) {
        int error = -errno;
        free(trace.rings);
        return error;
    }
    struct ring_index *indices = (struct ring_index *)trace.memory;
    uint8_t *slots = (uint8_t *)trace.memory + slots_offset(workers);
    for (uint32_t i = 0; i < workers; i++) {
        struct ring_index *head = &indices[(size_t)i * INDICES];
        struct ring_index *tail = head + 1;
        ring_init(&trace.rings[i], slots + (size_t)i * TRACE_SLOTS * sizeof(struct trace_frame), TRACE_SLOTS,
                  sizeof(struct trace_frame), side == TRACE_DATAPLANE ? head : tail,
                  side == TRACE_DATAPLANE ? tail : head);
    }
    *ret_trace = trace;
    return 0;
}

void trace_unmap(struct trace *trace)
{
    if (trace->memory != NULL)
        (void)munmap(trace->memory, trace->bytes);
    free(trace->rings);
    *trace = (struct trace){.memory = NULL};
}
