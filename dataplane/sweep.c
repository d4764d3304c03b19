// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/sweep.h"

// Chunk c of a segment belongs to worker c % workers.
static void attempt_begin(struct sweep *sweep)
{
    sweep->cursor = (uint64_t)sweep->settings.worker * SWEEP_CHUNK;
    sweep->chunk_end = sweep->cursor + SWEEP_CHUNK;
    if (sweep->chunk_end > sweep->length)
        sweep->chunk_end = sweep->length;
    sweep->rest_valid = false;
}

static void segment_begin(struct sweep *sweep)
{
    const struct sweep_settings *settings = &sweep->settings;
    sweep->base = settings->first_position + (uint64_t)sweep->segment * settings->segment_positions;
    uint64_t left = settings->end_position - sweep->base;
    sweep->length = left < settings->segment_positions ? left : settings->segment_positions;
    sweep->attempt = 0;
    sweep->wait_until = 0;
    sweep->segment_done = false;
    attempt_begin(sweep);
}

void sweep_init(struct sweep *sweep, const struct sweep_settings *settings, const struct answered *answered)
{
    *sweep = (struct sweep){.settings = *settings, .answered = answered};
    segment_begin(sweep);
}

void sweep_segment(struct sweep *sweep)
{
    sweep->segment++;
    segment_begin(sweep);
}

uint64_t sweep_position(const struct sweep *sweep)
{
    uint64_t cursor = sweep->cursor < sweep->length ? sweep->cursor : sweep->length;
    return sweep->base + cursor;
}

// The chunk is asked: the next one of this worker, the next attempt, or the end of the segment.
static void chunk_next(struct sweep *sweep, uint64_t now)
{
    sweep->cursor = (sweep->cursor + SWEEP_CHUNK - 1) / SWEEP_CHUNK * SWEEP_CHUNK +
                    (uint64_t)(sweep->settings.workers - 1) * SWEEP_CHUNK;
    sweep->rest_valid = false;
    if (sweep->cursor < sweep->length) {
        sweep->chunk_end = sweep->cursor + SWEEP_CHUNK < sweep->length ? sweep->cursor + SWEEP_CHUNK : sweep->length;
        return;
    }
    if (sweep->attempt + 1 < sweep->settings.attempts) {
        sweep->attempt++;
        sweep->wait_until = now + sweep->settings.gap_ticks;
        attempt_begin(sweep);
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

// Bits still to be asked of the word that holds the cursor.
static uint64_t word_open(struct sweep *sweep)
{
    uint64_t start = sweep->cursor;
    uint64_t left = sweep->chunk_end - start;
    uint64_t mask = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
    uint64_t set = atomic_load_explicit(answered_word(sweep->answered, sweep->segment, start), memory_order_relaxed);
    sweep->skipped += (uint64_t)__builtin_popcountll(set & mask);
    return ~set & mask;
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
    if (sweep->attempt == 0)
        return first_attempt_next(sweep, most, ret_positions);
    return later_attempt_next(sweep, most, ret_positions);
}
