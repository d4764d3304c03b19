// SPDX-License-Identifier: BSD-3-Clause
// A flow and a peer that says a known stream: cut, reordered, repeated, overlapping, lost, among segments that cannot
// be, with time going by. What the flow delivers is a prefix of that stream, each byte once and in order, and what it
// sends lies where it belongs in ours; afterwards the peer says the rest, and a flow that is still open has heard all
// of it.
#include <stdlib.h>
#include <string.h>

#include "control/flow/flow.h"
#include "tests/fuzz/entry.h"

enum {
    STREAM_MAX = 60000,
    OURS_MAX = 20000,
    CHUNK = 1400,
    STEPS_MAX = 400,
};

struct scene {
    struct flow flow; // first, so that a flow is its scene
    struct flow_lane lane;
    uint64_t now_ns;
    uint32_t peer_isn;
    uint32_t local_isn;
    uint32_t stream_length;
    uint32_t delivered;
    uint32_t ours_length;
    uint32_t acked;
    uint32_t sent; // the most of ours that was ever sent, FIN included
    bool opened;
    bool closing; // we asked for it
    bool ended;
    bool peer_fin;
};

static uint8_t ours[OURS_MAX];

static void check(int holds)
{
    if (!holds)
        abort();
}

// Differs from its neighbours, and from itself a window further on.
static uint8_t stream_byte(uint32_t at)
{
    return (uint8_t)(at * UINT32_C(2654435761) >> 23 ^ at >> 8);
}

static void transmit(struct flow *flow, const struct flow_packet *packet)
{
    struct scene *scene = (struct scene *)flow;
    check(!scene->ended);
    check(packet->payload_length <= FLOW_MSS);
    if ((packet->flags & TCP_SYN) != 0) {
        check(packet->flags == TCP_SYN && packet->payload_length == 0 && !scene->opened);
        return;
    }
    if (!scene->opened)
        return; // a RST to what is left over
    uint32_t at = packet->seq - scene->local_isn - 1;
    uint32_t end = at + packet->payload_length + ((packet->flags & TCP_FIN) != 0 ? 1 : 0);
    check(at >= scene->acked && end <= scene->ours_length + 1);
    check(packet->payload_length == 0 || memcmp(packet->payload, ours + at, packet->payload_length) == 0);
    check((packet->flags & TCP_FIN) == 0 || (scene->closing && end == scene->ours_length + 1));
    // What we say to have heard is what was delivered, or discarded after our close.
    uint32_t heard = packet->ack - scene->peer_isn - 1;
    check((packet->flags & TCP_ACK) == 0 || scene->closing ||
          heard == scene->delivered + (scene->peer_fin || flow->fin_received ? 1 : 0));
    scene->sent = end > scene->sent ? end : scene->sent;
}

static const uint8_t *output(struct flow *flow, size_t *ret_length)
{
    struct scene *scene = (struct scene *)flow;
    *ret_length = scene->ours_length - scene->acked;
    return ours + scene->acked;
}

static void acked(struct flow *flow, size_t length)
{
    struct scene *scene = (struct scene *)flow;
    check(length <= scene->ours_length - scene->acked && scene->acked + length <= scene->sent);
    scene->acked += (uint32_t)length;
}

static void received(struct flow *flow, const uint8_t *data, size_t length)
{
    struct scene *scene = (struct scene *)flow;
    check(scene->opened && !scene->ended && !scene->closing && !scene->peer_fin && length > 0);
    check(length <= scene->stream_length - scene->delivered);
    for (size_t i = 0; i < length; i++)
        check(data[i] == stream_byte(scene->delivered + (uint32_t)i));
    scene->delivered += (uint32_t)length;
}

static void event(struct flow *flow, enum flow_event what)
{
    struct scene *scene = (struct scene *)flow;
    check(!scene->ended);
    switch (what) {
    case FLOW_OPENED:
        check(!scene->opened);
        scene->opened = true;
        break;
    case FLOW_PEER_FIN:
        check(!scene->peer_fin && scene->delivered == scene->stream_length);
        scene->peer_fin = true;
        break;
    case FLOW_RESET:
    case FLOW_REFUSED:
    case FLOW_TIMED_OUT:
    case FLOW_DONE:
        check((what == FLOW_DONE) == scene->closing && flow->state == FLOW_CLOSED);
        scene->ended = true;
        break;
    }
}

static const struct flow_ops OPS = {transmit, output, acked, received, event};

// A part of the peer's stream as it says it: no byte of it is another than the stream's.
static void say(struct scene *scene, uint32_t at, uint32_t length, uint32_t ack)
{
    static struct segment segment;
    if (at > scene->stream_length)
        return;
    length = length < scene->stream_length - at ? length : scene->stream_length - at;
    segment.seq = scene->peer_isn + 1 + at;
    segment.ack = scene->local_isn + 1 + ack;
    segment.flags = TCP_ACK | (at + length == scene->stream_length ? TCP_FIN : 0);
    segment.window = (uint16_t)(at * 7);
    segment.payload_length = (uint16_t)length;
    for (uint32_t i = 0; i < length; i++)
        segment.payload[i] = stream_byte(at + i);
    flow_receive(&scene->flow, &segment, scene->now_ns);
}

// What cannot be: numbers outside the window, or an acknowledgement of what was never sent; its bytes are not the
// stream's.
static void lie(struct scene *scene, uint32_t number, uint8_t flags, bool wrong_ack)
{
    static struct segment segment;
    memset(segment.payload, 0xee, CHUNK);
    segment.payload_length = (uint16_t)(number % CHUNK);
    segment.flags = flags;
    segment.window = (uint16_t)number;
    segment.ack = scene->flow.snd_una;
    segment.seq = scene->flow.rcv_nxt + FLOW_WINDOW + number % (UINT32_MAX - 2 * FLOW_WINDOW);
    if (wrong_ack) {
        segment.seq = scene->flow.rcv_nxt + number % FLOW_WINDOW;
        segment.ack = scene->flow.snd_nxt + 1 + number % INT32_MAX;
        segment.flags = (uint8_t)((flags & ~(TCP_RST | TCP_SYN)) | TCP_ACK);
    }
    flow_receive(&scene->flow, &segment, scene->now_ns);
}

static void open_flow(struct scene *scene, uint8_t how)
{
    struct verdict verdict = {
        .remote_seq = scene->peer_isn, .local_isn = scene->local_isn, .window = 5000, .mss = 1000};
    if ((how & 1) == 0) {
        scene->opened = true;
        flow_continue(&scene->flow, &scene->lane, &verdict, scene->now_ns);
        return;
    }
    struct segment segment = {.ack = scene->local_isn + 1, .flags = TCP_ACK, .seq = 99};
    flow_connect(&scene->flow, &scene->lane, 0x0a000001, 80, 24576, scene->now_ns);
    if ((how & 2) != 0)
        flow_receive(&scene->flow, &segment, scene->now_ns);
    segment = (struct segment){.seq = scene->peer_isn,
                               .ack = scene->local_isn + 1,
                               .window = 5000,
                               .mss = (uint16_t)(how & 0xf0),
                               .flags = TCP_SYN | TCP_ACK};
    flow_receive(&scene->flow, &segment, scene->now_ns);
}

// Four bytes of the input.
static void step(struct scene *scene, const uint8_t *data)
{
    uint32_t number = (uint32_t)data[1] | (uint32_t)data[2] << 8 | (uint32_t)data[3] << 16;
    uint32_t near = scene->delivered + number % (2 * FLOW_WINDOW); // what is ahead, what is known, what is too far
    near = near < FLOW_WINDOW ? 0 : near - FLOW_WINDOW;
    uint32_t under_way = scene->sent - scene->acked;
    uint32_t ack = scene->acked + (under_way == 0 ? 0 : number % (under_way + 1));
    switch (data[0] % 12) {
    case 0:
    case 1:
    case 2:
        say(scene, scene->delivered, number % (CHUNK + 1), ack);
        break;
    case 3:
    case 4:
        say(scene, near, data[1] * 5U, ack);
        break;
    case 5:
        say(scene, scene->delivered + data[1] * 16U, data[2] * 5U, scene->acked);
        break;
    case 6:
        lie(scene, number * 257, (uint8_t)(data[0] / 12 & 31), (data[1] & 1) != 0);
        break;
    case 7:
        scene->now_ns += (uint64_t)number * 1000;
        flow_timer(&scene->flow, scene->now_ns);
        break;
    case 8:
        if (scene->ours_length + data[1] * 8U <= OURS_MAX && !scene->closing)
            scene->ours_length += data[1] * 8U;
        flow_push(&scene->flow, scene->now_ns);
        break;
    case 9:
        flow_push(&scene->flow, scene->now_ns);
        break;
    case 10:
        if (data[1] < 8 && scene->flow.state == FLOW_ESTABLISHED) {
            flow_close(&scene->flow, scene->now_ns);
            scene->closing = true;
        }
        break;
    default:
        say(scene, data[1] % 64U * 1000U, CHUNK, ack); // anywhere, mostly known or too far ahead
    }
}

// The peer says everything that was not heard, in order.
static void rest_say(struct scene *scene)
{
    for (uint32_t i = 0; i <= STREAM_MAX / CHUNK + 2 && !scene->peer_fin && !scene->ended; i++) {
        uint32_t before = scene->delivered;
        say(scene, scene->delivered, CHUNK, scene->acked);
        flow_push(&scene->flow, scene->now_ns);
        check(scene->delivered > before || scene->delivered == scene->stream_length);
    }
    check(scene->delivered == scene->stream_length && scene->peer_fin);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    struct scene scene = {.now_ns = 1000000000, .lane = {.ops = &OPS, .kept.limit = 40000}};
    if (size < 8)
        return;
    for (size_t i = 0; i < sizeof(ours); i++)
        ours[i] = (uint8_t)(i * 31 >> 3);
    scene.stream_length = ((uint32_t)data[0] << 8 | data[1]) % STREAM_MAX;
    scene.peer_isn = data[2] * UINT32_C(0x01010101);
    scene.local_isn = data[3] * UINT32_C(0x01010101) - 300;
    open_flow(&scene, data[4]);
    check(scene.opened);
    data += 5;
    size -= 5;
    for (int i = 0; i < STEPS_MAX && size >= 4 && !scene.ended; i++, data += 4, size -= 4)
        step(&scene, data);
    if (!scene.ended && !scene.closing)
        rest_say(&scene);
    flow_fini(&scene.flow);
    check(scene.lane.kept.bytes == 0);
}
