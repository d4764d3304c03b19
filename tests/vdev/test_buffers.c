// SPDX-License-Identifier: BSD-3-Clause
// Received buffers of every kind are read alike and given back right, each to its own pool: beside plain ones those
// that are chained, shared, indirect, with memory of somebody else, or of several pools in a burst.
#include <criterion/criterion.h>

#include <rte_mempool.h>

#include "tests/vdev/hand.h"

enum { BURST = 8, ODD = 5, ROOM = 512, SHARED_INFO = 64 };

static const struct rig_plan PLAN = {.networks = {{0x0a500000, 0x0a5000ff}}, .ports = {22, 443}};

static struct hand hand;

static void hand_begin(void)
{
    hand_init(&hand, &PLAN);
}

static void hand_end(void)
{
    hand_fini(&hand);
}

TestSuite(buffers, .init = hand_begin, .fini = hand_end);

// A burst of answers, the one with number ODD in the given buffer.
static void burst_judge(struct rte_mbuf *odd)
{
    struct verdict verdict;
    for (uint64_t i = 0; i < BURST; i++)
        if (i == ODD)
            hand_deliver(&hand, 0, odd);
        else
            hand_answer(&hand, 0, i, ANSWER_OPEN);
    hand_receive(&hand, 0);
    cr_assert_eq(hand_verdicts(&hand, &verdict), BURST, "each was read");
    for (uint64_t i = 0; i < BURST; i++)
        cr_assert(hand_answered(&hand, i), "position %lu", i);
}

static struct rte_mbuf *answer_new(struct rte_mempool *pool)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
    cr_assert_not_null(mbuf);
    hand_answer_write(&hand, ODD, ANSWER_OPEN, mbuf);
    return mbuf;
}

// Each buffer lies in it once, ready to be used again.
static void pool_check(struct rte_mempool *pool)
{
    enum { MOST = 1024 };
    struct rte_mbuf *all[MOST];
    unsigned count = pool->size;
    cr_assert_leq(count, MOST);
    cr_assert_eq(hand_missing(pool), 0);
    cr_assert_eq(rte_mempool_get_bulk(pool, (void **)all, count), 0);
    for (unsigned i = 0; i < count; i++) {
        cr_assert_eq(all[i]->pool, pool);
        cr_assert_eq(all[i]->nb_segs, 1);
        cr_assert_null(all[i]->next);
        cr_assert_eq(rte_mbuf_refcnt_read(all[i]), 1);
        cr_assert(RTE_MBUF_DIRECT(all[i]), "not seen before, and its memory is its own");
        all[i]->ol_flags = RTE_MBUF_F_INDIRECT;
    }
    for (unsigned i = 0; i < count; i++)
        all[i]->ol_flags = 0;
    rte_mempool_put_bulk(pool, (void **)all, count);
    cr_assert_eq(hand_missing(pool), 0);
}

Test(buffers, plain_ones)
{
    burst_judge(answer_new(hand.pool));
    pool_check(hand.pool);
    hand_check(&hand);
}

Test(buffers, chained_ones)
{
    struct rte_mbuf *first = answer_new(hand.pool);
    struct rte_mbuf *second = rte_pktmbuf_alloc(hand.pool);
    cr_assert_not_null(second);
    cr_assert_not_null(rte_pktmbuf_append(second, 100)); // padding behind the packet
    cr_assert_eq(rte_pktmbuf_chain(first, second), 0);
    burst_judge(first);
    pool_check(hand.pool);
    hand_check(&hand);
}

// Somebody else goes on using it, as a port does that captures what it hands over.
Test(buffers, shared_ones)
{
    struct rte_mbuf *shared = answer_new(hand.pool);
    rte_mbuf_refcnt_update(shared, 1);
    burst_judge(shared);
    cr_assert_eq(hand_missing(hand.pool), 1, "it is not ours alone");
    cr_assert_eq(rte_mbuf_refcnt_read(shared), 1);
    rte_pktmbuf_free(shared);
    pool_check(hand.pool);
    hand_check(&hand);
}

Test(buffers, indirect_ones)
{
    struct rte_mbuf *owner = answer_new(hand.pool);
    struct rte_mbuf *indirect = rte_pktmbuf_alloc(hand.pool);
    cr_assert_not_null(indirect);
    rte_pktmbuf_attach(indirect, owner);
    rte_pktmbuf_free(owner);
    burst_judge(indirect);
    pool_check(hand.pool);
    hand_check(&hand);
}

static void memory_freed(void *address, void *times)
{
    (void)address;
    (*(unsigned *)times)++;
}

Test(buffers, ones_with_memory_of_somebody_else)
{
    static _Alignas(64) uint8_t memory[RTE_PKTMBUF_HEADROOM + ROOM + SHARED_INFO];
    unsigned freed = 0;
    uint16_t bytes = sizeof(memory);
    struct rte_mbuf *external = rte_pktmbuf_alloc(hand.pool);
    cr_assert_not_null(external);
    struct rte_mbuf_ext_shared_info *shared = rte_pktmbuf_ext_shinfo_init_helper(memory, &bytes, memory_freed, &freed);
    cr_assert_not_null(shared);
    rte_pktmbuf_attach_extbuf(external, memory, RTE_BAD_IOVA, bytes, shared);
    hand_answer_write(&hand, ODD, ANSWER_OPEN, external);
    burst_judge(external);
    cr_assert_eq(freed, 1);
    pool_check(hand.pool);
    hand_check(&hand);
}

Test(buffers, ones_of_two_pools)
{
    struct rte_mempool *other = rte_pktmbuf_pool_create("other", 63, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    cr_assert_not_null(other);
    burst_judge(answer_new(other));
    pool_check(hand.pool);
    pool_check(other);
    hand_check(&hand);
}
