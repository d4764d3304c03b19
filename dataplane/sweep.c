// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/sweep.h"

uint64_t sweep_chunk(uint64_t positions, uint32_t workers)
{
    uint64_t chunk = SWEEP_CHUNK_MAX;
    while (chunk > SWEEP_CHUNK_MIN && chunk * workers * SWEEP_CHUNKS_EACH > positions)
        chunk /= 2;
    return chunk;
}

uint32_t sweep_passes(uint32_t attempts, bool samples)
{
    return attempts == 1 && samples ? 2 : attempts;
}

uint32_t sweep_step_segment(const struct sweep_settings *settings, bool samples, uint64_t step)
{
    uint64_t positions = settings->end_position - settings->first_position;
    uint64_t last = positions == 0 ? 0 : (positions - 1) / settings->segment_positions;
    uint64_t segment = step / (settings->segment_positions * sweep_passes(settings->attempts, samples));
    return (uint32_t)(segment < last ? segment : last);
}

// chunk is a power of two: no division here, only masks.
static void chunk_begin(struct sweep *sweep, uint64_t offset)
{
    uint64_t chunk = sweep->settings.chunk;
    sweep->cursor = offset;
    sweep->chunk_end = (offset & ~(chunk - 1)) + chunk;
    if (sweep->chunk_end > sweep->length)
        sweep->chunk_end = sweep->length;
    sweep->rest_valid = false;
}

// Chunk c of a segment belongs to worker c % workers.
static void pass_begin(struct sweep *sweep, uint32_t pass)
{
    sweep->attempt = pass;
    sweep->step_base = (sweep->base - sweep->settings.first_position) * sweep->passes + pass * sweep->length;
    chunk_begin(sweep, sweep->settings.worker * sweep->settings.chunk);
}

static void segment_begin(struct sweep *sweep)
{
    const struct sweep_settings *settings = &sweep->settings;
    sweep->base = settings->first_position + (uint64_t)sweep->segment * settings->segment_positions;
    uint64_t left = settings->end_position - sweep->base;
    sweep->length = left < settings->segment_positions ? left : settings->segment_positions;
    sweep->wait_until = 0;
    sweep->segment_done = false;
    sweep->samples_from = 0;
    sweep->again_until = 0;
    pass_begin(sweep, 0);
}

// Goes to the place that an earlier sweep had reached, or to this worker's first position behind it. Not on a worker.
static void step_seek(struct sweep *sweep, uint64_t step)
{
    const struct sweep_settings *settings = &sweep->settings;
    uint64_t rest = step - sweep->step_base;
    uint64_t pass = sweep->length == 0 ? 0 : rest / sweep->length;
    if (pass >= sweep->passes)
        pass = sweep->passes - 1;
    uint64_t offset = rest - pass * sweep->length;
    if (offset > sweep->length)
        offset = sweep->length;
    // What RSTs had settled is not known any more, so no sample is taken where the first attempt was asked then.
    sweep->samples_from = pass == 0 ? offset : sweep->length;
    pass_begin(sweep, (uint32_t)pass);
    uint64_t chunk = offset / settings->chunk;
    uint64_t ahead = (settings->worker + settings->workers - chunk % settings->workers) % settings->workers;
    chunk_begin(sweep, ahead == 0 ? offset : (chunk + ahead) * settings->chunk);
    // Later attempts go from word to word of the answered bits.
    if (pass > 0 && ahead == 0 && offset < sweep->length) {
        sweep->cursor &= ~UINT64_C(63);
        sweep->rest_from = offset & 63;
    }
}

void sweep_init(struct sweep *sweep, const struct sweep_settings *settings, const struct answered *answered,
                struct coverage *coverage)
{
    *sweep = (struct sweep){
        .settings = *settings,
        .answered = answered,
        .coverage = coverage,
        .worker_reciprocal = reciprocal_of(settings->workers),
        .passes = sweep_passes(settings->attempts, coverage != NULL),
        .segment = sweep_step_segment(settings, coverage != NULL, settings->resume_step),
    };
    segment_begin(sweep);
    if (settings->resume_step > 0)
        step_seek(sweep, settings->resume_step);
}

void sweep_segment(struct sweep *sweep)
{
    sweep->segment++;
    segment_begin(sweep);
}

void sweep_rewind(struct sweep *sweep, uint64_t step)
{
    uint64_t first = (sweep->base - sweep->settings.first_position) * sweep->passes;
    uint64_t samples_from = sweep->samples_from;
    uint64_t again_until = sweep->attempt > 0 ? sweep->length : sweep->cursor;
    // Others may have begun the next segment already.
    if (sweep->segment_done && !sweep->finished)
        return;
    if (step < first)
        step = first;
    if (step >= sweep_step(sweep))
        return;
    sweep->segment_done = false;
    sweep->finished = false;
    pass_begin(sweep, 0);
    step_seek(sweep, step);
    sweep->samples_from = samples_from; // what RSTs have settled is known
    if (sweep->attempt > 0)
        return;
    // A second SYN would end a connection that its peer has closed a moment ago, and disturb an open one.
    sweep->again_until = again_until > sweep->again_until ? again_until : sweep->again_until;
    sweep->rest_from = sweep->cursor & 63;
    sweep->cursor &= ~UINT64_C(63);
}

uint64_t sweep_position(const struct sweep *sweep)
{
    uint64_t cursor = sweep->cursor < sweep->length ? sweep->cursor : sweep->length;
    return sweep->base + cursor;
}

// The chunk is asked: the next one of this worker, the next pass, or the end of the segment.
static void chunk_next(struct sweep *sweep, uint64_t now)
{
    uint64_t chunk = sweep->settings.chunk;
    uint64_t next = ((sweep->cursor + chunk - 1) & ~(chunk - 1)) + (sweep->settings.workers - 1) * chunk;
    if (next < sweep->length) {
        chunk_begin(sweep, next);
        return;
    }
    sweep->cursor = next;
    if (sweep->attempt + 1 < sweep->passes) {
        sweep->wait_until = now + sweep->settings.gap_ticks;
        pass_begin(sweep, sweep->attempt + 1);
        return;
    }
    sweep->segment_done = true;
    sweep->finished = sweep->base + sweep->length >= sweep->settings.end_position;
}

static uint32_t first_attempt_next(struct sweep *sweep, uint32_t most, uint64_t *ret_positions)
{
    uint64_t left = sweep->chunk_end - sweep->cursor;
    uint32_t count = left < most ? (uint32_t)left : most;
    uint64_t position = sweep->base + sweep->cursor;
    for (uint32_t i = 0; i < count; i++)
        ret_positions[i] = position + i;
    sweep->cursor += count;
    return count;
}

// The sample among the positions that mask leaves of the word at the cursor, or 0; it is asked whatever it answered.
static uint64_t word_sample(struct sweep *sweep, uint64_t set, uint64_t mask)
{
    uint64_t start = sweep->cursor;
    if (sweep->coverage == NULL || start < sweep->samples_from)
        return 0;
    uint64_t sample = coverage_word(sweep->coverage, sweep->segment, start) & mask;
    const struct sweep_settings *settings = &sweep->settings;
    if (sample == 0 ||
        (settings->is_asked != NULL &&
         !settings->is_asked(settings->is_asked_context, sweep->base + start + (uint64_t)__builtin_ctzll(sample))))
        return 0;
    bool had_answered = (set & sample) != 0;
    if (coverage_ask(sweep->coverage, sweep->segment, start, had_answered))
        sweep->samples++;
    if (had_answered || sweep->attempt >= sweep->settings.attempts)
        sweep->again++;
    return sample;
}

// Bits still to be asked of the word that holds the cursor.
static uint64_t word_open(struct sweep *sweep)
{
    uint64_t start = sweep->cursor;
    uint64_t left = sweep->chunk_end - start;
    uint64_t mask = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
    mask &= ~UINT64_C(0) << sweep->rest_from;
    sweep->rest_from = 0;
    uint64_t set = atomic_load_explicit(answered_word(sweep->answered, sweep->segment, start), memory_order_relaxed);
    if (sweep->attempt == 0)
        return ~set & mask;
    if (sweep->attempt >= sweep->settings.attempts)
        return word_sample(sweep, set, mask);
    sweep->skipped += (uint64_t)__builtin_popcountll(set & mask);
    return (~set & mask) | word_sample(sweep, set, mask);
}

static uint32_t later_attempt_next(struct sweep *sweep, uint32_t most, uint64_t *ret_positions)
{
    uint32_t count = 0;
    while (count < most && sweep->cursor < sweep->chunk_end) {
        if (!sweep->rest_valid) {
            sweep->rest = word_open(sweep);
            sweep->rest_valid = true;
        }
        uint64_t position = sweep->base + sweep->cursor;
        if (sweep->rest == ~UINT64_C(0) && most - count >= 64) {
            for (uint32_t i = 0; i < 64; i++)
                ret_positions[count + i] = position + i;
            count += 64;
            sweep->rest = 0;
        }
        while (sweep->rest != 0 && count < most) {
            ret_positions[count++] = position + (uint64_t)__builtin_ctzll(sweep->rest);
            sweep->rest &= sweep->rest - 1;
        }
        if (sweep->rest == 0) {
            sweep->rest_valid = false;
            sweep->cursor += 64;
        }
    }
    if (sweep->cursor > sweep->chunk_end)
        sweep->cursor = sweep->chunk_end;
    return count;
}

uint32_t sweep_next(struct sweep *sweep, uint64_t now, uint32_t most, uint64_t *ret_positions)
{
    if (sweep->segment_done)
        return 0;
    if (sweep->cursor >= sweep->chunk_end) {
        chunk_next(sweep, now);
        if (sweep->segment_done)
            return 0;
    }
    if (now < sweep->wait_until)
        return 0;
    if (sweep->attempt == 0 && sweep->cursor >= sweep->again_until && !sweep->rest_valid)
        return first_attempt_next(sweep, most, ret_positions);
    return later_attempt_next(sweep, most, ret_positions);
}
