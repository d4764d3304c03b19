// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <string.h>

#include "dataplane/channel/ring.h"

enum { CAPACITY = 8 };

static struct ring_index head;
static struct ring_index tail;
static uint64_t slots[CAPACITY];
static struct ring producer;
static struct ring consumer;

static void both_init(void)
{
    atomic_store(&head.value, 0);
    atomic_store(&tail.value, 0);
    memset(slots, 0, sizeof(slots));
    ring_init(&producer, slots, CAPACITY, sizeof(slots[0]), &head, &tail);
    ring_init(&consumer, slots, CAPACITY, sizeof(slots[0]), &tail, &head);
}

static bool push(uint64_t value)
{
    if (ring_free(&producer, 1) < 1)
        return false;
    memcpy(ring_slot_ahead(&producer, 0), &value, sizeof(value));
    ring_advance(&producer, 1);
    return true;
}

static bool pull(uint64_t *ret_value)
{
    if (ring_ready(&consumer, 1) < 1)
        return false;
    memcpy(ret_value, ring_slot(&consumer, 0), sizeof(*ret_value));
    ring_advance(&consumer, 1);
    return true;
}

TestSuite(ring, .init = both_init);

Test(ring, passes_everything_in_order_over_many_turns)
{
    uint64_t sent = 0;
    uint64_t seen = 0;
    for (int turn = 0; turn < 1000; turn++) {
        for (int i = 0; i < turn % (CAPACITY + 1); i++)
            cr_assert(push(sent++));
        uint64_t value;
        while (pull(&value))
            cr_assert_eq(value, seen++);
        cr_assert_eq(sent, seen);
    }
}

Test(ring, holds_exactly_its_capacity)
{
    for (uint64_t i = 0; i < CAPACITY; i++)
        cr_assert(push(i));
    cr_assert_not(push(99));
    uint64_t value;
    cr_assert(pull(&value));
    cr_assert(push(99));
    cr_assert_not(push(100));
}

Test(ring, producer_dies_when_the_tail_runs_ahead_of_the_head)
{
    cr_assert(push(1));
    atomic_store(&tail.value, 2);
    cr_assert_eq(ring_free(&producer, CAPACITY), 0);
    cr_assert(producer.dead);
    atomic_store(&tail.value, 1);
    cr_assert_eq(ring_free(&producer, 1), 0, "dead stays dead");
}

Test(ring, producer_dies_when_the_tail_goes_back)
{
    uint64_t value;
    for (uint64_t i = 0; i < 20; i++) {
        cr_assert(push(i));
        cr_assert(pull(&value));
    }
    cr_assert_eq(ring_free(&producer, CAPACITY), CAPACITY);
    atomic_store(&tail.value, 3);
    cr_assert_eq(ring_free(&producer, CAPACITY + 1), 0);
    cr_assert(producer.dead);
}

Test(ring, consumer_dies_when_the_head_promises_more_than_the_capacity)
{
    atomic_store(&head.value, CAPACITY + 1);
    cr_assert_eq(ring_ready(&consumer, 1), 0);
    cr_assert(consumer.dead);
}

Test(ring, consumer_dies_when_the_head_goes_back)
{
    for (uint64_t i = 0; i < 4; i++)
        cr_assert(push(i));
    cr_assert_eq(ring_ready(&consumer, 1), 4);
    atomic_store(&head.value, 2);
    cr_assert_eq(ring_ready(&consumer, 5), 0);
    cr_assert(consumer.dead);
}

Test(ring, a_successor_goes_on_where_the_index_stands)
{
    uint64_t value;
    for (uint64_t i = 0; i < 5; i++)
        cr_assert(push(i));
    cr_assert(pull(&value));
    struct ring successor;
    ring_init(&successor, slots, CAPACITY, sizeof(slots[0]), &tail, &head);
    cr_assert_eq(ring_ready(&successor, 1), 4);
    memcpy(&value, ring_slot(&successor, 0), sizeof(value));
    cr_assert_eq(value, 1);
}

Test(ring, a_successor_of_a_scribbler_is_born_dead)
{
    atomic_store(&tail.value, UINT64_C(0xdeadbeefdeadbeef));
    struct ring successor;
    ring_init(&successor, slots, CAPACITY, sizeof(slots[0]), &tail, &head);
    cr_assert(successor.dead);
    cr_assert_eq(ring_ready(&successor, 1), 0);
}
