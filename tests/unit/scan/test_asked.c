// SPDX-License-Identifier: BSD-3-Clause
// What a scan has asked, against what the order itself says of every position.
#include <criterion/criterion.h>
#include <errno.h>

#include "control/scan/asked.h"
#include "probes/packet/order.h"

enum { ADDRESSES = 300, PORTS = 3, POSITIONS = ADDRESSES * PORTS, FIRST = 0x0a000000 };

static uint16_t ports[PORTS] = {22, 80, 443};

static struct plan plan_make(struct interval *interval)
{
    *interval = (struct interval){.first = FIRST, .last = FIRST + ADDRESSES - 1};
    return (struct plan){.ports = ports,
                         .port_count = PORTS,
                         .addresses = {.items = interval, .count = 1, .capacity = 1},
                         .summary = {.positions = POSITIONS}};
}

// How many positions are in each state, each checked against its place in the order.
static void states_count(const struct checkpoint *checkpoint, uint64_t asked_end, size_t ret_counts[static 4])
{
    struct interval interval;
    struct plan plan = plan_make(&interval);
    struct asked *asked = NULL;
    struct order order;
    cr_assert_eq(asked_new(&plan, checkpoint, &asked), 0);
    cr_assert_eq(order_init(&order, POSITIONS, checkpoint->sweep.seed), 0);
    for (uint64_t position = 0; position < POSITIONS; position++) {
        uint64_t index = order_index(&order, position);
        enum asked_state state = asked_find(asked, FIRST + (uint32_t)(index / PORTS), ports[index % PORTS]);
        bool ours = position >= checkpoint->sweep.first_position && position < checkpoint->sweep.end_position;
        cr_expect_eq(state, !ours ? ASKED_SHARE : position < asked_end ? ASKED_ONCE : ASKED_EARLY);
        ret_counts[state]++;
    }
    cr_expect_eq(asked_find(asked, FIRST, 23), ASKED_OUTSIDE, "a port that was none");
    cr_expect_eq(asked_find(asked, FIRST + ADDRESSES, 22), ASKED_OUTSIDE, "an address behind the last");
    cr_expect_eq(asked_find(asked, FIRST - 1, 22), ASKED_OUTSIDE, "one before the first");
    asked_free(asked);
}

Test(asked, a_complete_scan_has_asked_its_shard_and_nothing_else)
{
    const struct checkpoint checkpoint = {
        .complete = true,
        .sweep = {.seed = 7, .first_position = 100, .end_position = 400, .segment_positions = 320, .attempts = 2}};
    size_t counts[4] = {0};
    states_count(&checkpoint, 400, counts);
    cr_expect_eq(counts[ASKED_ONCE], 300);
    cr_expect_eq(counts[ASKED_SHARE], POSITIONS - 300);
}

Test(asked, a_list_of_pairs_has_asked_its_pairs)
{
    static const struct image_listed items[] = {{.address = FIRST + 1, .first = 0, .count = 2},
                                                {.address = FIRST + 2, .first = 2, .count = 1, .is_common = 1}};
    static const uint16_t own[] = {80, 443, 443};
    static const uint8_t common[LISTED_PORT_BYTES] = {[22 >> 3] = 1 << (22 & 7)};
    const struct checkpoint checkpoint = {.complete = true, .sweep = {.seed = 7, .end_position = POSITIONS}};
    struct interval interval;
    struct plan plan = plan_make(&interval);
    struct asked *asked = NULL;
    plan.listed = (struct listed){.items = items, .count = 2, .ports = own, .port_count = 3, .common = common};
    cr_assert_eq(asked_new(&plan, &checkpoint, &asked), 0);
    plan.listed = (struct listed){.count = 0}; // it has its own
    static const struct {
        uint32_t address;
        bool asked[PORTS];
    } rows[] = {
        {FIRST, {true, false, false}},
        {FIRST + 1, {false, true, true}},
        {FIRST + 2, {true, false, true}},
        {FIRST + ADDRESSES - 1, {true, false, false}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t p = 0; p < PORTS; p++)
            cr_expect_eq(asked_find(asked, rows[i].address, ports[p]), rows[i].asked[p] ? ASKED_ONCE : ASKED_OUTSIDE,
                         "row %zu, port %u", i, ports[p]);
    asked_free(asked);
}

Test(asked, a_scan_that_ended_early_has_asked_what_lies_below_its_step)
{
    struct checkpoint checkpoint = {
        .step = 123,
        .sweep = {.seed = 9, .first_position = 0, .end_position = POSITIONS, .segment_positions = 960, .attempts = 2}};
    size_t counts[4] = {0};
    states_count(&checkpoint, 123, counts); // in the first attempt
    cr_expect_eq(counts[ASKED_ONCE], 123);
    memset(counts, 0, sizeof(counts));
    checkpoint.step = POSITIONS + 5; // in the second one, all were asked once
    states_count(&checkpoint, POSITIONS, counts);
    cr_expect_eq(counts[ASKED_EARLY], 0);
    memset(counts, 0, sizeof(counts));
    checkpoint.step = 0;
    states_count(&checkpoint, 0, counts);
    cr_expect_eq(counts[ASKED_EARLY], POSITIONS);
}

Test(asked, segments_are_asked_one_after_the_other)
{
    struct checkpoint checkpoint = {
        .step = 320 * 2 + 50, // the first segment twice, and 50 of the second
        .sweep = {.seed = 11, .first_position = 10, .end_position = 810, .segment_positions = 320, .attempts = 2}};
    size_t counts[4] = {0};
    states_count(&checkpoint, 10 + 320 + 50, counts);
    cr_expect_eq(counts[ASKED_ONCE], 370);
}

Test(asked, a_plan_without_targets_is_refused)
{
    struct plan plan = {.ports = ports, .port_count = PORTS};
    const struct checkpoint checkpoint = {.complete = true};
    struct asked *asked = NULL;
    cr_expect_eq(asked_new(&plan, &checkpoint, &asked), -EINVAL);
    cr_expect_null(asked);
}
