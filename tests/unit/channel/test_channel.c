// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/channel/channel.h"
#include "dataplane/channel/counters.h"

static const struct channel_geometry GEOMETRY = {
    .workers = 2, .lanes = 3, .verdict_slots = 8, .segment_slots = 4, .request_slots = 4};

static int memory_file(size_t bytes)
{
    int fd = memfd_create("channel", MFD_ALLOW_SEALING);
    cr_assert_geq(fd, 0);
    cr_assert_eq(ftruncate(fd, (off_t)bytes), 0);
    return fd;
}

Test(channel, both_sides_see_what_the_other_writes)
{
    int up = memory_file(channel_up_bytes(&GEOMETRY));
    int down = memory_file(channel_down_bytes(&GEOMETRY));
    struct channel dataplane;
    struct channel control;
    cr_assert_eq(channel_map(CHANNEL_DATAPLANE, &GEOMETRY, up, down, &dataplane), 0);
    cr_assert_eq(channel_map(CHANNEL_CONTROL, &GEOMETRY, up, down, &control), 0);
    for (uint32_t w = 0; w < GEOMETRY.workers; w++) {
        for (uint32_t l = 0; l < GEOMETRY.lanes; l++) {
            struct channel_pair *from = channel_pair(&dataplane, w, l);
            struct channel_pair *to = channel_pair(&control, w, l);
            for (uint32_t i = 0; i < GEOMETRY.verdict_slots; i++) {
                cr_assert_geq(ring_free(&from->verdicts, 1), 1);
                ((struct verdict *)ring_slot_ahead(&from->verdicts, 0))->position = w * 1000 + l * 100 + i;
                ring_advance(&from->verdicts, 1);
            }
            for (uint32_t i = 0; i < GEOMETRY.segment_slots; i++) {
                struct segment *segment = (struct segment *)ring_slot_ahead(&from->segments, i);
                memset(segment, (int)(w * 3 + l + i), sizeof(*segment));
                struct segment *request = (struct segment *)ring_slot_ahead(&to->requests, i);
                memset(request, (int)(100 + w * 3 + l + i), sizeof(*request));
            }
            ring_advance(&from->segments, GEOMETRY.segment_slots);
            ring_advance(&to->requests, GEOMETRY.request_slots);
        }
    }
    for (uint32_t w = 0; w < GEOMETRY.workers; w++) {
        for (uint32_t l = 0; l < GEOMETRY.lanes; l++) {
            struct channel_pair *from = channel_pair(&dataplane, w, l);
            struct channel_pair *to = channel_pair(&control, w, l);
            cr_assert_eq(ring_ready(&to->verdicts, 8), 8);
            for (uint32_t i = 0; i < 8; i++)
                cr_assert_eq(((const struct verdict *)ring_slot(&to->verdicts, i))->position, w * 1000 + l * 100 + i);
            cr_assert_eq(ring_ready(&to->segments, 4), 4);
            cr_assert_eq(ring_ready(&from->requests, 4), 4);
            for (uint32_t i = 0; i < 4; i++) {
                cr_assert_eq(((const uint8_t *)ring_slot(&to->segments, i))[1663], w * 3 + l + i);
                cr_assert_eq(((const uint8_t *)ring_slot(&from->requests, i))[0], 100 + w * 3 + l + i);
            }
        }
    }
    channel_unmap(&dataplane);
    channel_unmap(&control);
    close(up);
    close(down);
}

Test(channel, control_maps_up_through_a_read_only_descriptor)
{
    int up = memory_file(channel_up_bytes(&GEOMETRY));
    int down = memory_file(channel_down_bytes(&GEOMETRY));
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", up);
    int up_read_only = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert_geq(up_read_only, 0);
    struct channel control;
    cr_assert_eq(channel_map(CHANNEL_CONTROL, &GEOMETRY, up_read_only, down, &control), 0);
    cr_assert_neq(mprotect(control.up, control.up_bytes, PROT_READ | PROT_WRITE), 0, "it must never become writable");
    channel_unmap(&control);
    struct channel dataplane = {.pairs = NULL};
    cr_assert_eq(channel_map(CHANNEL_DATAPLANE, &GEOMETRY, up_read_only, down, &dataplane), -EACCES);
    cr_assert_null(dataplane.pairs);
}

Test(channel, refuses_an_impossible_geometry_and_short_files)
{
    int up = memory_file(channel_up_bytes(&GEOMETRY) - 1);
    int down = memory_file(channel_down_bytes(&GEOMETRY));
    struct channel channel;
    cr_assert_eq(channel_map(CHANNEL_DATAPLANE, &GEOMETRY, up, down, &channel), -EINVAL);
    struct channel_geometry wrong[] = {GEOMETRY, GEOMETRY, GEOMETRY, GEOMETRY, GEOMETRY};
    wrong[0].workers = 0;
    wrong[1].lanes = CHANNEL_LANES_MAX + 1;
    wrong[2].verdict_slots = 3;
    wrong[3].segment_slots = 0;
    wrong[4].workers = CHANNEL_WORKERS_MAX + 1;
    int large = memory_file((size_t)1 << 30);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_assert_eq(channel_map(CHANNEL_DATAPLANE, &wrong[i], large, large, &channel), -EINVAL, "case %zu", i);
}

Test(channel, lanes_are_even_and_within_bounds)
{
    for (uint32_t lanes = 1; lanes <= CHANNEL_LANES_MAX; lanes++) {
        uint32_t counts[CHANNEL_LANES_MAX] = {0};
        for (uint32_t i = 0; i < 65536; i++) {
            uint32_t lane = channel_lane(UINT32_C(0x0a500000) + i, lanes);
            cr_assert_lt(lane, lanes);
            counts[lane]++;
        }
        for (uint32_t i = 0; i < lanes; i++)
            cr_assert(counts[i] > 65536 / lanes * 9 / 10 && counts[i] < 65536 / lanes * 11 / 10 + 1,
                      "lane %u of %u: %u", i, lanes, counts[i]);
    }
}

Test(channel, every_counter_has_a_unique_name_and_help)
{
    for (int i = 0; i < COUNTER_COUNT; i++) {
        cr_assert_not_null(dataplane_counter_names[i]);
        cr_assert_gt(strlen(dataplane_counter_help[i]), 5);
        for (int j = 0; j < i; j++)
            cr_assert_str_neq(dataplane_counter_names[i], dataplane_counter_names[j]);
    }
}
