// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/durable.h"

#include "control/store/counters.h"

void durable_init(struct durable *durable, uint64_t step, uint64_t skipped, uint64_t again)
{
    durable->taken = 0;
    durable->best = (struct durable_sample){.step = step, .skipped = skipped, .again = again};
}

// A pause of the dataplane's, or a link that was down: answers may come later by as much.
static uint64_t heard_ns(const struct shared *shared, uint64_t ns)
{
    uint64_t deaf_ns = atomic_load_explicit(&shared->commands->deaf_ns, memory_order_acquire);
    return ns > deaf_ns ? ns - deaf_ns : 0;
}

void durable_sample(struct durable *durable, const struct shared *shared, uint64_t now_ns)
{
    struct durable_sample sample = {.ns = heard_ns(shared, now_ns), .step = UINT64_MAX};
    for (uint32_t w = 0; w < shared->geometry.workers; w++) {
        const struct worker_counters *counters = &shared->commands->counters[w];
        uint64_t step = atomic_load_explicit(&shared->commands->progress[w].step, memory_order_acquire);
        sample.step = step < sample.step ? step : sample.step;
        sample.skipped += atomic_load_explicit(&counters->values[COUNTER_POSITIONS_SKIPPED], memory_order_relaxed);
        sample.again += atomic_load_explicit(&counters->values[COUNTER_PROBES_AGAIN], memory_order_relaxed);
    }
    if (durable->taken > 0 && sample.step < durable->samples[(durable->taken - 1) % DURABLE_SAMPLES].step)
        durable->taken = 0;
    durable->samples[durable->taken++ % DURABLE_SAMPLES] = sample;
}

uint64_t durable_limit(const struct shared *shared)
{
    uint64_t limit = atomic_load_explicit(&shared->down->counters[CONTROL_JOURNAL_SYNCED_NS], memory_order_acquire);
    for (uint32_t w = 0; w < shared->geometry.workers; w++) {
        uint64_t mark = atomic_load_explicit(&shared->commands->progress[w].parked_ns, memory_order_acquire);
        bool parked = (mark & 1) != 0;
        // What was parked a moment ago may have come to a ring after control found it empty.
        if (!parked && mark >= limit && mark != 0)
            return 0;
        if (parked && mark < limit)
            limit = mark - 1;
    }
    return limit;
}

void durable_advance(struct durable *durable, const struct shared *shared)
{
    uint64_t limit = heard_ns(shared, durable_limit(shared));
    uint64_t kept = durable->taken < DURABLE_SAMPLES ? durable->taken : DURABLE_SAMPLES;
    for (uint64_t back = 1; back <= kept; back++) {
        const struct durable_sample *sample = &durable->samples[(durable->taken - back) % DURABLE_SAMPLES];
        if (sample->ns + REPLY_HORIZON_NS + DURABLE_SLACK_NS > limit)
            continue;
        // Workers publish their first step when they begin; until then there is nothing to learn.
        if (sample->step > durable->best.step)
            durable->best = *sample;
        return;
    }
}
