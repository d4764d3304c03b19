// SPDX-License-Identifier: BSD-3-Clause
// Where answers may lie: in the segment that is asked and the one before it, between the scan's first and its last
// position. Whatever else carries a right cookie is counted as out of plan and leaves no trace.
#include <criterion/criterion.h>

#include "tests/vdev/hand.h"

enum { POSITIONS = 256 * 2 };

#define GROUND .networks = {{0x0a500000, 0x0a5000ff}}, .ports = {22, 443}

static const struct rig_plan TWO = {GROUND, .segment_positions = 256};
static const struct rig_plan FOUR = {GROUND, .segment_positions = 128};
static const struct rig_plan SHORT = {GROUND, .segment_positions = 256, .end_position = 400, .attempts = 2};
static const struct rig_plan SHARD = {GROUND, .first_position = 100, .end_position = 300};

static struct hand hand;

static void hand_end(void)
{
    hand_fini(&hand);
}

TestSuite(segments, .fini = hand_end);

static void answer(uint64_t position, enum world_answer kind)
{
    hand_answer(&hand, 0, position, kind);
    hand_receive(&hand, 0);
}

static uint32_t bits(uint32_t segment)
{
    const struct answered *answered = &hand.rig.dataplane.answered;
    uint32_t count = 0;
    for (size_t i = 0; i < answered->bytes * 8; i++)
        count += answered_test(answered, segment, i);
    return count;
}

static bool answered(uint32_t segment, uint64_t offset)
{
    return answered_test(&hand.rig.dataplane.answered, segment, offset);
}

// As the worker does at its tick, once housekeeping has opened the next one.
static void segment_next(void)
{
    struct sweep *sweep = &hand.rig.dataplane.workers[0]->sweep;
    cr_assert(sweep->segment_done);
    atomic_fetch_add(&hand.rig.dataplane.segment_open, 1);
    sweep_segment(sweep);
}

// Every position is answered, by one burst after the other, and exactly [first, end) are told to control.
static void told_check(uint64_t first, uint64_t end)
{
    static bool told[POSITIONS];
    struct verdict verdict;
    uint64_t count = 0;
    for (uint64_t i = 0; i < POSITIONS; i++) {
        answer(i, ANSWER_OPEN);
        told[i] = hand_verdicts(&hand, &verdict) == 1;
        count += told[i];
        cr_assert_eq(told[i], i >= first && i < end, "position %lu", i);
        cr_assert(!told[i] || verdict.position == i);
    }
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_OPEN), count);
    cr_assert_eq(hand_counter(&hand, COUNTER_DROP_OUT_OF_PLAN), POSITIONS - count);
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_DUPLICATE), 0);
}

Test(segments, of_two_each_has_bits_of_its_own)
{
    struct verdict verdict;
    hand_init(&hand, &TWO);
    cr_assert_eq(hand_attempt(&hand, 0), 256);
    segment_next();
    cr_assert_eq(hand_attempt(&hand, 0), 256);
    answer(256 + 5, ANSWER_OPEN);
    cr_assert(answered(1, 5));
    cr_assert_eq(bits(0), 0);
    answer(256, ANSWER_OPEN); // the first of one and the last of the other
    answer(255, ANSWER_CLOSED);
    cr_assert(answered(1, 0));
    cr_assert(answered(0, 255));
    answer(5, ANSWER_OPEN);
    cr_assert(answered(0, 5));
    cr_assert_eq(bits(0), 2);
    cr_assert_eq(bits(1), 2);
    cr_assert_eq(hand_verdicts(&hand, &verdict), 3);
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_DUPLICATE), 0);
    cr_assert_eq(hand_counter(&hand, COUNTER_DROP_OUT_OF_PLAN), 0);
    hand_check(&hand);
}

Test(segments, both_are_answered_from_the_first_position_to_the_last)
{
    hand_init(&hand, &TWO);
    told_check(0, POSITIONS);
    cr_assert_eq(bits(0) + bits(1), POSITIONS);
    hand_check(&hand);
}

Test(segments, earlier_and_later_ones_are_out_of_plan)
{
    hand_init(&hand, &FOUR);
    atomic_store(&hand.rig.dataplane.segment_floor, 1);
    told_check(128, 384);
    cr_assert_eq(bits(0) + bits(1), 256);
    hand_check(&hand);
}

Test(segments, what_lies_behind_the_end_of_the_scan_is_out_of_plan)
{
    hand_init(&hand, &SHORT);
    told_check(0, 400);
    cr_assert_eq(bits(0), 256);
    cr_assert_eq(bits(1), 400 - 256);
    hand_check(&hand);
}

Test(segments, the_end_of_the_scan_counts_in_its_last_segment_too)
{
    hand_init(&hand, &SHORT);
    atomic_store(&hand.rig.dataplane.segment_floor, 1);
    told_check(256, 400);
    cr_assert_eq(bits(0), 0);
    cr_assert_eq(bits(1), 400 - 256);
    hand_check(&hand);
}

Test(segments, what_belongs_to_other_shards_is_out_of_plan)
{
    hand_init(&hand, &SHARD);
    told_check(100, 300);
    cr_assert_eq(bits(0), 200);
    hand_check(&hand);
}

// The last segment is shorter than the others, and its last position is the last one of all.
Test(segments, an_error_settles_after_the_last_attempt_of_its_own_segment)
{
    hand_init(&hand, &SHORT);
    cr_assert_eq(hand_attempt(&hand, 0), 256);
    answer(255, ANSWER_UNREACHABLE);
    cr_assert_not(answered(0, 255));
    cr_assert_eq(hand_attempt(&hand, 0), 256);
    answer(255, ANSWER_UNREACHABLE);
    cr_assert(answered(0, 255));
    segment_next();
    cr_assert_eq(hand_attempt(&hand, 0), 144);
    answer(399, ANSWER_UNREACHABLE);
    answer(256, ANSWER_UNREACHABLE);
    answer(3, ANSWER_UNREACHABLE); // of the segment before: no attempt is to come
    cr_assert_eq(bits(1), 0);
    cr_assert(answered(0, 3));
    cr_assert_eq(hand_attempt(&hand, 0), 144);
    answer(399, ANSWER_UNREACHABLE);
    answer(256, ANSWER_UNREACHABLE);
    cr_assert(answered(1, 399 - 256));
    cr_assert(answered(1, 0));
    cr_assert_eq(bits(0), 2);
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_UNREACHABLE), 7);
    cr_assert(hand.rig.dataplane.workers[0]->sweep.finished);
    hand_check(&hand);
}
