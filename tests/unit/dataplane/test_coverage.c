// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "dataplane/coverage.h"
#include "dataplane/sweep.h"

enum { POSITIONS = 100000 };

Test(coverage, each_block_has_one_sample_and_the_seed_chooses_it)
{
    struct coverage coverage;
    uint64_t differing = 0;
    cr_assert_eq(coverage_init(&coverage, 1, POSITIONS), 0);
    struct coverage other = coverage;
    other.seed = 2;
    for (uint64_t block = 0; block < POSITIONS / 1024; block++) {
        uint64_t sample = coverage_sample(&coverage, 0, block);
        uint64_t words = 0;
        cr_assert_eq(sample / 1024, block);
        for (uint64_t offset = block * 1024; offset < (block + 1) * 1024; offset += 64) {
            uint64_t word = coverage_word(&coverage, 0, offset);
            words += word != 0;
            cr_assert(word == 0 || word == UINT64_C(1) << (sample & 63));
        }
        cr_assert_eq(words, 1);
        differing += sample != coverage_sample(&other, 0, block);
    }
    cr_assert_gt(differing, POSITIONS / 1024 - 5);
    coverage_fini(&coverage);
}

Test(coverage, a_sample_counts_once_and_only_after_it_was_asked_again)
{
    struct coverage coverage;
    cr_assert_eq(coverage_init(&coverage, 7, POSITIONS), 0);
    uint64_t first = coverage_sample(&coverage, 0, 3);
    uint64_t second = coverage_sample(&coverage, 0, 70);
    cr_assert_eq(coverage_take(&coverage, 0, first), COVERAGE_NOT, "it was not asked again");
    cr_assert(coverage_ask(&coverage, 0, first & ~UINT64_C(63), true));
    cr_assert_not(coverage_ask(&coverage, 0, first & ~UINT64_C(63), true), "the third attempt is not the second");
    cr_assert(coverage_ask(&coverage, 0, second & ~UINT64_C(63), false));
    cr_assert_not(coverage_ask(&coverage, 0, second & ~UINT64_C(63), true), "what it answered later says nothing");
    cr_assert_eq(coverage_take(&coverage, 0, first ^ 1), COVERAGE_NOT, "no sample");
    cr_assert_eq(coverage_take(&coverage, 0, first), COVERAGE_BOTH);
    cr_assert_eq(coverage_take(&coverage, 0, first), COVERAGE_NOT, "a duplicate");
    cr_assert_eq(coverage_take(&coverage, 0, second), COVERAGE_NEW);
    cr_assert_eq(coverage_take(&coverage, 1, first), COVERAGE_NOT, "another segment");
    cr_assert(coverage_ask(&coverage, 1, coverage_sample(&coverage, 1, 3) & ~UINT64_C(63), true));
    coverage_clear(&coverage, 2);
    cr_assert(coverage_ask(&coverage, 2, coverage_sample(&coverage, 2, 3) & ~UINT64_C(63), false));
    cr_assert_eq(coverage_take(&coverage, 1, coverage_sample(&coverage, 1, 3)), COVERAGE_BOTH);
    coverage_fini(&coverage);
}

// Sweeps a world in which every position answers a probe with this chance, and returns what the samples say of it.
static void world_sweep(uint32_t attempts, uint64_t resume_step, double chance, uint64_t ret_counts[static 5])
{
    static struct answered answered;
    struct coverage coverage;
    struct sweep sweep;
    uint64_t random = 88172645463325252;
    uint64_t positions[64];
    const uint64_t length = UINT64_C(1) << 21;
    struct sweep_settings settings = {.end_position = length,
                                      .segment_positions = length,
                                      .resume_step = resume_step,
                                      .chunk = 4096,
                                      .attempts = attempts,
                                      .workers = 1};
    cr_assert_eq(answered_init(&answered, 0, length, length), 0);
    cr_assert_eq(coverage_init(&coverage, 99, length), 0);
    sweep_init(&sweep, &settings, &answered, &coverage);
    for (uint64_t now = 1; !sweep.finished; now++) {
        uint32_t count = sweep_next(&sweep, now, 64, positions);
        ret_counts[0] += count;
        for (uint32_t i = 0; i < count; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            if ((double)(random >> 11) / 9007199254740992.0 >= chance)
                continue;
            enum coverage_answer answer = coverage_take(&coverage, 0, positions[i]);
            ret_counts[1] += answer != COVERAGE_NOT;
            ret_counts[2] += answer == COVERAGE_BOTH;
            (void)answered_set(&answered, 0, positions[i]);
        }
    }
    ret_counts[3] = sweep.samples;
    ret_counts[4] = sweep.again;
    coverage_fini(&coverage);
    answered_fini(&answered);
}

static bool is_even(const void *context, uint64_t position)
{
    *(uint64_t *)(uintptr_t)context += 1;
    return position % 2 == 0;
}

// Of a list of pairs: what is none of them is no sample, in a pass of samples alone as in later attempts.
Test(coverage, what_is_not_asked_is_no_sample)
{
    const uint64_t length = 1 << 20;
    for (uint32_t attempts = 1; attempts <= 2; attempts++) {
        static struct answered answered;
        struct coverage coverage;
        struct sweep sweep;
        uint64_t positions[64];
        uint64_t looked = 0;
        uint64_t even = 0;
        uint64_t asked = 0;
        struct sweep_settings settings = {.end_position = length,
                                          .segment_positions = length,
                                          .chunk = 4096,
                                          .attempts = attempts,
                                          .workers = 1,
                                          .is_asked = is_even,
                                          .is_asked_context = &looked};
        cr_assert_eq(answered_init(&answered, 0, length, length), 0);
        cr_assert_eq(coverage_init(&coverage, 99, length), 0);
        for (uint64_t block = 0; block < length >> COVERAGE_BLOCK_BITS; block++)
            even += coverage_sample(&coverage, 0, block) % 2 == 0;
        sweep_init(&sweep, &settings, &answered, &coverage);
        for (uint64_t now = 1; !sweep.finished; now++) {
            uint32_t count = sweep_next(&sweep, now, 64, positions);
            for (uint32_t i = 0; i < count; i++)
                asked += sweep.attempt >= attempts && positions[i] % 2 != 0;
        }
        cr_expect(even > 0 && even < length >> COVERAGE_BLOCK_BITS);
        cr_expect_eq(sweep.samples, even, "%u attempts: %lu", attempts, sweep.samples);
        cr_expect_eq(sweep.again, attempts == 1 ? even : 0, "%u attempts: %lu", attempts, sweep.again);
        cr_expect_eq(looked, length >> COVERAGE_BLOCK_BITS, "one look for each sample");
        cr_expect_eq(asked, 0, "no pair, and asked as a sample");
        coverage_fini(&coverage);
        answered_fini(&answered);
    }
}

Test(coverage, one_attempt_is_followed_by_a_pass_over_the_samples_alone)
{
    uint64_t counts[5] = {0};
    world_sweep(1, 0, 1.0, counts);
    cr_assert_eq(counts[0], (UINT64_C(1) << 21) + 2048);
    cr_assert_eq(counts[1], 2048);
    cr_assert_eq(counts[2], 2048);
    cr_assert_eq(counts[3], 2048);
    cr_assert_eq(counts[4], 2048);
}

Test(coverage, the_share_that_had_answered_is_the_chance_of_an_answer)
{
    for (uint32_t attempts = 1; attempts <= 3; attempts++) {
        uint64_t counts[5] = {0};
        world_sweep(attempts, 0, 0.9, counts);
        cr_assert_eq(counts[3], 2048);
        double share = (double)counts[2] / (double)counts[1];
        // Five standard deviations of 1,843 trials.
        cr_assert(share > 0.865 && share < 0.935, "%u attempts: %f", attempts, share);
    }
}

Test(coverage, a_resumed_sweep_samples_only_what_it_asked_first_itself)
{
    uint64_t counts[5] = {0};
    world_sweep(2, UINT64_C(1) << 20, 1.0, counts);
    cr_assert(counts[3] >= 1023 && counts[3] <= 1025, "%lu samples", counts[3]);
    cr_assert_eq(counts[2], counts[1], "what was asked before the resume would look as if it had not answered");
    counts[3] = 0;
    world_sweep(2, (UINT64_C(1) << 21) + 64, 1.0, counts);
    cr_assert_eq(counts[3], 0);
}
