// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "dataplane/sweep.h"

enum { WORKERS_MAX = 5 };

// Plays the workers of a sweep in turn, as housekeeping would, and counts how often each position is asked per attempt.
struct play {
    struct sweep_settings settings;
    struct answered answered;
    struct sweep workers[WORKERS_MAX];
    uint8_t *asked; // [attempts][positions]
    uint64_t positions;
    uint64_t now;
};

static void play_init(struct play *play, struct sweep_settings settings)
{
    play->settings = settings;
    play->settings.chunk = sweep_chunk(settings.end_position - settings.first_position, settings.workers);
    play->now = 1;
    play->positions = settings.end_position - settings.first_position;
    cr_assert_eq(
        answered_init(&play->answered, settings.first_position, settings.end_position, settings.segment_positions), 0);
    play->asked = (uint8_t *)calloc(settings.attempts, play->positions);
    for (uint32_t i = 0; i < settings.workers; i++) {
        play->settings.worker = i;
        sweep_init(&play->workers[i], &play->settings, &play->answered, NULL);
    }
}

static void play_fini(struct play *play)
{
    answered_fini(&play->answered);
    free(play->asked);
}

// One call for one worker; `most` varies so that bursts end anywhere.
static void play_turn(struct play *play, struct sweep *sweep, uint32_t most)
{
    uint64_t positions[64];
    uint32_t count = sweep_next(sweep, play->now, most, positions);
    cr_assert_leq(count, most);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert(positions[i] >= play->settings.first_position && positions[i] < play->settings.end_position);
        play->asked[sweep->attempt * play->positions + positions[i] - play->settings.first_position]++;
        uint64_t offset = positions[i] - sweep->base;
        cr_assert_eq(sweep_asker(sweep, offset), sweep->settings.worker, "offset %lu", offset);
        bool last = sweep_step(sweep) > sweep_last_step(sweep, sweep->segment, offset);
        cr_assert_eq(last, sweep->attempt + 1 == sweep->settings.attempts, "position %lu in attempt %u", positions[i],
                     sweep->attempt);
    }
}

static void play_whole(struct play *play)
{
    for (uint64_t turn = 0; turn < 40000000; turn++) {
        bool finished = true;
        bool all_done = true;
        for (uint32_t i = 0; i < play->settings.workers; i++) {
            play_turn(play, &play->workers[i], 1 + (uint32_t)(turn * 7 + i * 13) % 64);
            finished = finished && play->workers[i].finished;
            all_done = all_done && play->workers[i].segment_done;
        }
        play->now++;
        if (finished)
            return;
        if (!all_done)
            continue;
        for (uint32_t i = 0; i < play->settings.workers; i++)
            sweep_segment(&play->workers[i]);
    }
    cr_assert_fail("the sweep never ends");
}

Test(sweep, asks_each_position_once_per_attempt_over_workers_and_segments)
{
    const uint64_t lengths[] = {1, 63, 64, 65, 4095, 4096, 4097, 20000, 65536};
    for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
        for (uint32_t workers = 1; workers <= WORKERS_MAX; workers += 2) {
            for (uint64_t segment = 4096; segment <= 131072; segment *= 8) {
                struct play play;
                play_init(&play, (struct sweep_settings){.first_position = 1000003,
                                                         .end_position = 1000003 + lengths[l],
                                                         .segment_positions = segment,
                                                         .gap_ticks = 3,
                                                         .attempts = 3,
                                                         .workers = workers});
                play_whole(&play);
                for (uint64_t i = 0; i < 3 * lengths[l]; i++)
                    cr_assert_eq(play.asked[i], 1, "%lu positions, %u workers, segment %lu: entry %lu asked %u times",
                                 lengths[l], workers, segment, i, play.asked[i]);
                play_fini(&play);
            }
        }
    }
}

Test(sweep, later_attempts_leave_out_what_has_answered)
{
    struct play play;
    play_init(&play,
              (struct sweep_settings){.end_position = 10000, .segment_positions = 16384, .attempts = 2, .workers = 2});
    uint64_t answered = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        if (i % 3 == 0 || (i >= 4096 && i < 8192)) {
            answered_set(&play.answered, 0, i);
            answered++;
        }
    }
    play_whole(&play);
    uint64_t skipped = play.workers[0].skipped + play.workers[1].skipped;
    cr_assert_eq(skipped, answered);
    for (uint64_t i = 0; i < 10000; i++) {
        bool has = i % 3 == 0 || (i >= 4096 && i < 8192);
        cr_assert_eq(play.asked[i], 1);
        cr_assert_eq(play.asked[10000 + i], has ? 0 : 1, "position %lu", i);
    }
    play_fini(&play);
}

Test(sweep, an_attempt_begins_a_gap_after_the_one_before_it_has_ended)
{
    struct play play;
    uint64_t positions[64];
    play_init(&play, (struct sweep_settings){
                         .end_position = 64, .segment_positions = 64, .gap_ticks = 1000, .attempts = 2, .workers = 1});
    struct sweep *sweep = &play.workers[0];
    cr_assert_eq(sweep_next(sweep, 10, 64, positions), 64);
    cr_assert_eq(sweep_next(sweep, 11, 64, positions), 0);
    cr_assert_leq(sweep_step(sweep), sweep_last_step(sweep, 0, 0), "it has not begun");
    cr_assert_eq(sweep_next(sweep, 1010, 64, positions), 0);
    cr_assert_eq(sweep_next(sweep, 1011, 64, positions), 64);
    cr_assert_eq(sweep_next(sweep, 1012, 64, positions), 0);
    cr_assert(sweep->finished);
    play_fini(&play);
}

Test(sweep, its_position_is_never_beyond_what_was_asked)
{
    struct play play;
    uint64_t positions[64];
    play_init(
        &play,
        (struct sweep_settings){
            .first_position = 77, .end_position = 77 + 9000, .segment_positions = 16384, .attempts = 1, .workers = 1});
    uint64_t next = 77;
    struct sweep *sweep = &play.workers[0];
    while (!sweep->finished) {
        uint32_t count = sweep_next(sweep, 1, 17, positions);
        for (uint32_t i = 0; i < count; i++)
            cr_assert_eq(positions[i], next++);
        cr_assert_eq(sweep_position(sweep), next);
    }
    cr_assert_eq(next, 77 + 9000);
    play_fini(&play);
}

// Asks what is left from the least step of all workers on, as a scan does that goes on after a crash.
static void play_resume(struct play *play, uint32_t workers)
{
    uint64_t step = UINT64_MAX;
    for (uint32_t i = 0; i < play->settings.workers; i++) {
        uint64_t own = sweep_step(&play->workers[i]);
        step = own < step ? own : step;
    }
    play->settings.workers = workers;
    play->settings.resume_step = step;
    play->settings.chunk = sweep_chunk(play->positions, workers);
    for (uint32_t i = 0; i < workers; i++) {
        play->settings.worker = i;
        sweep_init(&play->workers[i], &play->settings, &play->answered, NULL);
    }
}

static bool play_some(struct play *play, uint64_t turns)
{
    for (uint64_t turn = 0; turn < turns; turn++) {
        bool all_done = true;
        bool finished = true;
        for (uint32_t i = 0; i < play->settings.workers; i++) {
            play_turn(play, &play->workers[i], 1 + (uint32_t)(turn * 7 + i * 13) % 64);
            all_done = all_done && play->workers[i].segment_done;
            finished = finished && play->workers[i].finished;
        }
        play->now++;
        if (finished)
            return true;
        for (uint32_t i = 0; all_done && i < play->settings.workers; i++)
            sweep_segment(&play->workers[i]);
    }
    return false;
}

Test(sweep, resumes_lose_nothing_over_workers_chunks_and_segments)
{
    for (uint64_t length = 1; length <= 70000; length = length * 3 + 17) {
        for (uint64_t segment = 4096; segment <= 131072; segment *= 32) {
            for (uint32_t turns = 1; turns < 700; turns = turns * 4 + 3) {
                struct play play;
                play_init(&play, (struct sweep_settings){.first_position = 1000003,
                                                         .end_position = 1000003 + length,
                                                         .segment_positions = segment,
                                                         .gap_ticks = 2,
                                                         .attempts = 2,
                                                         .workers = 3});
                uint32_t rounds = 0;
                while (!play_some(&play, turns * (1 + rounds / 16)))
                    play_resume(&play, 1 + ++rounds % WORKERS_MAX);
                for (uint64_t i = 0; i < 2 * length; i++)
                    cr_assert_geq(play.asked[i], 1, "%lu positions, segment %lu, %u turns: entry %lu was not asked",
                                  length, segment, turns, i);
                play_fini(&play);
            }
        }
    }
}

Test(sweep, a_resume_of_one_worker_repeats_nothing)
{
    struct play play;
    play_init(&play, (struct sweep_settings){.first_position = 5,
                                             .end_position = 5 + 30000,
                                             .segment_positions = 8192,
                                             .gap_ticks = 2,
                                             .attempts = 2,
                                             .workers = 1});
    uint64_t resumes = 0;
    while (!play_some(&play, 37)) {
        play_resume(&play, 1);
        resumes++;
    }
    for (uint64_t i = 0; i < 60000; i++)
        cr_assert_eq(play.asked[i], 1, "position %lu", i);
    cr_assert_gt(resumes, 20);
    play_fini(&play);
}

Test(sweep, a_step_at_the_end_asks_nothing_more)
{
    const uint64_t lengths[] = {1, 64, 8192, 16384, 20000};
    for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
        struct play play;
        play_init(&play, (struct sweep_settings){
                             .end_position = lengths[l], .segment_positions = 8192, .attempts = 3, .workers = 2});
        play_whole(&play);
        cr_assert_eq(sweep_step(&play.workers[0]), 3 * lengths[l]);
        memset(play.asked, 0, 3 * lengths[l]);
        play_resume(&play, 2);
        play_whole(&play);
        for (uint64_t i = 0; i < 3 * lengths[l]; i++)
            cr_assert_eq(play.asked[i], 0);
        play_fini(&play);
    }
}

Test(sweep, small_plans_are_shared_by_all_workers)
{
    cr_assert_eq(sweep_chunk(UINT64_C(1) << 40, 4), 4096);
    cr_assert_eq(sweep_chunk(4096 * 8 * 4, 4), 4096);
    cr_assert_eq(sweep_chunk(4096 * 8 * 4 - 1, 4), 2048);
    cr_assert_eq(sweep_chunk(4096, 2), 256);
    cr_assert_eq(sweep_chunk(10, 2), 64);
}

// So many turns of every worker, in one segment.
static void play_turns(struct play *play, uint64_t turns)
{
    for (uint64_t turn = 0; turn < turns; turn++)
        for (uint32_t i = 0; i < play->settings.workers; i++)
            play_turn(play, &play->workers[i], 1 + (uint32_t)(turn * 7 + i * 13) % 64);
}

// A link goes down: each worker goes back to where it was a while before.
static void rewind_check(uint64_t positions, uint32_t workers, uint64_t before, uint64_t since)
{
    struct play play;
    uint64_t steps[WORKERS_MAX];
    play_init(&play, (struct sweep_settings){.first_position = 1000003,
                                             .end_position = 1000003 + positions,
                                             .segment_positions = 65536,
                                             .attempts = 1,
                                             .workers = workers});
    uint8_t *then = (uint8_t *)malloc(positions);
    uint8_t *lost = (uint8_t *)malloc(positions);
    play_turns(&play, before);
    memcpy(then, play.asked, positions);
    for (uint32_t i = 0; i < workers; i++)
        steps[i] = sweep_step(&play.workers[i]);
    play_turns(&play, since);
    memcpy(lost, play.asked, positions);
    for (uint64_t i = 0; i < positions; i += 3)
        if (lost[i] != 0)
            (void)answered_set(&play.answered, 0, i);
    for (uint32_t i = 0; i < workers; i++) {
        sweep_rewind(&play.workers[i], steps[i]);
        cr_assert_geq(sweep_step(&play.workers[i]), steps[i], "it has gone further back");
        cr_assert(!play.workers[i].finished || steps[i] >= positions);
    }
    play_whole(&play);
    for (uint64_t i = 0; i < positions; i++) {
        bool twice = lost[i] != then[i] && i % 3 != 0;
        cr_assert_eq(play.asked[i], twice ? 2 : 1, "%lu positions, %u workers, %lu and %lu turns: %lu asked %u times",
                     positions, workers, before, since, i, play.asked[i]);
    }
    free(then);
    free(lost);
    play_fini(&play);
}

Test(sweep, what_was_asked_since_a_step_and_has_not_answered_is_asked_again_after_going_back)
{
    const uint64_t turns[] = {0, 1, 2, 17, 100, 333, 10000};
    for (uint32_t workers = 1; workers <= WORKERS_MAX; workers += 2)
        for (size_t b = 0; b < sizeof(turns) / sizeof(turns[0]); b++)
            for (size_t s = 0; s < sizeof(turns) / sizeof(turns[0]); s++)
                rewind_check(20011, workers, turns[b], turns[s]);
}

Test(sweep, a_second_attempt_goes_back_too_and_into_the_first)
{
    struct play play;
    play_init(&play,
              (struct sweep_settings){.end_position = 1000, .segment_positions = 1024, .attempts = 2, .workers = 1});
    play_turns(&play, 20);
    uint64_t step = sweep_step(&play.workers[0]);
    cr_assert_lt(step, 1000);
    while (play.workers[0].attempt == 0 || sweep_step(&play.workers[0]) < 1500)
        play_turns(&play, 1);
    sweep_rewind(&play.workers[0], step);
    play_whole(&play);
    for (uint64_t i = 0; i < 1000; i++) {
        cr_assert_eq(play.asked[i], i < step ? 1 : 2, "first attempt of %lu: %u", i, play.asked[i]);
        cr_expect_geq(play.asked[1000 + i], 1, "second attempt of %lu, step %lu", i, step);
    }
    play_fini(&play);
}
