// SPDX-License-Identifier: BSD-3-Clause
// A hijacked control: it scribbles over everything it can write and asks for frames to anywhere. The dataplane has to
// survive, and nothing may leave that is not of the plan.
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probes/packet/reply.h"
#include "tests/vdev/capture.h"
#include "tests/vdev/rig.h"

static const struct rig_plan PLAN = {
    .networks = {{0x0a500000, 0x0a50003f}, {0x0a510005, 0x0a510005}},
    .ports = {22, 443},
    .cooldown_ms = 1500,
};

static struct rig rig;
static struct cookie_key key;
static char path[] = "/tmp/sonde-vdev-XXXXXX";

struct frames {
    uint64_t probes;
    uint64_t requested;
    uint64_t outside;
};

static bool within(uint16_t port, uint16_t first, uint16_t count)
{
    return (uint16_t)(port - first) < count;
}

static void frame_check(void *context, const uint8_t *frame, size_t length)
{
    struct frames *frames = (struct frames *)context;
    const struct image_settings *settings = rig.image.settings;
    uint32_t destination = (uint32_t)frame[30] << 24 | (uint32_t)frame[31] << 16 | (uint32_t)frame[32] << 8 | frame[33];
    struct reply reply;
    const struct reply_offload none = {.accept_deferred = false};
    reply_read(frame, length, destination, none, &reply);
    // Seen from the destination's side, its port is the local one and ours the remote one.
    bool ours = within(reply.remote_port, settings->probe_port_first, settings->probe_port_count) ||
                within(reply.remote_port, settings->flow_port_first, settings->flow_port_count);
    bool plan = targets_ordinal(&rig.image.targets, destination) >= 0 && rig.image.port_index[reply.local_port] >= 0;
    if (reply.kind != REPLY_TCP || reply.address != RIG_SOURCE || !ours || !plan)
        frames->outside++;
    else if (reply.flags == TCP_SYN && reply.mss != 0 &&
             within(reply.remote_port, settings->probe_port_first, settings->probe_port_count))
        frames->probes++;
    else
        frames->requested++;
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// Asks, in well-formed requests, for frames to the plan and to everywhere else; half of them with a number that control
// can only have been told by a host, and here was.
static void requests_ask(uint32_t lane)
{
    struct ring *ring = &channel_pair(&rig.control_side, 0, lane)->requests;
    static const uint32_t addresses[] = {0x0a500001, 0x0a510005, 0x08080808, 0x7f000001, 0x0a510006, 0xffffffff, 0};
    static const uint16_t ports[] = {22, 443, 25, 53, 0, 65535};
    for (int i = 0; i < 8 && ring_free(ring, 1) > 0; i++) {
        struct segment *request = (struct segment *)ring_slot_ahead(ring, 0);
        request->address = (rand() & 1) != 0 ? addresses[rand() % 7] : (uint32_t)rand() * 2 + 1;
        request->remote_port = (uint16_t)((rand() & 1) != 0 ? ports[rand() % 6] : rand());
        request->local_port = (uint16_t)((rand() & 1) != 0 ? 16384 + rand() % 12288 : rand());
        request->flags = (uint8_t)((rand() & 3) != 0 ? TCP_ACK : (rand() & 1) != 0 ? TCP_SYN : rand());
        request->payload_length = (uint16_t)((rand() & 3) != 0 ? rand() % 1461 : rand());
        request->payload_length = request->flags == TCP_SYN ? 0 : request->payload_length;
        request->seq = cookie_flow(&key, request->address, request->remote_port, request->local_port) + 1;
        request->seq += (rand() & 1) != 0 ? 0 : (uint32_t)rand();
        ring_advance(ring, 1);
    }
}

// Lies about how much it has read and written, near the truth and far from it, then about everything.
static void scribble(uint64_t since_ms)
{
    uint8_t *memory = (uint8_t *)rig.control_side.down;
    size_t bytes = rig.control_side.down_bytes;
    uint64_t until = since_ms < 900 ? bytes / 64 : bytes;
    for (int i = 0; i < 200; i++) {
        // The index lines lie behind the header's pages; slots behind them.
        size_t at = (size_t)rand() % until;
        if (since_ms < 900)
            at = at * 64 % bytes;
        uint64_t value = (rand() & 1) != 0 ? (uint64_t)(rand() % 128) : (uint64_t)rand() << 33 | (uint64_t)rand();
        if (at + sizeof(value) <= bytes)
            memcpy(memory + at, &value, sizeof(value));
    }
}

static void *hijacked_run(void *argument)
{
    (void)argument;
    srand(4711);
    uint64_t start = now_ms();
    while (!atomic_load(&rig.over) && now_ms() - start < 5000) {
        uint64_t since = now_ms() - start;
        for (uint32_t lane = 0; lane < rig.control_side.geometry.lanes; lane++)
            requests_ask(lane);
        if (since > 500)
            scribble(since);
        struct timespec pause = {.tv_nsec = 200000};
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void rig_tear_down(void)
{
    rig_fini(&rig);
    unlink(path);
}

Test(hijack, no_frame_outside_the_plan_and_the_dataplane_survives, .fini = rig_tear_down)
{
    char device[128];
    pthread_t hijacked;
    struct frames frames = {0};
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    snprintf(device, sizeof(device), "--vdev=net_pcap0,tx_pcap=%s", path);
    rig_eal("0", device, NULL);
    rig_init(&rig, &PLAN);
    cr_assert_eq(cookie_key_init(&key, rig.commands->cookie_key, RIG_SOURCE, 16384, 8192), 0);
    cr_assert_eq(pthread_create(&hijacked, NULL, hijacked_run, NULL), 0);
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    cr_assert_eq(pthread_join(hijacked, NULL), 0);
    port_close(&rig.dataplane.port);
    int64_t captured = capture_each(path, frame_check, &frames);
    cr_assert_gt(captured, 0);
    cr_assert_eq(frames.outside, 0, "%lu of %ld frames lie outside the plan", frames.outside, captured);
    cr_assert_eq(frames.probes, 65 * 2);
    cr_assert_gt(frames.requested, 0, "what was of the plan has left");
    cr_assert_gt(rig_counter(&rig, COUNTER_GUARD_ADDRESS), 0);
    cr_assert_gt(rig_counter(&rig, COUNTER_GUARD_PORT), 0);
    cr_assert_gt(rig_counter(&rig, COUNTER_GUARD_SOURCE), 0);
    cr_assert_gt(rig_counter(&rig, COUNTER_GUARD_MALFORMED), 0);
    cr_assert_gt(rig_counter(&rig, COUNTER_GUARD_COOKIE), 0);
    cr_assert_gt(rig_counter(&rig, COUNTER_CHANNEL_KILLED), 0, "an impossible index kills its ring");
}
