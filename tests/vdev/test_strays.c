// SPDX-License-Identifier: BSD-3-Clause
// What comes to the ports from which control opens connections, from addresses of the plan: segments of connections
// that it can have opened go up, whatever else is counted by cause and takes no slot of control's ring.
#include <criterion/criterion.h>

#include "probes/packet/frames.h"
#include "tests/vdev/hand.h"

static const struct rig_plan PLAN = {.networks = {{0x0a500000, 0x0a5000ff}}, .ports = {22, 443}};
static const struct probe_link PEER_LINK = {.gateway_mac = {2, 0, 0, 0, 0, 2}};

static struct hand hand;

static void begin(void)
{
    hand_init(&hand, &PLAN);
    pacer_init(&hand.rig.dataplane.workers[0]->resets, WORKER_RESETS_PPS, hand.rig.dataplane.tsc.hz, hand.now);
}

static void end(void)
{
    hand_fini(&hand);
}

TestSuite(strays, .init = begin, .fini = end);

// To the flow port of a connection of ours to a host's port 443; `acknowledged` bytes behind our SYN's number.
static void arrive(uint32_t address, uint16_t flow_port, uint8_t flags, uint32_t acknowledged)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(hand.pool);
    const struct frame_segment segment = {
        .source_address = address,
        .address = RIG_SOURCE,
        .seq = 0x11223344,
        .ack = cookie_flow(&hand.rig.dataplane.cookie, address, 443, flow_port) + acknowledged,
        .local_port = 443,
        .remote_port = flow_port,
        .window = 1000,
        .flags = flags,
    };
    cr_assert_not_null(mbuf);
    size_t length = frame_segment(&PEER_LINK, &segment, rte_pktmbuf_mtod(mbuf, uint8_t *));
    mbuf->data_len = (uint16_t)length;
    mbuf->pkt_len = (uint32_t)length;
    hand_deliver(&hand, 0, mbuf);
    hand_receive(&hand, 0);
}

static uint64_t up(void)
{
    const struct channel *control = &hand.rig.control_side;
    uint64_t count = 0;
    for (uint32_t lane = 0; lane < control->geometry.lanes; lane++) {
        struct ring *ring = &channel_pair(control, 0, lane)->segments;
        uint64_t ready = ring_ready(ring, UINT32_MAX);
        ring_advance(ring, ready);
        count += ready;
    }
    return count;
}

Test(strays, segments_of_a_connection_of_ours_go_up)
{
    const uint8_t flags[] = {TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK | TCP_PSH, TCP_FIN | TCP_ACK, TCP_RST | TCP_ACK};
    for (size_t i = 0; i < sizeof(flags); i++) {
        arrive(0x0a500001, (uint16_t)(24576 + i * 777), flags[i], 1);
        cr_assert_eq(up(), 1, "flags %02x", flags[i]);
    }
    arrive(0x0a500001, 24576, TCP_ACK, 65536);
    arrive(0x0a500001, 24576, TCP_RST | TCP_ACK, 0);
    cr_assert_eq(up(), 2, "the last byte that may be acknowledged, and the SYN's own number in a RST");
    cr_assert_eq(hand_counter(&hand, COUNTER_DROP_STRAYS), 0);
    hand_check(&hand);
}

Test(strays, whatever_acknowledges_nothing_of_ours_is_dropped_and_counted)
{
    arrive(0x0a500001, 24576, TCP_ACK, 0);
    arrive(0x0a500001, 24576, TCP_ACK, 65537);
    arrive(0x0a500001, 24576, TCP_SYN | TCP_ACK, 0);
    arrive(0x0a500001, 24576, TCP_SYN | TCP_ACK, 2);
    arrive(0x0a500001, 24576, TCP_SYN, 1);
    arrive(0x0a500001, 24576, 0, 1);
    cr_assert_eq(hand_counter(&hand, COUNTER_DROP_STRAYS), 6);
    for (uint32_t i = 0; i < 10000; i++)
        arrive(0x0a500001, (uint16_t)(24576 + i % 4096), TCP_ACK, 70000 + i * 400000);
    cr_assert_leq(up(), 4, "one in 65,536 hits");
    cr_assert_geq(hand_counter(&hand, COUNTER_DROP_STRAYS), 10002);
    cr_assert_eq(hand_counter(&hand, COUNTER_DROP_SEGMENTS_FULL), 0);
    hand_check(&hand);
}

Test(strays, resets_that_acknowledge_nothing_go_up_a_few_at_a_time)
{
    hand.now += hand.rig.dataplane.tsc.hz;
    for (uint32_t i = 0; i < 1000; i++)
        arrive(0x0a500001, 24576, TCP_RST, 0);
    uint64_t passed = up();
    cr_assert_eq(passed, 64);
    cr_assert_eq(hand_counter(&hand, COUNTER_DROP_RESETS), 1000 - passed);
    cr_assert_eq(hand_counter(&hand, COUNTER_DROP_STRAYS), 0);
    hand_check(&hand);
}
