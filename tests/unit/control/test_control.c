// SPDX-License-Identifier: BSD-3-Clause
// sonde-control as a whole, against a dataplane and servers played by the test.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/store/journal.h"
#include "dataplane/channel/clock.h"
#include "dataplane/channel/pulse.h"
#include "tests/unit/control/harness.h"

static struct harness harness;

static void teardown(void)
{
    harness_fini(&harness);
}

static _Atomic bool holds_back; // the server has been asked and says nothing yet

static void http_server_at_last(struct peer *peer)
{
    if (!holds_back)
        harness_http_server(peer);
}

static bool all_asked(struct harness *of)
{
    for (size_t i = 0; i < of->peer_count; i++)
        if (memmem(of->peers[i]->in, of->peers[i]->in_length, "\r\n\r\n", 4) == NULL)
            return false;
    return true;
}

static bool never(struct harness *of)
{
    (void)of;
    return false;
}

static bool sated(struct harness *of)
{
    return harness_counter(of, CONTROL_RECORDS) >= 3;
}

// Neither a record more, nor a wait for those that are open: "max_results" ends a scan.
Test(control, writes_no_more_records_than_the_plan_wants_and_then_waits_for_nobody, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW, .max_results = 3});
    harness.application = harness_http_server;
    harness_start(&harness, false, -1);
    for (uint32_t i = 0; i < 40; i++)
        harness_answer(&harness, 0x0a000001 + i, i % 2 == 0 ? 80 : 8081);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, sated), "too few records");
    kill(harness.child, SIGTERM);
    harness_finish_clean(&harness);
    json_t *records = harness_records(&harness);
    cr_assert_not_null(records);
    cr_assert_eq(json_array_size(records), 3, "%zu records", json_array_size(records));
    cr_assert_eq(harness_counter(&harness, CONTROL_RECORDS), 3);
    cr_assert_eq(harness_counter(&harness, CONTROL_COMPLETE), harness_outcomes(records, "complete"));
    cr_assert_eq(harness_counter(&harness, CONTROL_RECORDS_LOST), 0);
    json_decref(records);
}

Test(control, continues_the_probes_connection_and_writes_a_classified_record, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = harness_http_server;
    harness_start(&harness, false, -1);
    struct peer *peer = harness_answer(&harness, 0x0a000001, 80);
    harness_finish_clean(&harness);
    json_t *records = harness_records(&harness);
    cr_assert_not_null(records);
    cr_assert_eq(json_array_size(records), 1);
    json_t *record = json_array_get(records, 0);
    cr_assert_str_eq(harness_text(record, NULL, "ip"), "10.0.0.1");
    cr_assert_str_eq(harness_text(record, NULL, "scan"), "scan-1");
    cr_assert_str_eq(harness_text(record, NULL, "provider"), "aws");
    cr_assert_str_eq(harness_text(record, NULL, "service"), "http");
    cr_assert_str_eq(harness_text(record, NULL, "outcome"), "complete");
    cr_assert_str_eq(harness_text(record, "http", "title"), "A toy");
    cr_assert_str_eq(harness_text(record, "product", "version"), "1.2.3");
    cr_assert_str_eq(harness_text(record, "product", "cpe"), "cpe:2.3:a:toys:toy:1.2.3:*:*:*:*:*:*:*");
    cr_assert_gt(json_number_value(json_object_get(record, "rtt_ms")), 0);
    cr_assert_eq(peer->syns, 0, "no second SYN");
    cr_assert(peer->fin_received && !peer->cut_off, "ended with FIN");
    cr_assert_eq(harness_counter(&harness, CONTROL_RECORDS), 1);
    cr_assert_eq(harness_counter(&harness, CONTROL_COMPLETE), 1);
    cr_assert_eq(atomic_load(&harness.channel.down->open_conversations), 0);
    json_decref(records);
}

// Ports that refused or were reported: written down as that, never asked, and none of the records that max_results
// counts.
Test(control, writes_down_what_is_not_open_and_asks_nobody, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW, .max_results = 1});
    harness.application = harness_http_server;
    harness_start(&harness, false, -1);
    harness_deny(&harness, 0x0a000001, 22, VERDICT_CLOSED, 0);
    harness_deny(&harness, 0x0a000001, 23, VERDICT_UNREACHABLE, 13);
    harness_deny(&harness, 0x0a000002, 23, VERDICT_UNREACHABLE, 77);
    harness_answer(&harness, 0x0a000001, 80);
    harness_finish_clean(&harness);
    json_t *records = harness_records(&harness);
    cr_assert_not_null(records);
    cr_assert_eq(json_array_size(records), 4);
    size_t at;
    json_t *record;
    json_array_foreach(records, at, record)
    {
        json_int_t port = json_integer_value(json_object_get(record, "port"));
        const char *outcome = harness_text(record, NULL, "outcome");
        cr_assert_str_eq(outcome, port == 22 ? "closed" : port == 23 ? "unreachable" : "complete");
        bool strange = port == 23 && strcmp(harness_text(record, NULL, "ip"), "10.0.0.2") == 0;
        cr_assert_str_eq(harness_text(record, NULL, "unreachable"), port != 23 ? ""
                                                                    : strange  ? "icmp-3-77"
                                                                               : "admin-prohibited");
        cr_assert_str_eq(harness_text(record, NULL, "reporter"), port == 23 ? "10.0.0.254" : "");
        cr_assert_eq(json_object_get(record, "service") == NULL, port != 80);
    }
    cr_assert_eq(harness_counter(&harness, CONTROL_CLOSED), 1);
    cr_assert_eq(harness_counter(&harness, CONTROL_UNREACHABLE), 2);
    cr_assert_eq(harness_counter(&harness, CONTROL_RECORDS), 4);
    cr_assert_eq(harness.strays, 0, "a RST to who is not connected");
    cr_assert_eq(harness.peer_count, 1, "somebody was asked");
    json_decref(records);
}

static bool all_recorded(struct harness *of)
{
    return harness_counter(of, CONTROL_RECORDS) >= of->position;
}

// The last RST of a connection may be lost like any other segment, and nobody repeats a RST.
static void peers_check_end_sent(void)
{
    for (size_t i = 0; i < harness.peer_count; i++)
        cr_assert(harness.peers[i]->end_sent, "connection %zu was not ended", i);
}

Test(control, many_conversations_survive_loss_and_none_is_lost_or_doubled, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW, .max_open = 100});
    harness.application = harness_http_server;
    harness.loss = 20;
    harness_start(&harness, false, -1);
    for (uint32_t i = 0; i < 400; i++)
        harness_answer(&harness, 0x0a000100 + i, 80);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_recorded), "%lu records",
              harness_counter(&harness, CONTROL_RECORDS));
    harness.loss = 0;
    harness_finish_clean(&harness);
    harness_check_records(&harness, 400, "complete");
    peers_check_end_sent();
}

Test(control, a_port_that_says_nothing_becomes_a_timeout, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = harness_silent_server;
    harness_start(&harness, false, -1);
    harness_answer(&harness, 0x0a000002, 80);
    harness_finish_clean(&harness);
    harness_check_records(&harness, 1, "timeout");
    harness_check_ended(&harness);
}

Test(control, later_refuses_the_probes_connection_and_opens_its_own_within_max_open, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_LATER, .max_open = 10});
    harness.application = harness_http_server;
    harness_start(&harness, false, -1);
    for (uint32_t i = 0; i < 200; i++)
        cr_assert_not_null(harness_answer(&harness, 0x0a000100 + i, 80));
    harness_finish_clean(&harness);
    harness_check_records(&harness, 200, "complete");
    size_t refused = 0;
    size_t asked = 0;
    for (size_t i = 0; i < harness.peer_count; i++) {
        refused += harness.peers[i]->syns == 0 && harness.peers[i]->reset ? 1 : 0;
        asked += harness.peers[i]->syns == 1 && harness.peers[i]->fin_received ? 1 : 0;
    }
    cr_assert_eq(refused, 200);
    cr_assert_eq(asked, 200);
}

Test(control, none_resets_and_records, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NONE});
    harness_start(&harness, false, -1);
    struct peer *peer = harness_answer(&harness, 0x0a000002, 22);
    harness_finish_clean(&harness);
    harness_check_records(&harness, 1, "partial");
    cr_assert(peer->reset && !peer->established);
}

static bool all_open(struct harness *of)
{
    return harness_counter(of, CONTROL_CONVERSATIONS_OPEN) >= of->position;
}

static bool all_counted(struct harness *of)
{
    return harness_counter(of, CONTROL_MEMORY_HELD) >= of->position * 8192;
}

static bool some_recorded(struct harness *of)
{
    return harness_counter(of, CONTROL_RECORDS) >= 50;
}

Test(control, killed_in_mid_scan_it_is_restarted_and_every_record_is_there_once, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW, .max_open = 40});
    harness.application = harness_http_server;
    harness.loss = 5;
    harness_start(&harness, false, -1);
    for (uint32_t i = 0; i < 150; i++)
        harness_answer(&harness, 0x0a000100 + i, 80);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, some_recorded));
    cr_assert_eq(kill(harness.child, SIGKILL), 0);
    waitpid(harness.child, NULL, 0);
    harness.child = 0;
    // Both files as a crash may leave them: with half an entry and half a record.
    cr_assert_eq(pwrite(harness.journal_fd, "torn", 4, lseek(harness.journal_fd, 0, SEEK_END)), 4);
    cr_assert_eq(pwrite(harness.records_fd, "{\"schema\":1,", 12, lseek(harness.records_fd, 0, SEEK_END)), 12);
    harness_start(&harness, true, -1);
    for (uint32_t i = 0; i < 50; i++)
        harness_answer(&harness, 0x0a000300 + i, 80);
    harness.loss = 0;
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_recorded), "%lu records",
              harness_counter(&harness, CONTROL_RECORDS));
    harness_finish_clean(&harness);
    harness_check_records(&harness, 200, "complete");
    cr_assert_gt(harness_counter(&harness, CONTROL_RESUMED_UNFINISHED), 0);
    cr_assert_eq(harness_counter(&harness, CONTROL_RECORDS_CUT), 12);
}

// The machine stands still for longer than an answer may take, and the answers come after it: nobody was late.
Test(control, a_pause_is_taken_out_of_what_a_server_may_take_its_time_for, .fini = teardown)
{
    enum { PAUSE_S = 8, ANSWER_AFTER_MS = 300 };
    holds_back = true;
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = http_server_at_last;
    harness_start(&harness, false, -1);
    for (uint32_t i = 0; i < 20; i++)
        harness_answer(&harness, 0x0a000100 + i, 80);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_asked));
    cr_assert_eq(kill(harness.child, SIGSTOP), 0);
    sleep(PAUSE_S);
    cr_assert_eq(kill(harness.child, SIGCONT), 0);
    (void)harness_until(&harness, ANSWER_AFTER_MS, never);
    holds_back = false;
    for (size_t i = 0; i < harness.peer_count; i++) {
        harness_http_server(harness.peers[i]);
        peer_push(harness.peers[i]);
    }
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_recorded));
    harness_finish_clean(&harness);
    harness_check_records(&harness, 20, "complete");
    cr_assert_eq(harness.peer_count, 20, "%zu connections", harness.peer_count);
}

// By itself each would take twelve seconds: two of listening, and five of waiting for each of two answers.
Test(control, sigterm_ends_what_is_open_before_its_own_end, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = harness_silent_server;
    harness_start(&harness, false, -1);
    for (uint32_t i = 0; i < 20; i++)
        harness_answer(&harness, 0x0a000100 + i, 22);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_open));
    cr_assert_eq(kill(harness.child, SIGTERM), 0);
    int status = harness_finish(&harness, 8000);
    cr_assert(status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
    harness_check_records(&harness, 20, "interrupted");
    cr_assert_eq(harness_counter(&harness, CONTROL_INTERRUPTED), 20);
    harness_check_ended(&harness);
}

// Refuses the first hello of each address, so that OpenSSL's client is asked for on a further connection, and falls
// silent.
static void second_hello_server(struct peer *peer)
{
    static const char alert[] = {21, 3, 3, 0, 2, 2, 40};
    if (peer->in_length == 0 || peer->fin_wanted)
        return;
    for (size_t i = 0; i < harness.peer_count && harness.peers[i] != peer; i++)
        if (harness.peers[i]->address == peer->address)
            return;
    peer_say(peer, alert, sizeof(alert));
    peer->fin_wanted = true;
}

// OpenSSL's state is ten times everything else that a conversation holds: with it there is more than without.
Test(control, what_conversations_hold_is_counted_openssl_included, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = second_hello_server;
    harness_start(&harness, false, -1);
    for (uint32_t i = 0; i < 20; i++)
        harness_answer(&harness, 0x0a000100 + i, 443);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_open));
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_counted), "%lu bytes",
              harness_counter(&harness, CONTROL_MEMORY_HELD));
    cr_assert_eq(kill(harness.child, SIGTERM), 0);
    cr_assert_neq(harness_finish(&harness, HARNESS_PATIENCE_MS), -1);
}

Test(control, without_a_dataplane_it_records_what_is_open_and_fails, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = harness_silent_server;
    harness_start(&harness, false, -1);
    harness_answer(&harness, 0x0a000100, 22);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_open));
    atomic_store(&harness.frozen, true);
    int status = harness_finish(&harness, HARNESS_PATIENCE_MS);
    cr_assert(status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %d", status);
    harness_check_records(&harness, 1, "interrupted");
}

// A lane with nothing more to do ends before the others do, and `sonde scan` must hear from the process all the same.
Test(control, the_heart_beats_until_the_last_lane_has_ended, .fini = teardown)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    struct pulse pulse;
    uint64_t longest_ns = 0;
    int status = 0;
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = harness_silent_server;
    harness_start(&harness, false, -1);
    harness_answer(&harness, 0x0a000100, 22);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_open));
    atomic_store(&harness.channel.up->phase, CHANNEL_COOLED);
    uint64_t start_ns = clock_ns();
    pulse_start(&pulse, 0, start_ns);
    while (waitpid(harness.child, &status, WNOHANG) == 0) {
        uint64_t beat = atomic_load(&harness.channel.down->heartbeat_ns);
        uint64_t still_ns = pulse_look(&pulse, beat, clock_ns());
        longest_ns = still_ns > longest_ns ? still_ns : longest_ns;
        cr_assert_lt(clock_since(clock_ns(), start_ns), UINT64_C(120000000000));
        harness_turn(&harness);
        nanosleep(&pause, NULL);
    }
    harness.child = 0;
    cr_assert_eq(status, 0);
    cr_assert_lt(longest_ns, UINT64_C(1500000000), "no beat for %.1f s", (double)longest_ns / 1e9);
}

static bool nothing_open(struct harness *of)
{
    return harness_counter(of, CONTROL_FLOWS_OPEN) == 0;
}

static bool first_reset(struct harness *of)
{
    return of->peers[0]->reset;
}

Test(control, segments_of_no_connection_are_answered_with_rst, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = harness_http_server;
    harness_start(&harness, false, -1);
    struct peer *peer = harness_answer(&harness, 0x0a000007, 80);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_recorded));
    // A late duplicate, when the connection is long closed.
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, nothing_open));
    cr_assert(!peer->cut_off);
    peer->reset = false; // of a FIN that was repeated because this process or the other was late
    peer->fin_sent = true;
    peer->fin_wanted = true;
    peer->snd_nxt = peer->snd_una + 1;
    peer_repeat(peer);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, first_reset));
    harness_finish_clean(&harness);
}

// What earns them is a right cookie, so they come from hosts that were asked; one of them may send as many as it likes.
Test(control, many_segments_of_no_connection_get_few_rsts_and_cost_conversations_nothing, .fini = teardown)
{
    enum { STRAYS = 20000 };
    struct segment stray = {.address = 0x0a000063, .remote_port = 80, .local_port = 61001, .flags = TCP_ACK, .ack = 77};
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = harness_http_server;
    harness_start(&harness, false, -1);
    struct ring *ring = &channel_pair(&harness.channel, 0, channel_lane(stray.address, HARNESS_LANES))->segments;
    for (int i = 0; i < STRAYS; i++) {
        while (ring_free(ring, 1) == 0)
            harness_turn(&harness);
        memcpy(ring_slot_ahead(ring, 0), &stray, sizeof(stray));
        ring_advance(ring, 1);
        if (i % 1000 == 0)
            harness_answer(&harness, 0x0a000100 + (uint32_t)i, 80);
    }
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_recorded));
    harness_finish_clean(&harness);
    harness_check_records(&harness, STRAYS / 1000, "complete");
    uint64_t limited = harness_counter(&harness, CONTROL_STRAYS_LIMITED);
    cr_assert_geq(harness_counter(&harness, CONTROL_STRAYS), STRAYS);
    cr_assert_eq(harness.strays + limited, harness_counter(&harness, CONTROL_STRAYS), "each has its RST, or none");
}

// Refuses the first connection to a host, and is an SSH server of another age on the next.
static void busy_server(struct peer *peer)
{
    const char *text = peer->syns == 0 ? "Exceeded MaxStartups\r\n" : "SSH-1.5-old\r\n";
    if (peer->fin_wanted)
        return;
    peer_say(peer, text, strlen(text));
    peer->fin_wanted = true;
}

static bool asked_again(struct harness *of)
{
    return of->peer_count > 1;
}

Test(control, an_ssh_server_that_is_too_busy_is_asked_again_seconds_later, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = busy_server;
    harness_start(&harness, false, -1);
    harness_answer(&harness, 0x0a000002, 22);
    cr_assert_not(harness_until(&harness, 3000, asked_again), "at once");
    harness_finish_clean(&harness);
    harness_check_records(&harness, 1, "partial");
    json_t *records = harness_records(&harness);
    cr_assert_str_eq(harness_text(json_array_get(records, 0), "ssh", "software"), "old");
    cr_assert_eq(harness.peer_count, 2);
    json_decref(records);
}

// A server over whose first word control dies, whichever one it is: the test kills it. What an earlier control has said
// is still in the rings, and kills nobody.
static uint32_t poison;
static size_t peers_before;

static bool is_of_before(const struct peer *peer)
{
    for (size_t i = 0; i < peers_before; i++)
        if (harness.peers[i] == peer)
            return true;
    return false;
}

static void poisonous_server(struct peer *peer)
{
    if (peer->address == poison && peer->in_length > 0 && harness.child > 0 && !is_of_before(peer)) {
        kill(harness.child, SIGKILL);
        waitpid(harness.child, NULL, 0);
        harness.child = 0;
        return;
    }
    if (peer->address != poison)
        harness_http_server(peer);
}

static bool is_dead(struct harness *of)
{
    return of->child == 0;
}

static json_t *record_of(json_t *records, const char *ip)
{
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        if (strcmp(harness_text(record, NULL, "ip"), ip) == 0)
            return record;
    }
    return NULL;
}

static bool is_suspect(json_t *record)
{
    json_t *marks = json_object_get(record, "suspect");
    return json_array_size(marks) == 1 && strcmp(json_string_value(json_array_get(marks, 0)), "crashed-control") == 0;
}

static void poison_check(void)
{
    json_t *records = harness_records(&harness);
    cr_assert_not_null(records);
    cr_assert_eq(json_array_size(records), 61, "%zu", json_array_size(records));
    json_t *poisoned = record_of(records, "10.0.1.200");
    cr_assert_not_null(poisoned);
    cr_assert(is_suspect(poisoned));
    cr_assert_str_eq(harness_text(poisoned, NULL, "outcome"), "partial");
    size_t suspects = 0;
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        suspects += is_suspect(record) ? 1 : 0;
    }
    // Those that were open beside it the second time, a few a lane.
    cr_assert_leq(suspects, 32, "%zu", suspects);
    cr_assert_eq(harness_counter(&harness, CONTROL_TARGETS_SPARED), suspects);
    cr_assert_eq(harness_outcomes(records, "complete"), 61 - suspects);
    json_decref(records);
}

Test(control, a_target_that_was_open_when_control_died_twice_gets_its_record_and_is_not_asked_again, .fini = teardown)
{
    poison = 0x0a0001c8;
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = poisonous_server;
    harness_start(&harness, false, -1);
    for (uint32_t i = 0; i < 30; i++)
        harness_answer(&harness, 0x0a000100 + i, 80);
    harness_answer(&harness, poison, 80);
    for (int deaths = 0; deaths < 2; deaths++) {
        cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, is_dead), "death %d", deaths);
        harness.died = true;
        peers_before = harness.peer_count;
        harness_start(&harness, true, -1);
    }
    for (uint32_t i = 0; i < 30; i++)
        harness_answer(&harness, 0x0a000300 + i, 80);
    harness_finish_clean(&harness);
    poison_check();
}
