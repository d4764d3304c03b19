// SPDX-License-Identifier: BSD-3-Clause
#include "tests/vdev/hand.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include "probes/packet/headers.h"
#include "tools/simnet/answer.h"

enum { RING_SLOTS = 1024, BUFFERS = 511 };

static void port_make(struct hand *hand, uint32_t workers, char ret_name[static RTE_ETH_NAME_MAX_LEN])
{
    char name[RTE_RING_NAMESIZE];
    for (uint32_t i = 0; i < workers; i++) {
        snprintf(name, sizeof(name), "hand_to%u", i);
        hand->to[i] = rte_ring_create(name, RING_SLOTS, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
        snprintf(name, sizeof(name), "hand_from%u", i);
        hand->from[i] = rte_ring_create(name, RING_SLOTS, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
        cr_assert(hand->to[i] != NULL && hand->from[i] != NULL);
    }
    int port = rte_eth_from_rings("hand", hand->to, workers, hand->from, workers, rte_socket_id());
    cr_assert_geq(port, 0);
    cr_assert_eq(rte_eth_dev_get_name_by_port((uint16_t)port, ret_name), 0);
}

void hand_init(struct hand *hand, const struct rig_plan *plan)
{
    char name[RTE_ETH_NAME_MAX_LEN];
    struct rig_plan own = *plan;
    uint32_t workers = plan->workers == 0 ? 1 : plan->workers;
    memset(hand, 0, sizeof(*hand));
    cr_assert_leq(workers, HAND_WORKERS_MAX);
    rig_eal(workers == 1 ? "0" : "0,1", NULL, NULL);
    port_make(hand, workers, name);
    hand->pool = rte_pktmbuf_pool_create("hand", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, (int)rte_socket_id());
    cr_assert_not_null(hand->pool);
    own.port_name = name;
    rig_init(&hand->rig, &own);
    struct dataplane *dataplane = &hand->rig.dataplane;
    struct commands *commands = hand->rig.commands;
    cr_assert_eq(dataplane_init(dataplane, &hand->rig.image, commands, &hand->rig.dataplane_side, commands->error,
                                sizeof(commands->error)),
                 0, "%s", commands->error);
    cr_assert_leq(dataplane->plan.order.count, HAND_POSITIONS_MAX);
    hand->now = rte_rdtsc();
    for (uint32_t i = 0; i < workers; i++) {
        struct worker *worker = dataplane->workers[i];
        pacer_init(&worker->pacer, 1e9, dataplane->tsc.hz, hand->now);
        pacer_init(&worker->neighbours, WORKER_NEIGHBOUR_PPS, dataplane->tsc.hz, hand->now);
    }
}

unsigned hand_missing(struct rte_mempool *pool)
{
    return rte_mempool_in_use_count(pool);
}

void hand_check(const struct hand *hand)
{
    const struct port *port = &hand->rig.dataplane.port;
    for (uint16_t i = 0; i < port->queue_count; i++) {
        cr_assert_eq(rte_ring_count(hand->to[i]), 0, "all was received");
        cr_assert_eq(rte_ring_count(hand->from[i]), 0, "all was looked at");
        cr_assert_eq(hand_missing(port->queues[i].rx), 0);
        cr_assert_eq(hand_missing(port->queues[i].frames), 0);
        cr_assert_eq(hand_missing(port->queues[i].templates), 0);
    }
    cr_assert_eq(hand_missing(hand->pool), 0);
}

void hand_fini(struct hand *hand)
{
    rig_fini(&hand->rig);
}

void hand_answer_write(struct hand *hand, uint64_t position, enum world_answer kind, struct rte_mbuf *mbuf)
{
    static struct probe_burst burst;
    const struct dataplane *dataplane = &hand->rig.dataplane;
    uint8_t probe[PROBE_FRAME_MAX];
    struct question question;
    memcpy(probe, dataplane->probe.frame, sizeof(probe));
    burst.position[0] = position;
    dataplane->kernels->generate(&dataplane->plan, &burst, 1);
    probe_write(probe, dataplane->probe.ip_offset, &burst, 0);
    question_read(probe, dataplane->probe.frame_bytes, &question);
    cr_assert_eq(question.kind, QUESTION_SYN);
    size_t length = answer_syn(kind, &question, rte_pktmbuf_mtod(mbuf, uint8_t *));
    mbuf->data_len = (uint16_t)length;
    mbuf->pkt_len = (uint32_t)length;
}

void hand_deliver(struct hand *hand, uint32_t worker, struct rte_mbuf *mbuf)
{
    cr_assert_eq(rte_ring_enqueue(hand->to[worker], mbuf), 0);
}

void hand_answer(struct hand *hand, uint32_t worker, uint64_t position, enum world_answer kind)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(hand->pool);
    cr_assert_not_null(mbuf);
    hand_answer_write(hand, position, kind, mbuf);
    hand_deliver(hand, worker, mbuf);
}

void hand_receive(struct hand *hand, uint32_t worker)
{
    (void)worker_collect(hand->rig.dataplane.workers[worker]);
    worker_judge(hand->rig.dataplane.workers[worker], hand->now);
}

// The position that a probe asks.
static uint64_t probe_position(const struct hand *hand, const struct rte_mbuf *mbuf)
{
    const struct probe_plan *plan = &hand->rig.dataplane.plan;
    const uint8_t *ip = rte_pktmbuf_mtod(mbuf, const uint8_t *) + hand->rig.dataplane.probe.ip_offset;
    int64_t ordinal = targets_ordinal(plan->targets, load32(ip + 16));
    int32_t port = plan->port_index[load16(ip + IPV4_BYTES + 2)];
    cr_assert(ordinal >= 0 && port >= 0);
    return order_position(&plan->order, (uint64_t)ordinal * plan->port_count + (uint32_t)port);
}

uint32_t hand_ask(struct hand *hand, uint32_t worker)
{
    struct dataplane *dataplane = &hand->rig.dataplane;
    struct rte_mbuf *mbufs[WORKER_BURST];
    hand->now += dataplane->tsc.hz / 1000;
    uint32_t count = worker_probes(dataplane->workers[worker], hand->now);
    cr_assert_eq(rte_ring_dequeue_burst(hand->from[worker], (void **)mbufs, WORKER_BURST, NULL), count);
    for (uint32_t i = 0; i < count; i++)
        hand->asked[probe_position(hand, mbufs[i])]++;
    rte_pktmbuf_free_bulk(mbufs, count);
    return count;
}

uint32_t hand_attempt(struct hand *hand, uint32_t worker)
{
    uint32_t asked = 0;
    uint32_t count;
    for (uint32_t i = 0; (count = hand_ask(hand, worker)) == 0; i++)
        cr_assert_lt(i, 100, "a gap ends");
    for (; count > 0; count = hand_ask(hand, worker))
        asked += count;
    return asked;
}

uint64_t hand_verdicts(struct hand *hand, struct verdict *ret_last)
{
    const struct channel *control = &hand->rig.control_side;
    uint64_t count = 0;
    for (uint32_t i = 0; i < control->geometry.workers * control->geometry.lanes; i++) {
        struct ring *ring = &control->pairs[i].verdicts;
        for (; ring_ready(ring, 1) > 0; ring_advance(ring, 1), count++)
            memcpy(ret_last, ring_slot(ring, 0), sizeof(*ret_last));
    }
    return count;
}

bool hand_answered(const struct hand *hand, uint64_t position)
{
    return answered_test(&hand->rig.dataplane.answered, 0, position);
}

uint64_t hand_counter(const struct hand *hand, enum dataplane_counter counter)
{
    return rig_counter(&hand->rig, counter);
}
