// SPDX-License-Identifier: BSD-3-Clause
// Pairs of an address and a port, by themselves and among a plan's targets.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "config/lists.h"
#include "tests/unit/config/plan_fixture.h"

Test(pairs, are_an_address_a_colon_and_a_port)
{
    static const struct {
        const char *text;
        uint32_t address;
        uint16_t port;
    } right[] = {
        {"192.0.2.1:8080", 0xc0000201, 8080},
        {"0.0.0.0:0", 0, 0},
        {"255.255.255.255:65535", 0xffffffff, 65535},
        {"10.0.0.1:00080", 0x0a000001, 80},
    };
    static const char *const wrong[] = {"",
                                        ":",
                                        "10.0.0.1",
                                        "10.0.0.1:",
                                        ":80",
                                        "10.0.0.1:65536",
                                        "10.0.0.1:999999999999",
                                        "10.0.0.1:-1",
                                        "10.0.0.1:80 ",
                                        "10.0.0.1:80:80",
                                        "10.0.0.0/24:80",
                                        "10.0.0.1-10.0.0.2:80",
                                        "::1:80",
                                        "[::1]:80",
                                        "example.org:80",
                                        "100000000000000000000.0.0.1:80"};
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        struct pair pair;
        cr_assert_eq(pair_parse(right[i].text, &pair), 0, "%s", right[i].text);
        cr_expect_eq(pair.address, right[i].address, "%s", right[i].text);
        cr_expect_eq(pair.port, right[i].port, "%s", right[i].text);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct pair pair;
        cr_expect_eq(pair_parse(wrong[i], &pair), -EINVAL, "\"%s\"", wrong[i]);
    }
}

Test(pairs, of_a_list_stand_once_and_in_order)
{
    char text[] = "10.0.0.2:80\n10.0.0.1:443 # again below\n10.0.0.0/30\n\n10.0.0.1:80\n10.0.0.1:443\n2001:db8::1\n";
    struct input input = {.text = text, .length = strlen(text)};
    struct interval_set set;
    struct pair_list pairs = {.items = NULL};
    struct complaint complaint;
    size_t lines;
    interval_set_init(&set);
    cr_assert_eq(list_read("f", &input, &set, &pairs, &lines, &complaint), 0);
    pair_list_settle(&pairs);
    cr_assert_eq(pairs.count, 3);
    static const struct pair wanted[] = {{0x0a000001, 80, 0}, {0x0a000001, 443, 0}, {0x0a000002, 80, 0}};
    for (size_t i = 0; i < 3; i++)
        cr_expect(pairs.items[i].address == wanted[i].address && pairs.items[i].port == wanted[i].port, "%zu", i);
    cr_expect_eq(set.count, 1);
    cr_expect_eq(list_read("f", &input, &set, NULL, &lines, &complaint), -EINVAL, "only targets have ports");
    pair_list_fini(&pairs);
    interval_set_fini(&set);
}

// A plan's pairs against a table of its own, over everything that it could ask.
Test(pairs, of_a_plan_are_what_its_targets_say)
{
    static const struct {
        const char *targets;
        const char *exclude;
        const char *pairs; // "last octet:port", ascending, of 10.0.0.0/24
        uint64_t positions;
    } rows[] = {
        {"\"10.0.0.1:80\"", "", "1:80", 1},
        {"\"10.0.0.1:80\",\"10.0.0.1:81\",\"10.0.0.2:80\"", "", "1:80 1:81 2:80", 4},
        {"\"10.0.0.1:80\",\"10.0.0.2\"", "", "1:80 2:22 2:443", 6},
        {"\"10.0.0.1:80\",\"10.0.0.0/30\"", "", "0:22 0:443 1:22 1:80 1:443 2:22 2:443 3:22 3:443", 12},
        {"\"10.0.0.1:22\",\"10.0.0.0/31\"", "", "0:22 0:443 1:22 1:443", 4},
        {"\"10.0.0.1:80\",\"10.0.0.2:80\",\"10.0.0.3\"", "\"10.0.0.1\"", "2:80 3:22 3:443", 6},
        {"\"10.0.0.1:80\",\"10.0.0.2\"", "\"10.0.0.2\"", "1:80", 1},
        {"\"10.0.0.1:80\",\"10.0.0.2\"", "\"10.0.0.1\"", "2:22 2:443", 2},
        {"\"10.0.0.1:0\",\"10.0.0.1:65535\"", "", "1:0 1:65535", 2},
    };
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_write(&fixture, "exclusions", "");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[1024];
        char said[512] = "";
        size_t at = 0;
        snprintf(text, sizeof(text),
                 "{\"targets\":[%s],\"services\":[22,443],\"exclude\":[%s],\"allow_reserved\":[\"10.0.0.0/8\"]}",
                 rows[i].targets, rows[i].exclude);
        cr_assert_eq(fixture_load(&fixture, text, PLAN_NEED_TARGETS), 0, "row %zu: %s", i, fixture.complaint.text);
        const struct plan *plan = fixture.plan;
        for (uint32_t address = 0x0a000000; address < 0x0a000100; address++)
            for (uint32_t p = 0; p < plan->port_count && interval_set_contains(&plan->addresses, address); p++)
                if (plan->listed.count == 0 || listed_has(&plan->listed, address, plan->ports[p]))
                    at += (size_t)snprintf(said + at, sizeof(said) - at, "%s%u:%u", at == 0 ? "" : " ", address & 255,
                                           plan->ports[p]);
        cr_expect_str_eq(said, rows[i].pairs, "row %zu: %s", i, said);
        cr_expect_eq(plan->summary.positions, rows[i].positions, "row %zu: %lu", i, plan->summary.positions);
        size_t pairs = 1;
        for (const char *space = said; (space = strchr(space, ' ')) != NULL; space++)
            pairs++;
        cr_expect_eq(plan->summary.pairs, pairs, "row %zu: %lu", i, plan->summary.pairs);
        cr_expect_eq(plan->summary.probes, pairs * plan->attempts, "row %zu", i);
        cr_expect(plan->listed.count == 0 || listed_fits(&plan->listed, LISTED_PORT_BYTES), "row %zu", i);
    }
    fixture_fini(&fixture);
}

Test(pairs, what_does_not_fit_is_refused_on_mapping)
{
    static const uint16_t ports[] = {80, 443, 22};
    static const uint8_t common[LISTED_PORT_BYTES];
    const struct image_listed good = {.address = 1, .first = 0, .count = 2};
    const struct image_listed bad[] = {{.address = 1, .first = 4, .count = 0},
                                       {.address = 1, .first = 2, .count = 2},
                                       {.address = 1, .first = UINT32_MAX, .count = 2},
                                       {.address = 1, .first = 1, .count = 2}}; // not ascending
    struct listed listed = {.items = &good, .count = 1, .ports = ports, .port_count = 3, .common = common};
    cr_expect(listed_fits(&listed, LISTED_PORT_BYTES));
    cr_expect_not(listed_fits(&listed, 0), "no common ports");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        listed.items = &bad[i];
        cr_expect_not(listed_fits(&listed, LISTED_PORT_BYTES), "%zu", i);
    }
    const struct image_listed twice[] = {good, good};
    listed.items = twice;
    listed.count = 2;
    cr_expect_not(listed_fits(&listed, LISTED_PORT_BYTES), "an address twice");
}
