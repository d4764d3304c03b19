// SPDX-License-Identifier: BSD-3-Clause
// Which way targets go when the plan says what is on the link. The kernel's routes: tests/e2e/lan.
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "control/scan/hops.h"

static struct interval_set set_of(const struct interval *items, size_t count)
{
    struct interval_set set;
    interval_set_init(&set);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(interval_set_add(&set, items[i]), 0);
    interval_set_seal(&set);
    return set;
}

#define SET(...)                                                                                                       \
    set_of((const struct interval[]){__VA_ARGS__},                                                                     \
           sizeof((const struct interval[]){__VA_ARGS__}) / sizeof(struct interval))

static void expect_hop(const struct hops *hops, size_t i, uint32_t first, uint32_t last, uint32_t gateway)
{
    cr_assert_lt(i, hops->count);
    cr_expect_eq(hops->items[i].first, first, "hop %zu begins at %08x", i, hops->items[i].first);
    cr_expect_eq(hops->items[i].last, last, "hop %zu ends at %08x", i, hops->items[i].last);
    cr_expect_eq(hops->items[i].gateway, gateway, "hop %zu goes to %08x", i, hops->items[i].gateway);
}

Test(hops, targets_on_the_link_go_straight_and_the_rest_through_the_gateway)
{
    struct interval_set targets = SET({0x0a000000, 0x0a0000ff}, {0x0a000200, 0x0a0002ff}, {0xc0a80000, 0xc0a800ff});
    struct interval_set on_link = SET({0x0a000080, 0x0a0001ff}, {0xc0a80010, 0xc0a8001f});
    struct hops hops;
    char message[HOPS_MESSAGE_MAX];
    cr_assert_eq(hops_divide(&targets, &on_link, 0x0a000001, &hops, message), 0);
    cr_assert_eq(hops.count, 5);
    expect_hop(&hops, 0, 0x0a000000, 0x0a00007f, 0x0a000001);
    expect_hop(&hops, 1, 0x0a000080, 0x0a0000ff, 0);
    expect_hop(&hops, 2, 0x0a000200, 0xc0a8000f, 0x0a000001);
    expect_hop(&hops, 3, 0xc0a80010, 0xc0a8001f, 0);
    expect_hop(&hops, 4, 0xc0a80020, 0xc0a800ff, 0x0a000001);
    const struct image_hop *hop = hops_find(hops.items, hops.count, 0xc0a80020);
    cr_assert_eq(hop, &hops.items[4]);
    cr_assert_null(hops_find(hops.items, hops.count, 0x0a000100));
    cr_assert_null(hops_find(hops.items, hops.count, 0xc0a80100));
    cr_assert_null(hops_find(hops.items, hops.count, 0));
    hops_fini(&hops);
    interval_set_fini(&targets);
    interval_set_fini(&on_link);
}

Test(hops, one_gateway_for_all_is_no_table)
{
    struct interval_set targets = SET({0x0a000000, 0x0a0000ff}, {0xc0a80000, 0xc0a800ff});
    struct interval_set on_link = SET({0x0b000000, 0x0b0000ff});
    struct hops hops;
    char message[HOPS_MESSAGE_MAX];
    cr_assert_eq(hops_divide(&targets, &on_link, 0x0a000001, &hops, message), 0);
    cr_assert_eq(hops.count, 0);
    cr_assert_eq(hops.gateway, 0x0a000001);
    hops_fini(&hops);
    interval_set_fini(&targets);
    interval_set_fini(&on_link);
}

Test(hops, without_a_gateway_everything_has_to_be_on_the_link)
{
    struct interval_set targets = SET({0x0a000000, 0x0a0000ff});
    struct interval_set whole = SET({0x0a000000, 0x0a00ffff});
    struct interval_set half = SET({0x0a000000, 0x0a00007f});
    struct hops hops;
    char message[HOPS_MESSAGE_MAX] = "";
    cr_assert_eq(hops_divide(&targets, &whole, 0, &hops, message), 0);
    cr_assert_eq(hops.count, 1);
    expect_hop(&hops, 0, 0x0a000000, 0x0a0000ff, 0);
    hops_fini(&hops);
    cr_assert_eq(hops_divide(&targets, &half, 0, &hops, message), -EINVAL);
    cr_assert_str_eq(message, "source.gateway: expected one, because 10.0.0.128 is outside source.on_link");
    cr_assert_null(hops.items);
    interval_set_fini(&targets);
    interval_set_fini(&whole);
    interval_set_fini(&half);
}

Test(hops, more_on_the_link_than_anybody_can_be_asked_for_is_refused)
{
    struct interval_set targets = SET({0x0a000000, 0x0a000000 + HOPS_ON_LINK_MAX});
    struct interval_set on_link = SET({0x0a000000, 0x0affffff});
    struct hops hops;
    char message[HOPS_MESSAGE_MAX] = "";
    cr_assert_eq(hops_divide(&targets, &on_link, 0, &hops, message), -EINVAL);
    cr_assert_not_null(strstr(message, "1048577 of them are on the link, expected at most 1048576"), "%s", message);
    interval_set_fini(&targets);
    interval_set_fini(&on_link);
}

Test(hops, few_hosts_of_a_wide_network_on_the_link_cost_little)
{
    struct interval_set targets = SET({0x0a000001, 0x0a000001}, {0x0a000fff, 0x0a001002}, {0x0affffff, 0x0affffff});
    struct interval_set on_link = SET({0x0a000000, 0x0affffff});
    struct hops hops;
    char message[HOPS_MESSAGE_MAX] = "";
    cr_assert_eq(hops_divide(&targets, &on_link, 0, &hops, message), 0);
    cr_assert_eq(hops.count, 2);
    expect_hop(&hops, 0, 0x0a000001, 0x0a001002, 0);
    expect_hop(&hops, 1, 0x0affffff, 0x0affffff, 0);
    hops_fini(&hops);
    interval_set_fini(&targets);
    interval_set_fini(&on_link);
}

Test(hops, a_clip_is_what_the_set_has_of_it)
{
    struct interval_set set = SET({10, 20}, {30, 40}, {UINT32_MAX, UINT32_MAX});
    struct interval clip;
    cr_assert(hops_clip(&set, 15, 35, &clip));
    cr_expect_eq(clip.first, 15);
    cr_expect_eq(clip.last, 35);
    cr_assert(hops_clip(&set, 0, UINT32_MAX, &clip));
    cr_expect_eq(clip.first, 10);
    cr_expect_eq(clip.last, UINT32_MAX);
    cr_assert(hops_clip(&set, 21, 34, &clip));
    cr_expect_eq(clip.first, 30);
    cr_expect_eq(clip.last, 34);
    cr_expect_not(hops_clip(&set, 21, 29, &clip));
    cr_expect_not(hops_clip(&set, 41, UINT32_MAX - 1, &clip));
    interval_set_fini(&set);
}
