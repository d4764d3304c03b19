// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

// Where the answers of a burst lie: entry i is the i-th frame's.
struct places {
    uint64_t known; // the answers to what this scan may still settle
    uint32_t segment[BURST_MAX];
    uint64_t offset[BURST_MAX];
};

// A position within the segment that is asked or the one before it, which is still answered, and below the scan's end.
static void places_find(struct worker *worker, struct places *ret_places)
{
    const struct dataplane *dataplane = worker->dataplane;
    const struct answered *answered = &dataplane->answered;
    const uint64_t size = answered->segment_positions;
    const uint32_t floor = atomic_load_explicit(&dataplane->segment_floor, memory_order_acquire);
    const uint64_t base = answered->first_position + floor * size;
    const uint64_t left = answered->end_position > base ? answered->end_position - base : 0;
    const uint64_t reach = left < 2 * size ? left : 2 * size;
    ret_places->known = 0;
    for (uint64_t rest = worker->in.answers; rest != 0; rest &= rest - 1) {
        uint32_t i = set_first(rest);
        uint64_t offset = worker->in.probe.position[i] - base; // enormous below the base
        uint32_t later = offset >= size;
        ret_places->segment[i] = floor + later;
        ret_places->offset[i] = offset - (later ? size : 0);
        if (offset >= reach)
            continue;
        ret_places->known |= UINT64_C(1) << i;
        __builtin_prefetch(answered_word(answered, ret_places->segment[i], ret_places->offset[i]), 1);
    }
}

// Looks at the bits of all, and sets those of a subset; in the order in which the frames came, so that of two answers
// to one probe the first is the one that counts. Returns the set of those whose bit was set before.
static uint64_t places_settle(const struct answered *answered, const struct places *places, uint64_t settling)
{
    uint64_t before = 0;
    for (uint64_t rest = places->known; rest != 0; rest &= rest - 1) {
        uint32_t i = set_first(rest);
        bool was = answered_settle(answered, places->segment[i], places->offset[i], (settling >> i & 1) != 0);
        before |= (uint64_t)was << i;
    }
    return before;
}

// The errors that settle their positions: an error may be transient, so while an attempt is to come it settles nothing.
// With several queues the answer need not come to the worker that asked. Steps of before it came decide, so that no
// probe which left meanwhile counts.
static uint64_t errors_settling(const struct worker *worker, const struct places *places, uint64_t errors)
{
    const struct sweep *sweep = &worker->sweep;
    uint64_t settling = 0;
    if (sweep->passes == 1)
        return errors;
    for (; errors != 0; errors &= errors - 1) {
        uint32_t i = set_first(errors);
        // After a single attempt the samples alone are asked again.
        if (sweep->settings.attempts == 1 &&
            !coverage_is_sample(sweep->coverage, places->segment[i], places->offset[i])) {
            settling |= UINT64_C(1) << i;
            continue;
        }
        uint32_t asker = sweep_asker(sweep, places->offset[i]);
        uint64_t step = worker->steps[asker];
        settling |= (uint64_t)(step > sweep_last_step(sweep, places->segment[i], places->offset[i])) << i;
    }
    return settling;
}

// One position in 1,024, and only from the second attempt on: answers to coverage samples that were asked again.
static void samples_take(struct worker *worker, const struct places *places, uint64_t answers)
{
    for (; answers != 0; answers &= answers - 1) {
        uint32_t i = set_first(answers);
        enum coverage_answer answer = coverage_take(worker->dataplane->samples, places->segment[i], places->offset[i]);
        counter_add(worker->counters, COUNTER_SAMPLES_ANSWERED, answer != COVERAGE_NOT);
        counter_add(worker->counters, COUNTER_SAMPLES_BOTH, answer == COVERAGE_BOTH);
    }
}

uint64_t worker_settle(struct worker *worker, uint64_t stamp_ns)
{
    const struct dataplane *dataplane = worker->dataplane;
    const struct reply_burst *in = &worker->in;
    struct places places;
    if (in->answers == 0)
        return 0;
    places_find(worker, &places);
    const uint64_t errors = places.known & in->kinds[REPLY_ICMP_ERROR];
    const uint64_t segments = places.known & ~errors;
    if (dataplane->samples != NULL)
        samples_take(worker, &places, segments);
    uint64_t settling = segments | errors_settling(worker, &places, errors);
    uint64_t before = places_settle(&dataplane->answered, &places, settling);
    uint64_t fresh = segments & ~before;
    uint64_t open = fresh & ~in->resets;
    worker_count(worker, COUNTER_DROP_OUT_OF_PLAN, in->answers & ~places.known);
    worker_count(worker, COUNTER_ANSWERS_DUPLICATE, before);
    worker_count(worker, COUNTER_ANSWERS_UNREACHABLE, errors & ~before);
    worker_count(worker, COUNTER_ANSWERS_CLOSED, fresh & in->resets);
    worker_count(worker, COUNTER_ANSWERS_OPEN, open);
    worker_suspects(worker, open);
    worker_verdicts(worker, open, VERDICT_OPEN, stamp_ns);
    const enum answers_wanted wanted = (enum answers_wanted)dataplane->image->settings->answers;
    if (wanted != ANSWERS_OPEN)
        worker_verdicts(worker, fresh & in->resets, VERDICT_CLOSED, stamp_ns);
    if (wanted == ANSWERS_ALL)
        worker_verdicts(worker, errors & settling & ~before, VERDICT_UNREACHABLE, stamp_ns);
    return segments & before;
}
