// SPDX-License-Identifier: BSD-3-Clause
// Which answers settle a position: a SYN-ACK or RST at once, an ICMP error only once the position was asked for the
// last time. The worker's turns are made by hand, so that each answer lies in the port at the very moment that decides.
#include <criterion/criterion.h>

#include "tests/vdev/hand.h"

enum { POSITIONS = 256 * 2, SOMEWHERE = 200 };

static const struct rig_plan ONCE = {.networks = {{0x0a500000, 0x0a5000ff}}, .ports = {22, 443}};
static const struct rig_plan TWICE = {.networks = {{0x0a500000, 0x0a5000ff}}, .ports = {22, 443}, .attempts = 2};
static const struct rig_plan TWO_WORKERS = {
    .networks = {{0x0a500000, 0x0a5000ff}}, .ports = {22, 443}, .attempts = 2, .workers = 2};

static struct hand hand;

static void hand_end(void)
{
    hand_fini(&hand);
}

static void answer(uint64_t position, enum world_answer kind)
{
    hand_answer(&hand, 0, position, kind);
    hand_receive(&hand, 0);
}

TestSuite(settle, .fini = hand_end);

Test(settle, an_error_before_the_last_attempt_leaves_the_position_to_be_asked_again)
{
    struct verdict verdict;
    hand_init(&hand, &TWICE);
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS);
    answer(SOMEWHERE, ANSWER_UNREACHABLE);
    cr_assert_not(hand_answered(&hand, SOMEWHERE));
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_UNREACHABLE), 1);
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS);
    cr_assert_eq(hand.asked[SOMEWHERE], 2);
    answer(SOMEWHERE, ANSWER_OPEN);
    cr_assert(hand_answered(&hand, SOMEWHERE));
    cr_assert_eq(hand_verdicts(&hand, &verdict), 1);
    cr_assert_eq(verdict.position, SOMEWHERE);
    answer(SOMEWHERE, ANSWER_OPEN);
    answer(SOMEWHERE, ANSWER_UNREACHABLE);
    cr_assert_eq(hand_verdicts(&hand, &verdict), 0, "told once");
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_OPEN), 1);
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_DUPLICATE), 2);
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_UNREACHABLE), 1);
    hand_check(&hand);
}

Test(settle, an_error_after_the_last_attempt_settles_without_a_verdict)
{
    struct verdict verdict;
    hand_init(&hand, &TWICE);
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS);
    answer(SOMEWHERE, ANSWER_UNREACHABLE);
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS);
    answer(SOMEWHERE, ANSWER_PROHIBITED);
    cr_assert(hand_answered(&hand, SOMEWHERE));
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_UNREACHABLE), 2, "each attempt's");
    answer(SOMEWHERE, ANSWER_UNREACHABLE);
    answer(SOMEWHERE, ANSWER_OPEN);
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_UNREACHABLE), 2);
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_DUPLICATE), 2);
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_OPEN), 0);
    cr_assert_eq(hand_verdicts(&hand, &verdict), 0);
    for (uint64_t i = 0; i < POSITIONS; i++) {
        cr_assert_eq(hand_answered(&hand, i), i == SOMEWHERE, "position %lu", i);
        cr_assert_eq(hand.asked[i], 2, "position %lu", i);
    }
    hand_check(&hand);
}

Test(settle, what_has_answered_is_not_asked_again)
{
    struct verdict verdict;
    hand_init(&hand, &TWICE);
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS);
    answer(SOMEWHERE, ANSWER_OPEN);
    answer(SOMEWHERE + 1, ANSWER_CLOSED);
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS - 2);
    cr_assert_eq(hand.asked[SOMEWHERE], 1);
    cr_assert_eq(hand.asked[SOMEWHERE + 1], 1);
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_CLOSED), 1);
    cr_assert_eq(hand_verdicts(&hand, &verdict), 1);
    hand_check(&hand);
}

Test(settle, the_last_probe_that_has_left_is_the_limit_within_an_attempt)
{
    hand_init(&hand, &TWICE);
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS);
    while (hand_ask(&hand, 0) == 0) {
    }
    answer(WORKER_BURST - 1, ANSWER_UNREACHABLE); // the last one of the burst, and the first one that is to come
    answer(WORKER_BURST, ANSWER_UNREACHABLE);
    cr_assert(hand_answered(&hand, WORKER_BURST - 1));
    cr_assert_not(hand_answered(&hand, WORKER_BURST));
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS - WORKER_BURST);
    cr_assert_eq(hand.asked[WORKER_BURST], 2);
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_UNREACHABLE), 2);
    hand_check(&hand);
}

// It is an answer to the attempt before, though it is looked at after the last one.
Test(settle, an_error_that_was_taken_before_the_last_probe_left_settles_nothing)
{
    struct verdict verdict;
    struct worker *worker;
    hand_init(&hand, &TWICE);
    worker = hand.rig.dataplane.workers[0];
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS);
    while (hand.asked[SOMEWHERE - WORKER_BURST] < 2)
        (void)hand_ask(&hand, 0);
    cr_assert_eq(hand.asked[SOMEWHERE], 1);
    hand_answer(&hand, 0, SOMEWHERE, ANSWER_UNREACHABLE);
    cr_assert_eq(worker_collect(worker), 1);
    cr_assert_eq(hand_ask(&hand, 0), WORKER_BURST);
    cr_assert_eq(hand.asked[SOMEWHERE], 2);
    worker_judge(worker, hand.now);
    cr_assert_not(hand_answered(&hand, SOMEWHERE));
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_UNREACHABLE), 1);
    answer(SOMEWHERE, ANSWER_OPEN);
    cr_assert_eq(hand_verdicts(&hand, &verdict), 1);
    answer(SOMEWHERE + 1, ANSWER_UNREACHABLE); // taken a turn later
    cr_assert(hand_answered(&hand, SOMEWHERE + 1));
    hand_check(&hand);
}

Test(settle, with_one_attempt_the_first_error_settles)
{
    struct verdict verdict;
    hand_init(&hand, &ONCE);
    cr_assert_eq(hand_ask(&hand, 0), WORKER_BURST);
    answer(3, ANSWER_UNREACHABLE);
    cr_assert(hand_answered(&hand, 3));
    answer(3, ANSWER_OPEN);
    cr_assert_eq(hand_verdicts(&hand, &verdict), 0);
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_DUPLICATE), 1);
    cr_assert_eq(hand_counter(&hand, COUNTER_ANSWERS_UNREACHABLE), 1);
    hand_check(&hand);
}

// Chunks of 64 positions go to the two in turn: worker 1 asks those from 64 on.
Test(settle, with_two_workers_the_step_of_the_one_that_asks_decides)
{
    struct worker *worker;
    hand_init(&hand, &TWO_WORKERS);
    worker = hand.rig.dataplane.workers[0];
    cr_assert_eq(hand_attempt(&hand, 1), POSITIONS / 2);
    cr_assert_eq(hand_attempt(&hand, 1), POSITIONS / 2);
    cr_assert_eq(hand.asked[64], 2);
    cr_assert_eq(hand.asked[0], 0);
    answer(64, ANSWER_UNREACHABLE);
    cr_assert_not(hand_answered(&hand, 64), "worker 0 has not looked yet how far worker 1 is");
    worker->steps[1] = atomic_load(&hand.rig.commands->progress[1].step); // as at its tick
    answer(64, ANSWER_UNREACHABLE);
    answer(63, ANSWER_UNREACHABLE); // its own
    cr_assert(hand_answered(&hand, 64));
    cr_assert_not(hand_answered(&hand, 63));
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS / 2);
    answer(63, ANSWER_UNREACHABLE);
    cr_assert_not(hand_answered(&hand, 63));
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS / 2);
    answer(63, ANSWER_UNREACHABLE);
    cr_assert(hand_answered(&hand, 63));
    hand_check(&hand);
}

static struct verdict denial(void)
{
    struct verdict verdict = {0};
    cr_assert_eq(hand_verdicts(&hand, &verdict), 1);
    cr_assert_eq(verdict.window, 0);
    cr_assert_eq(verdict.suspect, 0);
    return verdict;
}

Test(settle, what_refuses_is_told_once_where_the_plan_wants_it)
{
    struct verdict verdict;
    struct rig_plan plan = ONCE;
    plan.answers = ANSWERS_CLOSED;
    hand_init(&hand, &plan);
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS);
    answer(SOMEWHERE, ANSWER_CLOSED);
    verdict = denial();
    cr_assert_eq(verdict.answer, VERDICT_CLOSED);
    cr_assert_eq(verdict.position, SOMEWHERE);
    answer(SOMEWHERE, ANSWER_CLOSED);
    answer(SOMEWHERE + 1, ANSWER_UNREACHABLE);
    cr_assert_eq(hand_verdicts(&hand, &verdict), 0, "not twice, and no errors");
    answer(SOMEWHERE + 2, ANSWER_OPEN);
    cr_assert_eq(hand_verdicts(&hand, &verdict), 1);
    cr_assert_eq(verdict.answer, VERDICT_OPEN);
    hand_check(&hand);
}

Test(settle, what_is_reported_unreachable_is_told_when_it_settles)
{
    struct verdict verdict;
    struct rig_plan plan = TWICE;
    plan.answers = ANSWERS_ALL;
    hand_init(&hand, &plan);
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS);
    answer(SOMEWHERE, ANSWER_PROHIBITED);
    cr_assert_eq(hand_verdicts(&hand, &verdict), 0, "it is asked again");
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS);
    answer(SOMEWHERE, ANSWER_PROHIBITED);
    verdict = denial();
    cr_assert_eq(verdict.answer, VERDICT_UNREACHABLE);
    cr_assert_eq(verdict.icmp_type, 3);
    cr_assert_eq(verdict.icmp_code, 13);
    cr_assert_eq(verdict.reporter, verdict.address, "the host's own firewall");
    answer(SOMEWHERE + 1, ANSWER_UNREACHABLE);
    verdict = denial();
    cr_assert_eq(verdict.icmp_code, 1);
    cr_assert_neq(verdict.reporter, verdict.address, "a router");
    cr_assert_neq(verdict.reporter, 0);
    answer(SOMEWHERE + 2, ANSWER_CLOSED);
    cr_assert_eq(denial().answer, VERDICT_CLOSED);
    hand_check(&hand);
}

// With samples there is one more pass, which asks them alone: who is none is not asked again.
Test(settle, with_one_attempt_an_error_settles_at_once_but_for_the_samples)
{
    struct verdict verdict;
    struct rig_plan plan = ONCE;
    plan.answers = ANSWERS_ALL;
    plan.samples = true;
    hand_init(&hand, &plan);
    cr_assert_eq(hand_attempt(&hand, 0), POSITIONS);
    uint64_t sample = coverage_sample(&hand.rig.dataplane.coverage, 0, 0);
    uint64_t told = 0;
    for (uint64_t position = 0; position < POSITIONS; position++) {
        answer(position, ANSWER_UNREACHABLE);
        told += hand_verdicts(&hand, &verdict);
        cr_assert_eq(hand_answered(&hand, position), position != sample, "position %lu", position);
    }
    cr_assert_eq(told, sample < POSITIONS ? POSITIONS - 1 : POSITIONS);
    hand_check(&hand);
}
