// SPDX-License-Identifier: BSD-3-Clause
// What comes of answers: crafted frames are read from a capture and judged by the whole receive path.
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probes/packet/frames.h"
#include "tests/vdev/capture.h"
#include "tests/vdev/rig.h"

static const struct rig_plan PLAN = {
    .networks = {{0x0a500000, 0x0a5000ff}},
    .ports = {22, 443},
    .cooldown_ms = 300,
};

static struct rig rig;
static struct cookie_key key;
static char path[] = "/tmp/sonde-vdev-XXXXXX";
static FILE *file;

// A world that is all peers: frames are built from their side of the wire.
static const struct probe_link PEER_LINK = {.source_mac = {2, 0, 0, 0, 0, 1}, .gateway_mac = {2, 0, 0, 0, 0, 2}};

static void world_begin(void)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    file = capture_create(path);
    cr_assert_not_null(file);
    rig_init(&rig, &PLAN);
    cr_assert_eq(cookie_key_init(&key, rig.commands->cookie_key, RIG_SOURCE, 16384, 8192), 0);
}

static void world_end(void)
{
    char device[128];
    fclose(file);
    snprintf(device, sizeof(device), "--vdev=net_pcap0,rx_pcap=%s,tx_pcap=/dev/null", path);
    rig_eal("0", device, NULL);
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    unlink(path);
}

static struct frame_segment answer(uint32_t address, uint16_t port, uint8_t flags)
{
    struct cookie cookie = cookie_make(&key, address, port);
    return (struct frame_segment){.source_address = address,
                                  .address = RIG_SOURCE,
                                  .seq = 0x11223344,
                                  .ack = cookie.isn + 1,
                                  .local_port = port,
                                  .remote_port = cookie.local_port,
                                  .window = 64240,
                                  .mss = (flags & TCP_SYN) != 0 ? 1400 : 0,
                                  .flags = flags};
}

static void add(struct frame_segment segment)
{
    uint8_t frame[FRAME_MAX];
    size_t bytes = frame_segment(&PEER_LINK, &segment, frame);
    cr_assert_gt(bytes, 0);
    capture_add(file, frame, bytes);
}

static uint64_t verdicts(struct verdict *ret_last)
{
    uint64_t count = 0;
    for (uint32_t lane = 0; lane < rig.control_side.geometry.lanes; lane++) {
        struct ring *ring = &channel_pair(&rig.control_side, 0, lane)->verdicts;
        for (; ring_ready(ring, 1) > 0; ring_advance(ring, 1), count++) {
            memcpy(ret_last, ring_slot(ring, 0), sizeof(*ret_last));
            cr_assert_eq(channel_lane(ret_last->address, rig.control_side.geometry.lanes), lane);
        }
    }
    return count;
}

static uint64_t segments(struct segment *ret_last)
{
    uint64_t count = 0;
    for (uint32_t lane = 0; lane < rig.control_side.geometry.lanes; lane++) {
        struct ring *ring = &channel_pair(&rig.control_side, 0, lane)->segments;
        for (; ring_ready(ring, 1) > 0; ring_advance(ring, 1), count++)
            memcpy(ret_last, ring_slot(ring, 0), sizeof(*ret_last));
    }
    return count;
}

static void world_fini(void)
{
    rig_fini(&rig);
}

TestSuite(answers, .init = world_begin, .fini = world_fini);

Test(answers, a_syn_ack_is_one_verdict_and_its_repeat_a_segment)
{
    struct verdict verdict;
    struct segment segment;
    add(answer(0x0a500007, 443, TCP_SYN | TCP_ACK));
    add(answer(0x0a500007, 443, TCP_SYN | TCP_ACK));
    world_end();
    cr_assert_eq(rig_counter(&rig, COUNTER_ANSWERS_OPEN), 1);
    cr_assert_eq(rig_counter(&rig, COUNTER_ANSWERS_DUPLICATE), 1);
    cr_assert_eq(verdicts(&verdict), 1);
    cr_assert_eq(segments(&segment), 1);
    struct cookie cookie = cookie_make(&key, 0x0a500007, 443);
    cr_assert_eq(verdict.address, 0x0a500007);
    cr_assert_eq(verdict.remote_port, 443);
    cr_assert_eq(verdict.local_port, cookie.local_port);
    cr_assert_eq(verdict.local_isn, cookie.isn);
    cr_assert_eq(verdict.remote_seq, 0x11223344);
    cr_assert_eq(verdict.mss, 1400);
    cr_assert_eq(verdict.window, 64240);
    cr_assert_eq(verdict.suspect, 0);
    cr_assert_eq(order_index(&rig.dataplane.plan.order, verdict.position), 7 * 2 + 1);
    cr_assert_eq(segment.flags, TCP_SYN | TCP_ACK);
}

Test(answers, forged_ones_are_dropped_and_counted)
{
    struct verdict verdict;
    struct segment segment;
    struct frame_segment wrong = answer(0x0a500001, 22, TCP_SYN | TCP_ACK);
    wrong.ack++;
    add(wrong);
    wrong = answer(0x0a500002, 22, TCP_SYN | TCP_ACK);
    wrong.remote_port ^= 1;
    add(wrong);
    wrong = answer(0x0a500003, 22, TCP_SYN | TCP_ACK);
    wrong.source_address++; // another host says it
    add(wrong);
    wrong = answer(0x0a500004, 22, TCP_RST | TCP_ACK);
    wrong.ack += 2000000;
    add(wrong);
    add(answer(0x0a500005, 22, TCP_SYN));
    wrong = answer(0x0a500006, 22, TCP_ACK);
    wrong.ack += 65536;
    add(wrong);
    world_end();
    cr_assert_eq(rig_counter(&rig, COUNTER_DROP_FORGED), 6);
    cr_assert_eq(rig_counter(&rig, COUNTER_ANSWERS_OPEN) + rig_counter(&rig, COUNTER_ANSWERS_CLOSED), 0);
    cr_assert_eq(verdicts(&verdict), 0);
    cr_assert_eq(segments(&segment), 0);
}

Test(answers, resets_settle_and_the_first_answer_wins)
{
    struct verdict verdict;
    add(answer(0x0a500001, 22, TCP_RST | TCP_ACK));
    add(answer(0x0a500001, 22, TCP_SYN | TCP_ACK)); // too late
    struct frame_segment lenient = answer(0x0a500002, 22, TCP_RST | TCP_ACK);
    lenient.ack--; // acknowledges seq, not seq + 1
    add(lenient);
    world_end();
    cr_assert_eq(rig_counter(&rig, COUNTER_ANSWERS_CLOSED), 2);
    cr_assert_eq(rig_counter(&rig, COUNTER_ANSWERS_OPEN), 0);
    cr_assert_eq(rig_counter(&rig, COUNTER_ANSWERS_DUPLICATE), 1);
    cr_assert_eq(verdicts(&verdict), 0);
}

Test(answers, forged_looking_syn_acks_are_marked)
{
    struct verdict verdict;
    struct frame_segment odd = answer(0x0a500009, 22, TCP_SYN | TCP_ACK);
    odd.window = 0;
    odd.mss = 0;
    add(odd);
    world_end();
    cr_assert_eq(verdicts(&verdict), 1);
    cr_assert_eq(verdict.suspect, SUSPECT_ZERO_WINDOW | SUSPECT_NO_OPTIONS);
    cr_assert_eq(rig_counter(&rig, COUNTER_ANSWERS_SUSPECT), 1);
}

Test(answers, data_of_our_connections_reaches_control_whole)
{
    struct segment segment;
    struct frame_segment data = answer(0x0a500033, 22, TCP_ACK | TCP_PSH);
    const char text[] = "SSH-2.0-test\r\n";
    data.payload = (const uint8_t *)text;
    data.payload_bytes = sizeof(text) - 1;
    data.ack += 100;
    add(data);
    data = answer(0x0a500034, 443, TCP_ACK);
    data.remote_port = 24580; // a flow port: control may have asked from it
    data.ack = cookie_flow(&key, 0x0a500034, 443, 24580) + 99;
    add(data);
    data.source_address = 0x0b000001; // nobody of the plan
    add(data);
    add(answer(0x0a500035, 443, TCP_RST)); // an established peer's bare RST
    world_end();
    cr_assert_eq(rig_counter(&rig, COUNTER_SEGMENTS_UP), 3);
    cr_assert_eq(rig_counter(&rig, COUNTER_DROP_OUT_OF_PLAN), 1);
    uint64_t count = 0;
    bool text_seen = false;
    for (uint32_t lane = 0; lane < 2; lane++) {
        struct ring *ring = &channel_pair(&rig.control_side, 0, lane)->segments;
        for (; ring_ready(ring, 1) > 0; ring_advance(ring, 1), count++) {
            memcpy(&segment, ring_slot(ring, 0), sizeof(segment));
            text_seen |=
                segment.payload_length == sizeof(text) - 1 && memcmp(segment.payload, text, sizeof(text) - 1) == 0;
        }
    }
    cr_assert_eq(count, 3);
    cr_assert(text_seen);
}

Test(answers, noise_is_counted_by_cause)
{
    uint8_t frame[FRAME_MAX] = {0};
    struct frame_segment good = answer(0x0a500001, 22, TCP_SYN | TCP_ACK);
    size_t bytes = frame_segment(&PEER_LINK, &good, frame);
    capture_add(file, frame, 40); // cut off in the TCP header
    frame[50] ^= 0xff;            // TCP checksum
    capture_add(file, frame, bytes);
    good.address = RIG_SOURCE + 1;
    add(good); // to somebody else
    good = answer(0x0a500001, 22, TCP_SYN | TCP_ACK);
    good.remote_port = 80; // not one of our ports
    add(good);
    world_end();
    cr_assert_eq(rig_counter(&rig, COUNTER_DROP_TRUNCATED), 1);
    cr_assert_eq(rig_counter(&rig, COUNTER_DROP_CHECKSUM), 1);
    cr_assert_eq(rig_counter(&rig, COUNTER_DROP_NOT_OURS), 2);
    cr_assert_eq(rig_counter(&rig, COUNTER_RX_FRAMES), 4);
}
