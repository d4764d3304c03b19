// SPDX-License-Identifier: BSD-3-Clause
// Two workers over the shared words of answered bits, under ThreadSanitizer: each asks its share of a sweep while it
// settles positions anywhere, as RSS brings answers to any worker. A plain program: ThreadSanitizer crashes in
// Criterion.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/answered.h"
#include "dataplane/sweep.h"

enum { WORKERS = 2, POSITIONS = 1 << 18, ATTEMPTS = 3 };

struct player {
    pthread_t thread;
    struct sweep sweep;
    uint64_t asked[ATTEMPTS];
    uint64_t settled; // bits that this worker was the first to set
    uint64_t seen;    // bits that were set when this worker only looked
    uint64_t wrong;   // bits that were set though nothing had answered, or that were lost
    uint64_t samples; // answered again, as this worker saw first
};

static struct answered answered;
static struct coverage coverage;

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    return value ^ value >> 29;
}

static void *player_run(void *argument)
{
    struct player *player = (struct player *)argument;
    uint64_t positions[64];
    for (uint64_t now = 1; !player->sweep.finished; now++) {
        uint32_t count = sweep_next(&player->sweep, now, 64, positions);
        player->asked[player->sweep.attempt] += count;
        for (uint32_t i = 0; i < count; i++) {
            // A third of the targets answer; the answer comes to whichever worker asks about a neighbour of it.
            uint64_t other = mix(positions[i]) % POSITIONS;
            // An ICMP error before the last attempt only looks.
            bool looked = answered_settle(&answered, 0, other, false);
            if (other % 3 != 0) {
                player->wrong += looked;
                continue;
            }
            player->samples += coverage_take(&coverage, 0, other) != COVERAGE_NOT;
            bool before = answered_settle(&answered, 0, other, true);
            player->settled += !before;
            player->seen += looked;
            player->wrong += looked && !before;
        }
    }
    return NULL;
}

int main(void)
{
    static struct player players[WORKERS];
    uint64_t settled = 0;
    uint64_t first = 0;
    uint64_t bits = 0;
    uint64_t samples = 0;
    uint64_t seen = 0;
    uint64_t wrong = 0;
    uint64_t asked = 0;
    if (answered_init(&answered, 0, POSITIONS, POSITIONS) != 0 || coverage_init(&coverage, 4711, POSITIONS) != 0)
        return 1;
    for (uint32_t i = 0; i < WORKERS; i++) {
        const struct sweep_settings settings = {.end_position = POSITIONS,
                                                .segment_positions = POSITIONS,
                                                .chunk = SWEEP_CHUNK_MAX,
                                                .attempts = ATTEMPTS,
                                                .workers = WORKERS,
                                                .worker = i};
        sweep_init(&players[i].sweep, &settings, &answered, &coverage);
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        if (pthread_create(&players[i].thread, NULL, player_run, &players[i]) != 0)
            return 1;
    for (uint32_t i = 0; i < WORKERS; i++) {
        pthread_join(players[i].thread, NULL);
        settled += players[i].settled;
        samples += players[i].samples;
        seen += players[i].seen;
        wrong += players[i].wrong;
        asked += players[i].sweep.samples;
        first += players[i].asked[0];
    }
    for (uint64_t i = 0; i < POSITIONS; i++)
        bits += answered_test(&answered, 0, i);
    answered_fini(&answered);
    coverage_fini(&coverage);
    // Each bit was won by exactly one worker, looking set none and a bit once set stayed so, the first attempt asked
    // each position exactly once, and each sample was counted once, however often it was asked and answered.
    if (settled != bits || wrong != 0 || seen == 0 || bits == 0 || first != POSITIONS ||
        asked != POSITIONS >> COVERAGE_BLOCK_BITS || samples == 0 || samples > asked) {
        fprintf(stderr, "%lu bits set, %lu won, %lu seen, %lu wrong, %lu of %d asked first, %lu samples of %lu\n", bits,
                settled, seen, wrong, first, POSITIONS, samples, asked);
        return 1;
    }
    return 0;
}
