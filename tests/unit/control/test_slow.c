// SPDX-License-Identifier: BSD-3-Clause
// sonde-control among hosts that take their time: what one of them may cost, and what it leaves to the others.
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <criterion/criterion.h>

#include "control/converse/host.h"
#include "dataplane/channel/clock.h"
#include "tests/unit/control/harness.h"

#define SECOND_NS UINT64_C(1000000000)

static struct harness harness;

static void teardown(void)
{
    harness_fini(&harness);
}

// A byte at a time of a page that never ends, from the hosts of 10.0.9.0/24.
static void drip(struct peer *peer)
{
    if ((peer->address & 0xffffff00) != 0x0a000900 || peer->in_length == 0 || peer->out_length > 0)
        return;
    peer_say(peer, "x", 1);
    peer_push(peer);
}

static void slow_or_http(struct peer *peer)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nX-Slow: ";
    static const char answer[] = "HTTP/1.1 200 OK\r\nServer: toy/1.2.3\r\nContent-Length: 0\r\n\r\n";
    if (peer->in_length == 0 || peer->fin_wanted)
        return;
    if ((peer->address & 0xffffff00) == 0x0a000900) {
        peer_say(peer, head, sizeof(head) - 1);
        return;
    }
    peer_say(peer, answer, sizeof(answer) - 1);
    peer->fin_wanted = true;
}

static bool all_recorded(struct harness *of)
{
    return harness_counter(of, CONTROL_RECORDS) >= of->position;
}

static size_t outcome_count(const char *outcome)
{
    json_t *records = harness_records(&harness);
    size_t count = 0;
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        const char *value = json_string_value(json_object_get(record, "outcome"));
        count += value != NULL && strcmp(value, outcome) == 0 ? 1 : 0;
    }
    json_decref(records);
    return count;
}

// Every host and port has one record.
static void records_check(size_t expected)
{
    json_t *records = harness_records(&harness);
    json_t *keys = json_object();
    size_t i;
    json_t *record;
    cr_assert_not_null(records);
    json_array_foreach(records, i, record)
    {
        char key[64];
        snprintf(key, sizeof(key), "%s:%d", json_string_value(json_object_get(record, "ip")),
                 (int)json_integer_value(json_object_get(record, "port")));
        cr_assert_null(json_object_get(keys, key), "%s twice", key);
        json_object_set_new(keys, key, json_true());
    }
    cr_assert_eq(json_array_size(records), expected, "%zu records", json_array_size(records));
    json_decref(keys);
    json_decref(records);
}

// Without a rule of progress the budget of a recognised service, 90 s, is all that ends it.
Test(slow, who_drips_a_byte_now_and_then_is_not_waited_for, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = slow_or_http;
    harness.dripping = drip;
    harness_start(&harness, false, -1);
    for (uint32_t i = 0; i < 8; i++)
        harness_answer(&harness, 0x0a000900 + i, 80);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_recorded), "%lu records",
              harness_counter(&harness, CONTROL_RECORDS));
    harness_finish_clean(&harness);
    records_check(8);
    cr_assert_eq(outcome_count("partial"), 8, "it is HTTP, and that is known");
    cr_assert_eq(harness_counter(&harness, CONTROL_BUDGETS_EXCEEDED), 8);
}

static size_t most_at_once;
static size_t most_to_one_port;

// How many connections that control opened itself are open.
static bool silent_recorded(struct harness *of)
{
    size_t open = 0;
    for (size_t i = 0; i < of->peer_count; i++) {
        const struct peer *peer = of->peers[i];
        size_t same = 0;
        if (peer->syns == 0 || peer->end_sent)
            continue;
        open++;
        for (size_t j = 0; j < of->peer_count; j++)
            same += of->peers[j]->syns > 0 && !of->peers[j]->end_sent && of->peers[j]->remote_port == peer->remote_port;
        most_to_one_port = same > most_to_one_port ? same : most_to_one_port;
    }
    most_at_once = open > most_at_once ? open : most_at_once;
    return all_recorded(of);
}

// Asked one after the other they held the scan for 95 s.
Test(slow, later_asks_several_ports_of_a_host_at_once_and_none_twice_at_once, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_LATER});
    harness.application = harness_silent_server;
    harness_start(&harness, false, -1);
    for (uint16_t i = 0; i < 14; i++)
        harness_answer(&harness, 0x0a000002, (uint16_t)(1000 + i));
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, silent_recorded), "%lu records",
              harness_counter(&harness, CONTROL_RECORDS));
    harness_finish_clean(&harness);
    records_check(14);
    cr_assert_eq(outcome_count("timeout"), 14);
    cr_assert(most_at_once > 1 && most_at_once <= HOST_CONNECTIONS_MAX, "%zu at once", most_at_once);
    cr_assert_eq(most_to_one_port, 1, "%zu to one port", most_to_one_port);
    cr_assert_eq(harness_counter(&harness, CONTROL_HOSTS_SPENT), 0);
}

// With a budget of each port they took 10 s for eight of them.
Test(slow, many_ports_of_one_slow_host_end_with_the_hosts_budget, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW, .host_time_ns = 5 * SECOND_NS});
    harness.application = slow_or_http;
    harness.dripping = drip;
    harness_start(&harness, false, -1);
    for (uint16_t i = 0; i < 200; i++)
        harness_answer(&harness, 0x0a000901, (uint16_t)(1000 + i));
    harness_answer(&harness, 0x0a000002, 80);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_recorded), "%lu records",
              harness_counter(&harness, CONTROL_RECORDS));
    harness_finish_clean(&harness);
    records_check(201);
    cr_assert_eq(outcome_count("complete"), 1);
    cr_assert_geq(outcome_count("timeout"), 150, "%zu", outcome_count("timeout"));
    cr_assert_eq(harness_counter(&harness, CONTROL_HOSTS_SPENT), 1);
}

static size_t honest;

static bool honest_recorded(struct harness *of)
{
    return harness_counter(of, CONTROL_COMPLETE) >= honest;
}

// Few slots, all of which they once held for 90 s each.
Test(slow, a_network_of_slow_hosts_leaves_slots_to_others, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW, .max_open = 64});
    harness.application = slow_or_http;
    harness.dripping = drip;
    harness_start(&harness, false, -1);
    for (uint32_t i = 0; i < 200; i++)
        harness_answer(&harness, 0x0a000900 + i, 80);
    uint64_t start_ns = clock_ns();
    for (honest = 0; honest < 100; honest++)
        harness_answer(&harness, 0x0a010000 + (uint32_t)honest * 256, 80);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, honest_recorded), "%lu honest records",
              harness_counter(&harness, CONTROL_COMPLETE));
    uint64_t honest_ns = clock_since(clock_ns(), start_ns);
    cr_assert_lt(harness_counter(&harness, CONTROL_RECORDS), harness.position, "the slow ones were waited for");
    cr_assert_lt(honest_ns, 45 * SECOND_NS);
}
