// SPDX-License-Identifier: BSD-3-Clause
// What neighbours ask about ourselves: ARP and echo requests are answered on the wire, at a limited rate, and counted.
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probes/packet/frames.h"
#include "probes/packet/headers.h"
#include "tests/vdev/capture.h"
#include "tests/vdev/hand.h"
#include "tools/simnet/answer.h"

enum { NEIGHBOUR = 0x0a630009, ECHO_ID_AND_SEQUENCE = 0x12345678, ECHO_MAX = 1480 };

#define GROUND .networks = {{0x0a500000, 0x0a5000ff}}, .ports = {22, 443}

static const struct rig_plan PLAN = {GROUND};
static const struct probe_link PEER_LINK = {.source_mac = {2, 0, 0, 0, 0, 9}, .gateway_mac = {2, 0, 0, 0, 0, 2}};

static struct hand hand;

static void hand_begin(void)
{
    hand_init(&hand, &PLAN);
    hand.now += hand.rig.dataplane.tsc.hz; // the bucket of answers, which begins empty, is full
}

static void hand_end(void)
{
    hand_fini(&hand);
}

TestSuite(neighbours, .init = hand_begin, .fini = hand_end);

static void deliver(const uint8_t *frame, size_t bytes)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(hand.pool);
    cr_assert_not_null(mbuf);
    memcpy(rte_pktmbuf_append(mbuf, (uint16_t)bytes), frame, bytes);
    hand_deliver(&hand, 0, mbuf);
}

static void arp_deliver(uint32_t asked)
{
    uint8_t frame[FRAME_MAX];
    deliver(frame, frame_arp_request(&PEER_LINK, NEIGHBOUR, asked, frame));
}

static size_t echo_write(uint32_t asked, uint32_t message_bytes, uint8_t frame[static 2 * FRAME_MAX])
{
    memset(frame, 0, ETHER_FRAME_MIN);
    uint32_t offset = header_ethernet(frame, &PEER_LINK, PEER_LINK.gateway_mac, ETHERTYPE_IPV4);
    uint8_t *ip = frame + offset;
    uint8_t *icmp = ip + IPV4_BYTES;
    header_ipv4_put(ip, &(struct header_ipv4){.total_bytes = (uint16_t)(IPV4_BYTES + message_bytes),
                                              .ttl = 64,
                                              .protocol = IPV4_PROTOCOL_ICMP,
                                              .source = NEIGHBOUR,
                                              .destination = asked});
    header_ipv4_seal(ip);
    icmp[0] = 8;
    store32(icmp + 4, ECHO_ID_AND_SEQUENCE);
    for (uint32_t i = ICMP_BYTES; i < message_bytes; i++)
        icmp[i] = (uint8_t)i;
    uint16_t checksum = checksum_finish(checksum_add(0, icmp, message_bytes));
    memcpy(icmp + 2, &checksum, sizeof(checksum));
    uint32_t bytes = offset + IPV4_BYTES + message_bytes;
    return bytes < ETHER_FRAME_MIN ? ETHER_FRAME_MIN : bytes;
}

static void echo_deliver(uint32_t asked, uint32_t message_bytes)
{
    uint8_t frame[2 * FRAME_MAX];
    deliver(frame, echo_write(asked, message_bytes, frame));
}

// A turn without probes; what was sent.
static uint32_t turn(struct rte_mbuf *ret_sent[static WORKER_BURST])
{
    hand_receive(&hand, 0);
    cr_assert(worker_flush(hand.rig.dataplane.workers[0]));
    return rte_ring_dequeue_burst(hand.from[0], (void **)ret_sent, WORKER_BURST, NULL);
}

Test(neighbours, an_arp_request_for_our_address_is_answered)
{
    struct rte_mbuf *sent[WORKER_BURST];
    arp_deliver(RIG_SOURCE + 1);
    arp_deliver(RIG_SOURCE);
    cr_assert_eq(turn(sent), 1);
    const uint8_t *frame = rte_pktmbuf_mtod(sent[0], const uint8_t *);
    const uint8_t *arp = frame + ETHER_BYTES;
    static const uint8_t REPLY[] = {0, 1, 8, 0, 6, 4, 0, 2}; // Ethernet, IPv4, their lengths, reply
    cr_assert_eq(rte_pktmbuf_pkt_len(sent[0]), ETHER_FRAME_MIN);
    cr_assert_eq(memcmp(frame, PEER_LINK.source_mac, 6), 0);
    cr_assert_eq(memcmp(frame + 6, PEER_LINK.gateway_mac, 6), 0);
    cr_assert_eq(load16(frame + 12), ETHERTYPE_ARP);
    cr_assert_eq(memcmp(arp, REPLY, sizeof(REPLY)), 0);
    cr_assert_eq(memcmp(arp + 8, PEER_LINK.gateway_mac, 6), 0, "we are at our address");
    cr_assert_eq(load32(arp + 14), RIG_SOURCE);
    cr_assert_eq(memcmp(arp + 18, PEER_LINK.source_mac, 6), 0);
    cr_assert_eq(load32(arp + 24), NEIGHBOUR);
    rte_pktmbuf_free_bulk(sent, 1);
    cr_assert_eq(hand_counter(&hand, COUNTER_ARP_SENT), 1);
    cr_assert_eq(hand_counter(&hand, COUNTER_ECHO_SENT), 0);
    cr_assert_eq(hand_counter(&hand, COUNTER_NEIGHBOURS_LIMITED), 0);
    cr_assert_eq(hand_counter(&hand, COUNTER_DROP_NOT_OURS), 1);
    hand_check(&hand);
}

static void echo_check(const struct rte_mbuf *mbuf, uint32_t message_bytes)
{
    const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
    const uint8_t *ip = frame + ETHER_BYTES;
    const uint8_t *icmp = ip + IPV4_BYTES;
    uint32_t bytes = ETHER_BYTES + IPV4_BYTES + message_bytes;
    cr_assert_eq(rte_pktmbuf_pkt_len(mbuf), bytes < ETHER_FRAME_MIN ? ETHER_FRAME_MIN : bytes);
    cr_assert_eq(memcmp(frame, PEER_LINK.source_mac, 6), 0);
    cr_assert_eq(memcmp(frame + 6, PEER_LINK.gateway_mac, 6), 0);
    cr_assert_eq(load16(frame + 12), ETHERTYPE_IPV4);
    cr_assert_eq(load16(ip + 2), IPV4_BYTES + message_bytes);
    cr_assert_eq(ip[9], IPV4_PROTOCOL_ICMP);
    cr_assert_eq(load32(ip + 12), RIG_SOURCE);
    cr_assert_eq(load32(ip + 16), NEIGHBOUR);
    cr_assert_eq(sum_bytes(ip, IPV4_BYTES), UINT16_MAX, "IPv4 checksum");
    cr_assert_eq(load16(icmp), 0, "echo reply");
    cr_assert_eq(load32(icmp + 4), ECHO_ID_AND_SEQUENCE);
    cr_assert_eq(sum_bytes(icmp, message_bytes), UINT16_MAX, "ICMP checksum");
    for (uint32_t i = ICMP_BYTES; i < message_bytes; i++)
        cr_assert_eq(icmp[i], (uint8_t)i, "byte %u comes back", i);
}

Test(neighbours, an_echo_request_to_our_address_is_answered)
{
    static const uint32_t MESSAGES[] = {ICMP_BYTES, ICMP_BYTES + 1, 64, ECHO_MAX};
    enum { COUNT = sizeof(MESSAGES) / sizeof(MESSAGES[0]) };
    struct rte_mbuf *sent[WORKER_BURST];
    echo_deliver(RIG_SOURCE + 1, 64);
    for (int i = 0; i < COUNT; i++)
        echo_deliver(RIG_SOURCE, MESSAGES[i]);
    cr_assert_eq(turn(sent), COUNT);
    for (int i = 0; i < COUNT; i++)
        echo_check(sent[i], MESSAGES[i]);
    rte_pktmbuf_free_bulk(sent, COUNT);
    cr_assert_eq(hand_counter(&hand, COUNTER_ECHO_SENT), COUNT);
    cr_assert_eq(hand_counter(&hand, COUNTER_ARP_SENT), 0);
    cr_assert_eq(hand_counter(&hand, COUNTER_DROP_NOT_OURS), 1);
    hand_check(&hand);
}

// Longer than any frame that we send, as only a jumbo frame brings it; the buffer for the answer goes back.
Test(neighbours, an_echo_request_that_is_too_long_is_not_answered)
{
    struct rte_mbuf *sent[WORKER_BURST];
    echo_deliver(RIG_SOURCE, ECHO_MAX + 1);
    cr_assert_eq(turn(sent), 0);
    cr_assert_eq(hand_counter(&hand, COUNTER_RX_FRAMES), 1);
    cr_assert_eq(hand_counter(&hand, COUNTER_ECHO_SENT), 0);
    hand_check(&hand);
}

Test(neighbours, beyond_the_limit_they_are_counted_and_not_answered)
{
    struct rte_mbuf *sent[WORKER_BURST];
    for (int i = 0; i < WORKER_BURST / 2; i++) {
        arp_deliver(RIG_SOURCE);
        echo_deliver(RIG_SOURCE, 64);
    }
    cr_assert_eq(turn(sent), WORKER_BURST, "as many as may be saved up");
    rte_pktmbuf_free_bulk(sent, WORKER_BURST);
    cr_assert_eq(hand_counter(&hand, COUNTER_NEIGHBOURS_LIMITED), 0);
    arp_deliver(RIG_SOURCE);
    echo_deliver(RIG_SOURCE, 64);
    cr_assert_eq(turn(sent), 0);
    cr_assert_eq(hand_counter(&hand, COUNTER_NEIGHBOURS_LIMITED), 2);
    hand.now += hand.rig.dataplane.tsc.hz * 3 / 2 / WORKER_NEIGHBOUR_PPS; // time for one
    echo_deliver(RIG_SOURCE, 64);
    arp_deliver(RIG_SOURCE);
    cr_assert_eq(turn(sent), 1);
    rte_pktmbuf_free_bulk(sent, 1);
    cr_assert_eq(hand_counter(&hand, COUNTER_NEIGHBOURS_LIMITED), 3);
    cr_assert_eq(hand_counter(&hand, COUNTER_ARP_SENT) + hand_counter(&hand, COUNTER_ECHO_SENT), WORKER_BURST + 1);
    hand_check(&hand);
}

// The same through a whole scan, whose port hears two requests over and over.
struct wire {
    uint64_t arp;
    uint64_t echo;
    uint64_t probes;
    uint64_t others;
};

static void wire_count(void *context, const uint8_t *frame, size_t length)
{
    struct wire *wire = (struct wire *)context;
    const uint8_t *ip = frame + ETHER_BYTES;
    bool is_ip = length >= ETHER_FRAME_MIN && load16(frame + 12) == ETHERTYPE_IPV4;
    if (length >= ETHER_FRAME_MIN && load16(frame + 12) == ETHERTYPE_ARP && load16(ip + 6) == 2)
        wire->arp++;
    else if (is_ip && ip[9] == IPV4_PROTOCOL_ICMP && load16(ip + IPV4_BYTES) == 0)
        wire->echo++;
    else if (is_ip && ip[9] == IPV4_PROTOCOL_TCP)
        wire->probes++;
    else
        wire->others++;
}

static struct rig rig;
static char heard[] = "/tmp/sonde-vdev-XXXXXX";
static char sent[] = "/tmp/sonde-vdev-XXXXXX";

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void file_make(char *path)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
}

static void rig_end(void)
{
    rig_fini(&rig);
    unlink(heard);
    unlink(sent);
}

Test(neighbours_of_a_scan, are_answered_no_faster_than_the_limit_and_each_request_is_counted, .fini = rig_end)
{
    static const struct rig_plan SCAN = {GROUND, .cooldown_ms = 300};
    uint8_t frame[2 * FRAME_MAX];
    char device[160];
    struct wire wire = {0};
    file_make(heard);
    file_make(sent);
    FILE *file = capture_create(heard);
    cr_assert_not_null(file);
    capture_add(file, frame, frame_arp_request(&PEER_LINK, NEIGHBOUR, RIG_SOURCE, frame));
    capture_add(file, frame, echo_write(RIG_SOURCE, 64, frame));
    fclose(file);
    snprintf(device, sizeof(device), "--vdev=net_pcap0,rx_pcap=%s,tx_pcap=%s,infinite_rx=1", heard, sent);
    rig_eal("0", device, NULL);
    rig_init(&rig, &SCAN);
    uint64_t start_ns = now_ns();
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    double seconds = (double)(now_ns() - start_ns) / 1e9;
    port_close(&rig.dataplane.port); // the capture is complete once the port is closed
    uint64_t answers = rig_counter(&rig, COUNTER_ARP_SENT) + rig_counter(&rig, COUNTER_ECHO_SENT);
    cr_assert_gt(capture_each(sent, wire_count, &wire), 0);
    cr_assert_eq(wire.arp, rig_counter(&rig, COUNTER_ARP_SENT));
    cr_assert_eq(wire.echo, rig_counter(&rig, COUNTER_ECHO_SENT));
    cr_assert_eq(wire.probes, rig_counter(&rig, COUNTER_PROBES_SENT));
    cr_assert_eq(wire.others, 0);
    cr_assert_geq(answers, 20, "300 ms let 30 through");
    cr_assert_leq((double)answers, WORKER_NEIGHBOUR_PPS * seconds + 1);
    cr_assert_eq(answers + rig_counter(&rig, COUNTER_NEIGHBOURS_LIMITED), rig_counter(&rig, COUNTER_RX_FRAMES));
}
