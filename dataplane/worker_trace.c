// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include <string.h>

void worker_trace(struct worker *worker, uint64_t frames, uint64_t stamp_ns)
{
    const struct reply_burst *in = &worker->in;
    const struct sources *sources = &worker->dataplane->sources;
    uint64_t kept = 0;
    for (uint64_t rest = frames; rest != 0; rest &= rest - 1) {
        uint32_t i = set_first(rest);
        if (ring_free(&worker->trace, 1) == 0)
            break;
        struct trace_frame *frame = (struct trace_frame *)ring_slot_ahead(&worker->trace, 0);
        uint32_t length = in->length[i];
        frame->stamp_ns = stamp_ns;
        frame->length = length;
        frame->kept = (uint16_t)(length < TRACE_FRAME_MAX ? length : TRACE_FRAME_MAX);
        memcpy(frame->bytes, in->frame[i], frame->kept);
        if (sources->count > 1 && worker->local[i] != 0)
            sources_restore(sources, worker->local[i], frame->bytes, frame->kept);
        ring_advance(&worker->trace, 1);
        kept |= rest & -rest;
    }
    worker_count(worker, COUNTER_TRACE_FRAMES, kept);
    worker_count(worker, COUNTER_DROP_TRACE_FULL, frames & ~kept);
}
