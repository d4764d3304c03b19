// SPDX-License-Identifier: BSD-3-Clause
// What keeps workers off each other's cache lines: every piece of memory with a writer of its own, found in a dataplane
// that is ready to run, lies in lines that no other piece touches. What workers share on purpose, the words of answered
// bits and of coverage samples, meets nothing else either.
#include <criterion/criterion.h>

#include <stddef.h>

#include "dataplane/worker.h"
#include "tests/vdev/rig.h"

enum { LINE = 64, WORKERS = 2, PIECES_MAX = 256 };

static const struct rig_plan PLAN = {
    .networks = {{0x0a500000, 0x0a50ffff}},
    .ports = {22, 80, 443},
    .workers = WORKERS,
};

struct piece {
    const char *name;
    uint32_t number; // of the worker, or of the pair of worker and lane
    uintptr_t first_line;
    uintptr_t last_line;
};

static struct piece pieces[PIECES_MAX];
static size_t piece_count;
static struct rig rig;

static void piece_add(const char *name, uint32_t number, const volatile void *at, size_t bytes)
{
    cr_assert_lt(piece_count, PIECES_MAX);
    cr_assert_not_null(at);
    cr_assert_gt(bytes, 0);
    pieces[piece_count++] = (struct piece){.name = name,
                                           .number = number,
                                           .first_line = (uintptr_t)at / LINE,
                                           .last_line = ((uintptr_t)at + bytes - 1) / LINE};
}

static void dataplane_add(const struct dataplane *dataplane)
{
    const size_t told = offsetof(struct dataplane, segment_open);
    piece_add("what workers only read", 0, dataplane, told);
    piece_add("what housekeeping tells workers", 0, (const uint8_t *)dataplane + told, sizeof(*dataplane) - told);
    piece_add("answered bits", 0, dataplane->answered.memory[0], dataplane->answered.bytes);
    piece_add("coverage samples", 0, dataplane->coverage.memory,
              dataplane->coverage.words * 2 * COVERAGE_BITS * sizeof(uint64_t));
}

static void commands_add(const struct commands *commands)
{
    const uint8_t *start = (const uint8_t *)commands;
    const size_t orders = offsetof(struct commands, scan_heartbeat_ns);
    const size_t state = offsetof(struct commands, state);
    piece_add("what the scan set before the start", 0, start, orders);
    piece_add("orders of the scan", 0, start + orders, sizeof(uint64_t) * 3);
    piece_add("state of the dataplane", 0, start + state, offsetof(struct commands, port) - state);
    piece_add("counters of the port", 0, &commands->port, sizeof(commands->port));
}

static void worker_add(const struct worker *worker)
{
    const size_t told = offsetof(struct worker, rounds);
    piece_add("worker", worker->number, worker, told);
    piece_add("what housekeeping reads of a worker", worker->number, (const uint8_t *)worker + told,
              sizeof(*worker) - told);
    piece_add("counters", worker->number, worker->counters, sizeof(*worker->counters));
    piece_add("progress", worker->number, worker->progress, sizeof(*worker->progress));
    piece_add("parked verdicts", worker->number, worker->parked, sizeof(struct verdict) * WORKER_PARKED);
    const size_t buckets_bytes = sizeof(struct guard_bucket) * GUARD_BUCKETS;
    piece_add("hosts of the guard", worker->number, worker->guard.host.buckets, buckets_bytes);
    piece_add("networks of the guard", worker->number, worker->guard.network.buckets, buckets_bytes);
}

static void ring_add(const char *name, uint32_t number, const struct ring *ring)
{
    piece_add(name, number, ring->slots, ring->capacity * ring->slot_bytes);
    piece_add("index of our own", number, ring->own, sizeof(ring->own->value));
    piece_add("index of the peer", number, ring->peer, sizeof(ring->peer->value));
}

// Each pair as the dataplane maps it, and the private part of control's.
static void channel_add(void)
{
    const struct channel *channel = &rig.dataplane_side;
    const size_t alive = offsetof(struct channel_up_header, heartbeat_ns);
    const uint8_t *up = (const uint8_t *)channel->up;
    piece_add("geometry", 0, up, alive);
    piece_add("heartbeat of the dataplane", 0, up + alive, sizeof(*channel->up) - alive);
    piece_add("what control tells", 0, channel->down, sizeof(*channel->down));
    for (uint32_t i = 0; i < channel->geometry.workers * channel->geometry.lanes; i++) {
        piece_add("rings of a worker", i, &channel->pairs[i], sizeof(channel->pairs[i]));
        piece_add("rings of a lane", i, &rig.control_side.pairs[i], sizeof(rig.control_side.pairs[i]));
        ring_add("verdicts", i, &channel->pairs[i].verdicts);
        ring_add("segments", i, &channel->pairs[i].segments);
        ring_add("requests", i, &channel->pairs[i].requests);
    }
}

static void layout_end(void)
{
    rig_fini(&rig);
}

Test(layout, nobody_writes_into_a_line_that_somebody_else_writes_or_reads, .fini = layout_end)
{
    rig_eal("0,1", "--vdev=net_null0,no-rx=1", NULL);
    rig_init(&rig, &PLAN);
    rig.commands->samples = 1;
    cr_assert_eq(dataplane_init(&rig.dataplane, &rig.image, rig.commands, &rig.dataplane_side, rig.commands->error,
                                sizeof(rig.commands->error)),
                 0, "%s", rig.commands->error);
    dataplane_add(&rig.dataplane);
    commands_add(rig.commands);
    channel_add();
    for (uint32_t i = 0; i < WORKERS; i++)
        worker_add(rig.dataplane.workers[i]);
    for (size_t i = 0; i < piece_count; i++)
        for (size_t j = 0; j < i; j++)
            cr_assert(pieces[i].first_line > pieces[j].last_line || pieces[j].first_line > pieces[i].last_line,
                      "%s (%u) and %s (%u) meet in a cache line", pieces[i].name, pieces[i].number, pieces[j].name,
                      pieces[j].number);
}

// Whole lines, so that it also holds for more workers and lanes than a test has.
Test(layout, arrays_of_workers_and_lanes_have_elements_of_whole_lines)
{
    cr_assert_eq(sizeof(struct worker_counters) % LINE, 0);
    cr_assert_eq(sizeof(struct worker_progress) % LINE, 0);
    cr_assert_eq(sizeof(struct port_counters) % LINE, 0);
    cr_assert_eq(sizeof(struct ring_index), LINE);
    cr_assert_eq(sizeof(struct verdict) % LINE, 0);
    cr_assert_eq(sizeof(struct segment) % LINE, 0);
    cr_assert_eq(sizeof(struct channel_pair) % LINE, 0);
    cr_assert_eq(_Alignof(struct channel_pair), LINE);
    cr_assert_eq(sizeof(struct guard_bucket) * GUARD_BUCKETS % LINE, 0);
}

Test(layout, groups_with_different_writers_begin_at_a_line)
{
    cr_assert_eq(_Alignof(struct dataplane), LINE);
    cr_assert_eq(offsetof(struct dataplane, segment_open) % LINE, 0);
    cr_assert_eq(_Alignof(struct worker), LINE);
    cr_assert_eq(offsetof(struct worker, pacer) % LINE, 0);
    cr_assert_eq(offsetof(struct worker, rounds) % LINE, 0);
    cr_assert_eq(offsetof(struct commands, scan_heartbeat_ns) % LINE, 0);
    cr_assert_eq(offsetof(struct commands, state) % LINE, 0);
    cr_assert_eq(offsetof(struct channel_up_header, heartbeat_ns) % LINE, 0);
}
