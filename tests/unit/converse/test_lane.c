// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/converse/lane.h"
#include "control/converse/lane_take.h"

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);

enum { SEGMENTS = 20 };

static const struct channel_geometry geometry = {2, 1, 64, 256, 256};
static uint64_t looked_ns = 1000000000;
static uint64_t look_costs_ns;

// Every look at the clock costs as much as a segment of a dear peer would.
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    (void)clock;
    looked_ns += look_costs_ns;
    *ret_time =
        (struct timespec){.tv_sec = (time_t)(looked_ns / 1000000000), .tv_nsec = (long)(looked_ns % 1000000000)};
    return 0;
}

struct rig {
    struct channel dataplane;
    struct channel control;
    struct lane_shared shared;
    struct lane *lane;
};

static void rig_init(struct rig *rig)
{
    int up_fd = memfd_create("up", 0);
    int down_fd = memfd_create("down", 0);
    cr_assert_eq(ftruncate(up_fd, (off_t)channel_up_bytes(&geometry)), 0);
    cr_assert_eq(ftruncate(down_fd, (off_t)channel_down_bytes(&geometry)), 0);
    cr_assert_eq(channel_map(CHANNEL_DATAPLANE, &geometry, up_fd, down_fd, &rig->dataplane), 0);
    cr_assert_eq(channel_map(CHANNEL_CONTROL, &geometry, up_fd, down_fd, &rig->control), 0);
    close(up_fd);
    close(down_fd);
    rig->shared = (struct lane_shared){.channel = &rig->control};
    rig->lane = aligned_alloc(64, sizeof(*rig->lane));
    *rig->lane = (struct lane){.shared = &rig->shared};
    cr_assert_eq(hash_init(&rig->lane->by_tuple, 64), 0);
    admission_init(&rig->lane->admission, 100, looked_ns);
}

static void rig_fini(struct rig *rig)
{
    hash_fini(&rig->lane->by_tuple);
    free(rig->lane);
    channel_unmap(&rig->dataplane);
    channel_unmap(&rig->control);
}

static struct ring *segments_of(struct rig *rig, uint32_t worker)
{
    return &channel_pair(&rig->dataplane, worker, 0)->segments;
}

static void segments_put(struct rig *rig, uint32_t worker)
{
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        struct segment *segment = ring_slot_ahead(segments_of(rig, worker), 0);
        *segment = (struct segment){.address = 0x0a000001 + i, .remote_port = 443, .local_port = 50000};
        segment->flags = TCP_RST;
        ring_advance(segments_of(rig, worker), 1);
    }
}

Test(lane, what_takes_long_leaves_the_rest_for_later_and_every_worker_has_its_turn)
{
    struct rig rig;
    rig_init(&rig);
    segments_put(&rig, 0);
    segments_put(&rig, 1);
    look_costs_ns = LANE_STAGE_NS / 4;
    size_t taken = lane_take_segments(rig.lane);
    cr_assert_eq(taken, 2 * 4, "%zu", taken);
    cr_assert_eq(ring_free(segments_of(&rig, 0), 256), 256 - SEGMENTS + 4);
    cr_assert_eq(ring_free(segments_of(&rig, 1), 256), 256 - SEGMENTS + 4);
    for (int turn = 0; turn < SEGMENTS / 4 - 1; turn++)
        taken += lane_take_segments(rig.lane);
    cr_assert_eq(taken, 2 * SEGMENTS, "%zu", taken);
    cr_assert_eq(rig.lane->counters[CONTROL_SEGMENTS_IN], 2 * SEGMENTS);
    rig_fini(&rig);
}

Test(lane, a_segment_that_takes_longer_than_a_stage_is_followed_by_a_beat)
{
    struct rig rig;
    rig_init(&rig);
    segments_put(&rig, 0);
    look_costs_ns = 10 * LANE_STAGE_NS;
    for (int turn = 0; turn < SEGMENTS; turn++) {
        uint64_t beat = atomic_load(&rig.lane->alive);
        cr_assert_eq(lane_take_segments(rig.lane), 1);
        cr_assert_neq(atomic_load(&rig.lane->alive), beat);
    }
    rig_fini(&rig);
}

Test(lane, what_costs_little_is_taken_at_once)
{
    struct rig rig;
    rig_init(&rig);
    segments_put(&rig, 0);
    segments_put(&rig, 1);
    look_costs_ns = 1000;
    cr_assert_eq(lane_take_segments(rig.lane), 2 * SEGMENTS);
    rig_fini(&rig);
}

Test(lane, with_too_much_memory_in_its_conversations_it_admits_nothing_new)
{
    struct lane *lane = aligned_alloc(64, sizeof(*lane));
    *lane = (struct lane){.window = 100, .open = 10, .memory_bytes = 999, .memory_most = 1000};
    cr_assert_eq(lane_room(lane), 90);
    lane->memory_bytes = 1000;
    cr_assert_eq(lane_room(lane), 0);
    lane->open = 0; // what is held then is nobody's to wait for
    cr_assert_eq(lane_room(lane), 100);
    free(lane);
}
