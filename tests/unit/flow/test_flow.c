// SPDX-License-Identifier: BSD-3-Clause
// A flow against a peer in miniature over a network that loses, reorders, repeats and lies.
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/flow/flow.h"
#include "tests/unit/flow/peer.h"

enum { ADDRESS = 0x0a000001, PORT = 80, LOCAL = 40000 };
#define MS     UINT64_C(1000000)
#define RTO_NS (FLOW_RTO_MS * MS)

// A flow, its owner, and the peer at the other end.
struct scene {
    struct flow flow; // first: callbacks cast it back
    struct flow_lane lane;
    struct peer peer;
    uint64_t now_ns;
    uint8_t output[PEER_BUFFER];
    size_t output_length;
    uint8_t received[PEER_BUFFER];
    size_t received_length;
    int events[8];       // by enum flow_event
    struct segment last; // the newest segment that left
    size_t left;
    bool cut; // what leaves is lost
};

static struct scene *scene_of(struct flow *flow)
{
    return (struct scene *)flow;
}

static void transmit(struct flow *flow, const struct flow_packet *packet)
{
    struct scene *scene = scene_of(flow);
    memset(&scene->last, 0, offsetof(struct segment, payload));
    scene->last.seq = packet->seq;
    scene->last.ack = packet->ack;
    scene->last.window = packet->window;
    scene->last.mss = packet->mss;
    scene->last.flags = packet->flags;
    scene->last.payload_length = packet->payload_length;
    if (packet->payload_length > 0)
        memcpy(scene->last.payload, packet->payload, packet->payload_length);
    scene->left++;
    if (!scene->cut)
        peer_receive(&scene->peer, &scene->last);
}

static const uint8_t *output(struct flow *flow, size_t *ret_length)
{
    *ret_length = scene_of(flow)->output_length;
    return scene_of(flow)->output;
}

static void acked(struct flow *flow, size_t length)
{
    struct scene *scene = scene_of(flow);
    cr_assert_leq(length, scene->output_length);
    memmove(scene->output, scene->output + length, scene->output_length - length);
    scene->output_length -= length;
}

static void received(struct flow *flow, const uint8_t *data, size_t length)
{
    struct scene *scene = scene_of(flow);
    memcpy(scene->received + scene->received_length, data, length);
    scene->received_length += length;
}

static void event(struct flow *flow, enum flow_event what)
{
    scene_of(flow)->events[what]++;
}

static const struct flow_ops ops = {transmit, output, acked, received, event};

static struct scene *scene_new(void)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    scene->lane = (struct flow_lane){.ops = &ops, .kept.limit = 1 << 20};
    scene->now_ns = 1000 * MS;
    return scene;
}

static struct scene *scene_accepted(void)
{
    struct scene *scene = scene_new();
    struct verdict verdict;
    peer_accept(&scene->peer, ADDRESS, PORT, LOCAL, &verdict);
    flow_continue(&scene->flow, &scene->lane, &verdict, scene->now_ns);
    return scene;
}

static void scene_free(struct scene *scene)
{
    flow_fini(&scene->flow);
    cr_assert_eq(scene->lane.kept.bytes, 0, "pieces leak");
    free(scene);
}

static void say(struct scene *scene, const void *data, size_t length)
{
    memcpy(scene->output + scene->output_length, data, length);
    scene->output_length += length;
    flow_push(&scene->flow, scene->now_ns);
}

// Delivers what the peer said and lets the flow answer, until both are quiet.
static void settle(struct scene *scene)
{
    while (scene->peer.sent_count > 0) {
        size_t count = scene->peer.sent_count;
        struct segment *copy = malloc(count * sizeof(*copy));
        memcpy(copy, scene->peer.sent, count * sizeof(*copy));
        scene->peer.sent_count = 0;
        for (size_t i = 0; i < count; i++)
            flow_receive(&scene->flow, &copy[i], scene->now_ns);
        free(copy);
        flow_push(&scene->flow, scene->now_ns);
    }
}

static void advance(struct scene *scene, uint64_t ns)
{
    scene->now_ns += ns;
    if (scene->now_ns >= flow_deadline(&scene->flow))
        flow_timer(&scene->flow, scene->now_ns);
    flow_push(&scene->flow, scene->now_ns);
}

static struct segment peers(const struct scene *scene, uint8_t flags, const char *text)
{
    struct segment segment = {.address = ADDRESS,
                              .remote_port = PORT,
                              .local_port = LOCAL,
                              .seq = scene->flow.rcv_nxt,
                              .ack = scene->flow.snd_nxt,
                              .window = 29200,
                              .flags = flags,
                              .payload_length = (uint16_t)strlen(text)};
    memcpy(segment.payload, text, strlen(text));
    return segment;
}

Test(flow, first_segment_of_a_session_that_speaks_first_carries_its_data)
{
    struct scene *scene = scene_accepted();
    say(scene, "GET /", 5);
    cr_assert_eq(scene->left, 1);
    cr_assert_eq(scene->last.flags, TCP_ACK | TCP_PSH);
    cr_assert_eq(scene->last.payload_length, 5);
    cr_assert_arr_eq(scene->peer.in, "GET /", 5);
    scene->now_ns += 7 * MS;
    settle(scene);
    cr_assert_eq(scene->output_length, 0);
    cr_assert_eq(scene->flow.rtt_us, 7000);
    scene_free(scene);
}

// A turn's time is that of its beginning, so an answer within it is stamped later than now. It was taken for one of
// 1 us, as was what has no stamp to tell by.
Test(flow, an_answer_within_the_same_turn_took_as_long_as_its_stamp_says)
{
    static const struct {
        uint64_t after_ns;
        uint32_t rtt_us;
    } cases[] = {{300000, 300}, {999, 0}, {0, 0}, {5000 * MS, 0}};
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        struct scene *scene = scene_accepted();
        say(scene, "GET /", 5);
        struct segment ack = peers(scene, TCP_ACK, "");
        ack.stamp_ns = cases[at].after_ns == 0 ? 0 : scene->now_ns + cases[at].after_ns;
        flow_receive(&scene->flow, &ack, scene->now_ns);
        cr_expect_eq(scene->flow.rtt_us, cases[at].rtt_us, "%u us", scene->flow.rtt_us);
        scene_free(scene);
    }
}

Test(flow, lost_data_is_sent_five_times_more_and_then_given_up_with_rst)
{
    struct scene *scene = scene_accepted();
    scene->cut = true;
    say(scene, "hello", 5);
    uint64_t waited_ns = 0;
    for (int i = 0; i < 200000 && scene->events[FLOW_TIMED_OUT] == 0; i++) {
        advance(scene, MS);
        waited_ns += MS;
    }
    cr_assert_eq(scene->events[FLOW_TIMED_OUT], 1);
    cr_assert_eq(scene->lane.retransmissions, 5);
    cr_assert_eq(waited_ns / 1000000000, 63, "1 + 2 + 4 + 8 + 16 + 32 seconds, not %lu", waited_ns / 1000000000);
    cr_assert_eq(scene->last.flags, TCP_RST | TCP_ACK);
    cr_assert_eq(scene->flow.state, FLOW_CLOSED);
    scene_free(scene);
}

// Every time something leaves in the next ms_most ms, in ms from now.
static size_t left_at(struct scene *scene, unsigned ms_most, unsigned *ret_ms, size_t most)
{
    size_t count = 0;
    for (unsigned ms = 1; ms <= ms_most; ms++) {
        size_t left = scene->left;
        advance(scene, MS);
        if (scene->left != left && count < most)
            ret_ms[count++] = ms;
    }
    return count;
}

static void left_check(struct scene *scene, const unsigned *expected, size_t count)
{
    unsigned ms[16];
    cr_assert_eq(left_at(scene, 200000, ms, 16), count + 1, "and RST");
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(ms[i], expected[i], "the %zu. after %u ms, not %u", i + 1, ms[i], expected[i]);
    cr_assert_eq(scene->events[FLOW_TIMED_OUT], 1);
}

// Answers our SYN after that long.
static void open_after(struct scene *scene, uint64_t ms)
{
    flow_connect(&scene->flow, &scene->lane, ADDRESS, PORT, LOCAL, scene->now_ns);
    scene->now_ns += ms * MS;
    settle(scene);
    cr_assert_eq(scene->events[FLOW_OPENED], 1);
}

// RFC 6298 section 2.2, and the room of 200 ms that Linux and others leave to delayed acknowledgements.
Test(flow, the_round_trip_of_the_syn_decides_when_what_is_lost_goes_again)
{
    struct scene *scene = scene_new();
    open_after(scene, 20);
    scene->cut = true;
    say(scene, "hello", 5);
    left_check(scene, (const unsigned[]){220, 660, 1540, 3300, 6820, 13860, 27940}, 7);
    scene_free(scene);

    scene = scene_new();
    open_after(scene, 600);
    scene->cut = true;
    say(scene, "hello", 5);
    left_check(scene, (const unsigned[]){1800, 5400, 12600, 27000}, 4);
    scene_free(scene);
}

Test(flow, the_round_trip_of_the_first_data_decides_when_what_is_lost_later_goes_again)
{
    struct scene *scene = scene_accepted();
    say(scene, "hello", 5);
    scene->now_ns += 50 * MS;
    settle(scene);
    cr_assert_eq(scene->flow.rtt_us, 50000);
    scene->cut = true;
    say(scene, "again", 5);
    left_check(scene, (const unsigned[]){250, 750, 1750, 3750, 7750, 15750, 31750}, 7);
    scene_free(scene);
}

// Karn: which of the two SYNs was answered is not known.
Test(flow, a_syn_that_was_repeated_says_nothing_about_the_round_trip)
{
    struct scene *scene = scene_new();
    scene->cut = true;
    flow_connect(&scene->flow, &scene->lane, ADDRESS, PORT, LOCAL, scene->now_ns);
    scene->cut = false;
    scene->now_ns += RTO_NS;
    flow_timer(&scene->flow, scene->now_ns);
    scene->now_ns += MS;
    settle(scene);
    cr_assert_eq(scene->events[FLOW_OPENED], 1);
    scene->cut = true;
    say(scene, "hello", 5);
    left_check(scene, (const unsigned[]){1000, 3000, 7000, 15000, 31000}, 5);
    scene_free(scene);
}

Test(flow, everything_arrives_in_order_over_a_network_that_loses_and_turns_round)
{
    srand(3);
    for (int round = 0; round < 200; round++) {
        struct scene *scene = scene_accepted();
        uint8_t text[9000];
        for (size_t i = 0; i < sizeof(text); i++)
            text[i] = (uint8_t)(i * 31 + (size_t)round);
        say(scene, text, sizeof(text));
        settle(scene);
        peer_say(&scene->peer, text, sizeof(text));
        peer_push(&scene->peer);
        for (int turn = 0; turn < 400 && scene->received_length < sizeof(text); turn++) {
            scene->cut = rand() % 3 == 0;
            while (scene->peer.sent_count > 0) {
                size_t pick = (size_t)rand() % scene->peer.sent_count;
                struct segment segment = scene->peer.sent[pick];
                scene->peer.sent[pick] = scene->peer.sent[--scene->peer.sent_count];
                if (rand() % 4 == 0)
                    continue;
                flow_receive(&scene->flow, &segment, scene->now_ns);
                if (rand() % 4 == 0)
                    flow_receive(&scene->flow, &segment, scene->now_ns);
                flow_push(&scene->flow, scene->now_ns);
            }
            advance(scene, 300 * MS);
            peer_repeat(&scene->peer);
        }
        cr_assert_eq(scene->received_length, sizeof(text), "round %d: %zu", round, scene->received_length);
        cr_assert_arr_eq(scene->received, text, sizeof(text));
        cr_assert_arr_eq(scene->peer.in, text, scene->peer.in_length);
        scene_free(scene);
    }
}

Test(flow, closes_with_fin_answers_theirs_and_is_done)
{
    struct scene *scene = scene_accepted();
    say(scene, "bye", 3);
    flow_close(&scene->flow, scene->now_ns);
    flow_push(&scene->flow, scene->now_ns);
    settle(scene);
    cr_assert(scene->peer.fin_received);
    cr_assert_eq(scene->events[FLOW_DONE], 0);
    scene->peer.fin_wanted = true;
    peer_push(&scene->peer);
    settle(scene);
    cr_assert_eq(scene->events[FLOW_DONE], 1);
    cr_assert_eq(scene->last.flags, TCP_ACK, "their FIN is acknowledged");
    cr_assert_eq(scene->last.ack, scene->peer.snd_nxt);
    cr_assert_not(scene->peer.reset);
    scene_free(scene);
}

Test(flow, a_peer_that_does_not_close_gets_rst_after_the_linger)
{
    struct scene *scene = scene_accepted();
    flow_close(&scene->flow, scene->now_ns);
    flow_push(&scene->flow, scene->now_ns);
    settle(scene);
    advance(scene, FLOW_LINGER_NS - MS);
    cr_assert_not(scene->peer.reset);
    advance(scene, 2 * MS);
    cr_assert(scene->peer.reset);
    cr_assert_eq(scene->events[FLOW_DONE], 1);
    scene_free(scene);
}

Test(flow, a_fin_is_told_after_all_data_even_when_it_overtakes_them)
{
    struct scene *scene = scene_accepted();
    struct segment data = peers(scene, TCP_ACK, "last words");
    struct segment fin = peers(scene, TCP_ACK | TCP_FIN, "");
    fin.seq += 10;
    flow_receive(&scene->flow, &fin, scene->now_ns);
    cr_assert_eq(scene->events[FLOW_PEER_FIN], 0);
    flow_receive(&scene->flow, &data, scene->now_ns);
    cr_assert_eq(scene->events[FLOW_PEER_FIN], 1);
    cr_assert_eq(scene->received_length, 10);
    scene_free(scene);
}

Test(flow, only_an_exact_rst_ends_it)
{
    struct scene *scene = scene_accepted();
    struct segment rst = peers(scene, TCP_RST, "");
    rst.seq += 5;
    flow_receive(&scene->flow, &rst, scene->now_ns);
    cr_assert_eq(scene->events[FLOW_RESET], 0);
    flow_push(&scene->flow, scene->now_ns);
    cr_assert_eq(scene->last.flags, TCP_ACK, "a challenge");
    rst.seq -= 6;
    flow_receive(&scene->flow, &rst, scene->now_ns);
    cr_assert_eq(scene->events[FLOW_RESET], 0);
    rst.seq += 1;
    flow_receive(&scene->flow, &rst, scene->now_ns);
    cr_assert_eq(scene->events[FLOW_RESET], 1);
    scene_free(scene);
}

Test(flow, wrong_numbers_deliver_nothing_and_are_answered_a_bounded_number_of_times)
{
    struct scene *scene = scene_accepted();
    flow_push(&scene->flow, scene->now_ns);
    size_t before = scene->left;
    for (int i = 0; i < 1000; i++) {
        struct segment wrong = peers(scene, TCP_ACK, "evil");
        wrong.seq += 100000 + (uint32_t)i;
        flow_receive(&scene->flow, &wrong, scene->now_ns);
        struct segment future = peers(scene, TCP_ACK, "evil");
        future.ack += 1000;
        flow_receive(&scene->flow, &future, scene->now_ns);
        flow_push(&scene->flow, scene->now_ns);
    }
    cr_assert_eq(scene->received_length, 0);
    cr_assert_leq(scene->left - before, FLOW_CHALLENGES);
    scene_free(scene);
}

Test(flow, a_closed_window_is_probed_and_the_rest_follows_when_it_opens)
{
    struct scene *scene = scene_accepted();
    scene->flow.snd_wnd = 0;
    scene->peer.window = 0;
    say(scene, "hello", 5);
    cr_assert_eq(scene->last.payload_length, 0);
    scene->cut = true;
    advance(scene, RTO_NS + MS);
    cr_assert_eq(scene->last.payload_length, 1, "the probe");
    scene->cut = false;
    struct segment update = peers(scene, TCP_ACK, "");
    update.ack = scene->flow.snd_una;
    flow_receive(&scene->flow, &update, scene->now_ns);
    flow_push(&scene->flow, scene->now_ns);
    settle(scene);
    scene->peer.window = 1000;
    update.window = 1000;
    update.ack = scene->flow.snd_una;
    flow_receive(&scene->flow, &update, scene->now_ns);
    flow_push(&scene->flow, scene->now_ns);
    for (int i = 0; i < 3000 && scene->peer.in_length < 5; i++) {
        settle(scene);
        advance(scene, MS);
    }
    cr_assert_arr_eq(scene->peer.in, "hello", 5);
    scene_free(scene);
}

Test(flow, segments_keep_to_the_peers_mss)
{
    struct scene *scene = scene_new();
    struct verdict verdict;
    peer_accept(&scene->peer, ADDRESS, PORT, LOCAL, &verdict);
    verdict.mss = 1; // 64 is the least that we go down to
    flow_continue(&scene->flow, &scene->lane, &verdict, scene->now_ns);
    uint8_t text[500] = {0};
    say(scene, text, sizeof(text));
    cr_assert_eq(scene->last.payload_length, 500 - 7 * 64);
    cr_assert_eq(scene->left, 8);
    scene_free(scene);
}

Test(flow, opens_its_own_connection_and_frees_an_old_one_in_its_way)
{
    struct scene *scene = scene_new();
    peer_listen(&scene->peer, ADDRESS, PORT, LOCAL);
    flow_connect(&scene->flow, &scene->lane, ADDRESS, PORT, LOCAL, scene->now_ns);
    cr_assert_eq(scene->last.mss, FLOW_MSS);
    struct segment challenge = peers(scene, TCP_ACK, "");
    challenge.ack = 4711;
    scene->cut = true;
    flow_receive(&scene->flow, &challenge, scene->now_ns);
    cr_assert_eq(scene->last.flags, TCP_RST);
    cr_assert_eq(scene->last.seq, 4711);
    scene->cut = false;
    settle(scene);
    cr_assert_eq(scene->events[FLOW_OPENED], 1);
    cr_assert(scene->peer.established);
    scene_free(scene);
}

Test(flow, a_refused_syn_is_told_and_a_refusal_that_acknowledges_nothing_is_not)
{
    struct scene *scene = scene_new();
    scene->cut = true;
    flow_connect(&scene->flow, &scene->lane, ADDRESS, PORT, LOCAL, scene->now_ns);
    struct segment rst = peers(scene, TCP_RST, "");
    flow_receive(&scene->flow, &rst, scene->now_ns);
    cr_assert_eq(scene->events[FLOW_REFUSED], 0);
    rst.flags = TCP_RST | TCP_ACK;
    flow_receive(&scene->flow, &rst, scene->now_ns);
    cr_assert_eq(scene->events[FLOW_REFUSED], 1);
    scene_free(scene);
}

Test(flow, the_ack_of_a_server_that_speaks_first_is_repeated_until_it_speaks)
{
    struct scene *scene = scene_accepted();
    scene->cut = true;
    flow_push(&scene->flow, scene->now_ns);
    cr_assert_eq(scene->left, 1);
    advance(scene, RTO_NS);
    cr_assert_eq(scene->left, 2);
    cr_assert_eq(scene->last.flags, TCP_ACK);
    struct segment banner = peers(scene, TCP_ACK | TCP_PSH, "SSH-2.0-x\r\n");
    flow_receive(&scene->flow, &banner, scene->now_ns);
    flow_push(&scene->flow, scene->now_ns);
    size_t left = scene->left;
    for (int i = 0; i < 100; i++)
        advance(scene, RTO_NS);
    cr_assert_eq(scene->left, left);
    cr_assert_eq(scene->events[FLOW_TIMED_OUT], 0);
    scene_free(scene);
}

Test(flow, a_stray_segment_gets_the_rst_of_the_rfc)
{
    struct flow_packet packet;
    struct segment segment = {.flags = TCP_ACK | TCP_FIN, .seq = 5, .ack = 77, .payload_length = 3};
    cr_assert(flow_stray(&segment, &packet));
    cr_assert(packet.seq == 77 && packet.flags == TCP_RST);
    segment.flags = TCP_SYN | TCP_FIN;
    cr_assert_not(flow_stray(&segment, &packet), "it acknowledges nothing");
    segment.flags = TCP_RST | TCP_ACK;
    cr_assert_not(flow_stray(&segment, &packet));
}

Test(flow, random_segments_never_deliver_out_of_order_or_leak)
{
    srand(11);
    for (int round = 0; round < 3000; round++) {
        struct scene *scene = scene_accepted();
        scene->cut = true;
        say(scene, "hello", 5);
        for (int i = 0; i < 60; i++) {
            struct segment segment = peers(scene, (uint8_t)(rand() & 31), "");
            segment.seq += (uint32_t)(rand() % 40000) - 20000;
            segment.ack += (uint32_t)(rand() % 20) - 10;
            segment.window = (uint16_t)rand();
            segment.payload_length = (uint16_t)(rand() % 1461);
            size_t before = scene->received_length;
            uint32_t next = scene->flow.rcv_nxt;
            flow_receive(&scene->flow, &segment, scene->now_ns);
            uint32_t moved = scene->flow.rcv_nxt - next;
            cr_assert(moved - (uint32_t)(scene->received_length - before) <= 1, "what is acknowledged was delivered");
            cr_assert_leq(scene->received_length, sizeof(scene->received) - 20000);
            advance(scene, 20 * MS);
            if (scene->received_length > 30000)
                break;
        }
        scene_free(scene);
    }
}
