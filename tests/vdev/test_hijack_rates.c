// SPDX-License-Identifier: BSD-3-Clause
// A hijacked control that asks for nothing but what the plan allows, through every ring there is and as fast as the
// dataplane takes it: what leaves is counted, by host, by /24 and over all, against the plan's rates.
#include <criterion/criterion.h>

#include <string.h>

#include "probes/packet/headers.h"
#include "tests/vdev/hand.h"

enum {
    NETWORKS = 2,
    WORKERS = 2,
    SECONDS = 4,
    TURNS = SECONDS * 1000, // one a millisecond
    RATE = 1000,
    NETWORK_RATE = 200,
    HOST_RATE = 40,
    FRAME_FLAGS = ETHER_BYTES + IPV4_BYTES + 13,
};

static const struct rig_plan PLAN = {
    .networks = {{0x0a500000, 0x0a5000ff}, {0x0a500100, 0x0a5001ff}},
    .ports = {22, 443},
    .workers = WORKERS,
    .network_rate_pps = NETWORK_RATE,
    .host_rate_pps = HOST_RATE,
};

static struct hand hand;
static uint64_t sent;
static uint64_t by_network[NETWORKS];
static uint64_t by_host[NETWORKS * 256];
static uint32_t turn;

static void hand_end(void)
{
    hand_fini(&hand);
}

TestSuite(hijack_rates, .fini = hand_end);

// Fills every ring of every worker with requests to hosts [0, hosts) in turn.
static void rings_fill(uint8_t flags, uint32_t hosts)
{
    static uint32_t next;
    const struct channel *control = &hand.rig.control_side;
    for (uint32_t i = 0; i < control->geometry.workers * control->geometry.lanes; i++) {
        struct ring *ring = &control->pairs[i].requests;
        while (ring_free(ring, 1) > 0) {
            struct segment *request = (struct segment *)ring_slot_ahead(ring, 0);
            memset(request, 0, offsetof(struct segment, payload));
            request->address = 0x0a500000 + next++ % hosts;
            request->remote_port = 443;
            request->local_port = (uint16_t)(24576 + (turn & 4095));
            request->seq = cookie_flow(&hand.rig.dataplane.cookie, request->address, 443, request->local_port) + 1;
            request->flags = flags;
            ring_advance(ring, 1);
        }
    }
}

static void frames_count(uint32_t worker, uint8_t flags)
{
    struct rte_mbuf *mbufs[WORKER_BURST];
    uint32_t count;
    while ((count = rte_ring_dequeue_burst(hand.from[worker], (void **)mbufs, WORKER_BURST, NULL)) > 0) {
        for (uint32_t i = 0; i < count; i++) {
            const uint8_t *frame = rte_pktmbuf_mtod(mbufs[i], const uint8_t *);
            uint32_t host = header_get32(frame + ETHER_BYTES + 16) - 0x0a500000;
            cr_assert_lt(host, NETWORKS * 256);
            cr_assert_eq(frame[FRAME_FLAGS], flags);
            sent++;
            by_network[host / 256]++;
            by_host[host]++;
        }
        rte_pktmbuf_free_bulk(mbufs, count);
    }
}

// Asks for SECONDS of the dataplane's time.
static void ask(uint8_t flags, uint32_t hosts)
{
    struct dataplane *dataplane = &hand.rig.dataplane;
    for (uint32_t i = 0; i < WORKERS; i++)
        pacer_init(&dataplane->workers[i]->pacer, (double)RATE / WORKERS, dataplane->tsc.hz, hand.now);
    for (turn = 0; turn < TURNS; turn++) {
        hand.now += dataplane->tsc.hz / 1000;
        rings_fill(flags, hosts);
        for (uint32_t i = 0; i < WORKERS; i++) {
            (void)worker_requests(dataplane->workers[i], hand.now);
            cr_assert(worker_flush(dataplane->workers[i]));
            frames_count(i, flags);
        }
    }
    hand_check(&hand);
}

static uint64_t highest(const uint64_t *counts, size_t count)
{
    uint64_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = counts[i] > most ? counts[i] : most;
    return most;
}

Test(hijack_rates, connections_keep_the_rates_of_probes_of_networks_and_of_hosts)
{
    hand_init(&hand, &PLAN);
    ask(TCP_SYN, NETWORKS * 256);
    uint64_t most = highest(by_network, NETWORKS);
    cr_assert_leq(sent, RATE * SECONDS + 2 * 64 * WORKERS, "%lu connections in %d s", sent, SECONDS);
    cr_assert_leq(most, NETWORK_RATE * SECONDS + NETWORK_RATE / 10, "%lu connections to one /24", most);
    cr_assert_geq(most, NETWORK_RATE * (SECONDS - 1), "what the plan allows leaves: %lu", most);
    cr_assert_gt(hand_counter(&hand, COUNTER_GUARD_NETWORK_RATE), 0);
    cr_assert_gt(hand_counter(&hand, COUNTER_GUARD_WORKER), 0, "half of the rings are another worker's");
}

Test(hijack_rates, a_host_gets_no_more_through_two_workers_than_through_one)
{
    hand_init(&hand, &PLAN);
    ask(TCP_ACK, 8);
    uint64_t most = highest(by_host, NETWORKS * 256);
    cr_assert_leq(most, HOST_RATE * SECONDS + 16, "%lu frames to one host in %d s", most, SECONDS);
    cr_assert_geq(most, HOST_RATE * SECONDS - 1, "what the plan allows leaves: %lu", most);
}

Test(hijack_rates, connections_keep_the_rate_of_probes_where_networks_would_allow_more)
{
    struct rig_plan plan = PLAN;
    plan.network_rate_pps = 1e6;
    plan.host_rate_pps = 1000000;
    hand_init(&hand, &plan);
    ask(TCP_SYN, NETWORKS * 256);
    cr_assert_leq(sent, RATE * SECONDS + 2 * 64 * WORKERS, "%lu connections in %d s", sent, SECONDS);
    cr_assert_geq(sent, RATE / WORKERS * SECONDS, "what the plan allows leaves: %lu", sent);
    cr_assert_gt(hand_counter(&hand, COUNTER_GUARD_PROBE_RATE), 0);
}
