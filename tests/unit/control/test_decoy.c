// SPDX-License-Identifier: BSD-3-Clause
// sonde-control among hosts that accept on every port, or might.
#include <string.h>

#include <criterion/criterion.h>

#include "tests/unit/control/harness.h"

static struct harness harness;

static void teardown(void)
{
    harness_fini(&harness);
}

static size_t peers_asked(uint16_t port)
{
    size_t syns = 0;
    for (size_t i = 0; i < harness.peer_count; i++)
        syns += harness.peers[i]->remote_port == port ? harness.peers[i]->syns : 0;
    return syns;
}

// Of all records, how many say that the host accepts any port.
static size_t unmasked(void)
{
    json_t *records = harness_records(&harness);
    size_t count = 0;
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        const char *why = json_string_value(json_array_get(json_object_get(record, "suspect"), 0));
        count += why != NULL && strcmp(why, "accepts-any-port") == 0 ? 1 : 0;
    }
    json_decref(records);
    return count;
}

Test(decoy, a_host_that_accepts_a_decoy_is_unmasked_on_all_its_silent_ports, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW, .decoys = {50001, 50002}});
    harness.application = harness_silent_server;
    harness_start(&harness, false, -1);
    harness_answer(&harness, 0x0a000002, 22);
    harness_answer(&harness, 0x0a000002, 80);
    harness_answer(&harness, 0x0a000002, 443);
    harness_finish_clean(&harness);
    harness_check_records(&harness, 3, "timeout");
    cr_assert_eq(unmasked(), 3, "%zu are unmasked", unmasked());
    cr_assert_eq(peers_asked(50001), 1, "once a host, with one SYN: %zu", peers_asked(50001));
    cr_assert_eq(peers_asked(50002), 0, "the first has said it");
    harness_check_ended(&harness);
    cr_assert_eq(harness_counter(&harness, CONTROL_HOSTS_ACCEPT_ANY), 1);
}

Test(decoy, a_host_that_refuses_a_decoy_is_not_suspect, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW, .decoys = {50001, 50002}});
    harness.application = harness_silent_server;
    harness.refused_from = 50000;
    harness_start(&harness, false, -1);
    harness_answer(&harness, 0x0a000002, 22);
    harness_answer(&harness, 0x0a000002, 80);
    harness_finish_clean(&harness);
    harness_check_records(&harness, 2, "timeout");
    cr_assert_eq(unmasked(), 0);
    cr_assert_eq(peers_asked(50001), 1);
    cr_assert_eq(peers_asked(50002), 0);
}

Test(decoy, decoys_that_nobody_answers_are_asked_once_each_and_prove_nothing, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW, .decoys = {50001, 50002}});
    harness.application = harness_silent_server;
    harness.dropped_from = 50000;
    harness_start(&harness, false, -1);
    harness_answer(&harness, 0x0a000002, 80);
    harness_finish_clean(&harness);
    harness_check_records(&harness, 1, "timeout");
    cr_assert_eq(unmasked(), 0);
    cr_assert_eq(harness.dropped, 2, "%zu segments", harness.dropped);
}

Test(decoy, a_host_that_speaks_is_never_asked_for_decoys, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW, .decoys = {50001, 50002}});
    harness.application = harness_http_server;
    harness_start(&harness, false, -1);
    harness_answer(&harness, 0x0a000002, 80);
    harness_finish_clean(&harness);
    harness_check_records(&harness, 1, "complete");
    cr_assert_eq(harness_counter(&harness, CONTROL_DECOYS_ASKED), 0);
}
