// SPDX-License-Identifier: BSD-3-Clause
// sonde-control where storage or time is not what it should be: a full disk, records into a pipe, verdicts that waited.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/converse/lane.h"
#include "control/store/journal.h"
#include "tests/unit/control/harness.h"

static struct harness harness;

static void teardown(void)
{
    harness_fini(&harness);
}

static void http_server(struct peer *peer)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nServer: toy/1.2.3\r\nContent-Length: 0\r\n\r\n";
    if (peer->in_length == 0 || peer->fin_wanted)
        return;
    peer_say(peer, answer, sizeof(answer) - 1);
    peer->fin_wanted = true;
}

// Every record is whole, complete, and there once.
static void records_check(json_t *records, size_t expected)
{
    json_t *keys = json_object();
    size_t i;
    json_t *record;
    cr_assert_not_null(records, "a record is not whole");
    json_array_foreach(records, i, record)
    {
        const char *ip = json_string_value(json_object_get(record, "ip"));
        cr_assert_str_eq(json_string_value(json_object_get(record, "outcome")), "complete");
        cr_assert_null(json_object_get(keys, ip), "%s twice", ip);
        json_object_set_new(keys, ip, json_true());
    }
    cr_assert_eq(json_array_size(records), expected, "%zu records", json_array_size(records));
    json_decref(keys);
}

// The parts of the summary's line of records are what they are parts of.
static void sums_check(size_t expected)
{
    static const enum control_counter outcomes[] = {CONTROL_COMPLETE,   CONTROL_PARTIAL, CONTROL_TIMEOUT,
                                                    CONTROL_RESET,      CONTROL_REFUSED, CONTROL_NOT_RECOGNISED,
                                                    CONTROL_INTERRUPTED};
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
        sum += harness_counter(&harness, outcomes[i]);
    cr_expect_eq(harness_counter(&harness, CONTROL_RECORDS), expected, "%lu",
                 harness_counter(&harness, CONTROL_RECORDS));
    cr_expect_eq(sum, expected, "%lu records have an outcome, %zu are there", sum, expected);
}

Test(storage, a_verdict_that_waited_too_long_is_asked_again_on_a_further_connection, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = http_server;
    harness.age_ns = LANE_STALE_NS + 1000000000;
    harness_start(&harness, false, -1);
    struct peer *old = harness_answer(&harness, 0x0a000001, 80);
    harness.age_ns = LANE_STALE_NS / 4; // control has the rest of the time to come up
    struct peer *young = harness_answer(&harness, 0x0a000002, 80);
    harness_finish_clean(&harness);
    json_t *records = harness_records(&harness);
    records_check(records, 2);
    json_decref(records);
    cr_assert(old->reset && !old->established, "the connection that nobody waits for is given up");
    cr_assert(young->established && young->fin_received);
    cr_assert_eq(harness.peer_count, 3, "%zu connections", harness.peer_count);
    cr_assert_eq(harness.peers[2]->address, old->address);
    cr_assert_eq(harness.peers[2]->syns, 1);
    cr_assert_eq(harness_counter(&harness, CONTROL_CONNECTIONS_STALE), 1);
}

// What an earlier scan has left at the peer, on the same ports, answers our SYN with what never reaches control.
Test(storage, a_further_connection_that_cannot_be_had_is_opened_from_another_port, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = http_server;
    harness.age_ns = LANE_STALE_NS + 1000000000;
    harness.sticks = true;
    harness_start(&harness, false, -1);
    struct peer *old = harness_answer(&harness, 0x0a000001, 80);
    harness_finish_clean(&harness);
    json_t *records = harness_records(&harness);
    records_check(records, 1);
    json_decref(records);
    cr_assert_eq(harness.peer_count, 2, "%zu connections", harness.peer_count);
    cr_assert_eq(harness.peers[1]->address, old->address);
    cr_assert_neq(harness.stuck_port, 0);
    cr_assert_neq(harness.peers[1]->local_port, harness.stuck_port);
    cr_assert_eq(harness_counter(&harness, CONTROL_CONNECTIONS_FURTHER), 2);
}

// A TLS server that has no version in common with anyone, and is asked for each on a connection of its own.
static void alert_server(struct peer *peer)
{
    static const char alert[] = "\x15\x03\x03\x00\x02\x02\x46";
    if (peer->in_length == 0 || peer->fin_wanted)
        return;
    peer_say(peer, alert, sizeof(alert) - 1);
    peer->fin_wanted = true;
}

// A peer may keep what was between the two ports for minutes (TIME-WAIT), and then answers a new SYN with a challenge.
Test(storage, no_further_connection_comes_from_a_port_that_an_earlier_one_came_from, .fini = teardown)
{
    enum { HOSTS = 40 };
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW, .flow_ports = 8, .tls_matrix = true});
    harness.application = alert_server;
    harness_start(&harness, false, -1);
    for (uint32_t i = 0; i < HOSTS; i++)
        harness_answer(&harness, 0x0a000001 + i, 443);
    harness_finish_clean(&harness);
    cr_assert_geq(harness_counter(&harness, CONTROL_CONNECTIONS_FURTHER), 2 * HOSTS, "%lu",
                  harness_counter(&harness, CONTROL_CONNECTIONS_FURTHER));
    cr_assert_eq(harness.reused, 0, "%zu of %lu", harness.reused,
                 harness_counter(&harness, CONTROL_CONNECTIONS_FURTHER));
}

static bool half_open(struct harness *of)
{
    return harness_counter(of, CONTROL_RECORDS) >= 20 && harness_counter(of, CONTROL_CONVERSATIONS_OPEN) == 10;
}

static uint32_t mute_from;

static void http_server_or_mute(struct peer *peer)
{
    if (peer->address < mute_from)
        http_server(peer);
}

// What the pipe holds, as records.
static json_t *pipe_records(int fd)
{
    static char bytes[1 << 16];
    json_t *records = json_array();
    cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    ssize_t length = read(fd, bytes, sizeof(bytes));
    cr_assert_gt(length, 0);
    for (char *line = bytes; line < bytes + length;) {
        char *newline = memchr(line, '\n', (size_t)(bytes + length - line));
        json_error_t error;
        cr_assert_not_null(newline);
        json_array_append_new(records, json_loadb(line, (size_t)(newline - line), 0, &error));
        line = newline + 1;
    }
    return records;
}

Test(storage, records_that_went_into_a_pipe_are_not_repeated_after_a_crash, .fini = teardown)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = http_server_or_mute;
    mute_from = 0x0a000100 + 20;
    harness_start(&harness, false, ends[1]);
    for (uint32_t i = 0; i < 30; i++)
        harness_answer(&harness, 0x0a000100 + i, 80);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, half_open), "%lu records",
              harness_counter(&harness, CONTROL_RECORDS));
    cr_assert_eq(kill(harness.child, SIGKILL), 0);
    waitpid(harness.child, NULL, 0);
    harness.child = 0;
    mute_from = UINT32_MAX;
    harness_start(&harness, true, ends[1]);
    harness_finish_clean(&harness);
    cr_assert_eq(harness_counter(&harness, CONTROL_RESUMED_UNFINISHED), 10);
    sums_check(30);
    json_t *records = pipe_records(ends[0]);
    records_check(records, 30);
    json_decref(records);
    close(ends[0]);
    close(ends[1]);
}

static bool disk_full(struct harness *of)
{
    return harness_counter(of, CONTROL_RECORD_WRITE_ERRORS) > 0;
}

Test(storage, a_full_disk_leaves_whole_records_and_a_resumed_scan_has_them_all, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = http_server;
    harness_start(&harness, false, -1);
    // In the middle of a record, and more than the journal needs.
    harness_disk_limit(&harness, 10000);
    for (uint32_t i = 0; i < 100; i++)
        harness_answer(&harness, 0x0a000100 + i, 80);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, disk_full));
    cr_assert_eq(kill(harness.child, SIGTERM), 0);
    int status = harness_finish(&harness, HARNESS_PATIENCE_MS);
    cr_assert(status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %d", status);
    json_t *records = harness_records(&harness);
    cr_assert_not_null(records, "half a record stands at the end");
    cr_assert_lt(json_array_size(records), 100);
    sums_check(json_array_size(records));
    uint64_t missing = harness_counter(&harness, CONTROL_VERDICTS) - json_array_size(records);
    cr_assert_eq(harness_counter(&harness, CONTROL_RECORDS_LOST), missing);
    json_decref(records);
    harness_start(&harness, true, -1);
    harness_finish_clean(&harness);
    records = harness_records(&harness);
    records_check(records, 100);
    sums_check(100);
    cr_assert_eq(harness_counter(&harness, CONTROL_RESUMED_UNFINISHED), missing, "exactly those are asked again");
    cr_assert_eq(harness_counter(&harness, CONTROL_RECORDS_LOST), 0);
    json_decref(records);
}

// Six bytes of record for each of one line: a few dozen fill a batch.
static void http_server_verbose(struct peer *peer)
{
    char answer[4096];
    char noise[900];
    if (peer->in_length == 0 || peer->fin_wanted)
        return;
    memset(noise, 1, sizeof(noise));
    int length = snprintf(answer, sizeof(answer),
                          "HTTP/1.1 200 OK\r\nServer: %.250s\r\nLocation: %.500s\r\nContent-Type: text/html%.200s\r\n"
                          "Content-Length: 0\r\n\r\n",
                          noise, noise, noise);
    peer_say(peer, answer, (size_t)length);
    peer->fin_wanted = true;
}

static bool nothing_open(struct harness *of)
{
    return harness_counter(of, CONTROL_CONVERSATIONS_OPEN) == 0;
}

static bool never(struct harness *of)
{
    (void)of;
    return false;
}

static bool all_recorded(struct harness *of)
{
    return harness_counter(of, CONTROL_RECORDS) >= of->position;
}

Test(storage, a_disk_that_is_full_for_a_while_costs_no_record_and_nothing_new_is_begun_meanwhile, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW, .max_open = 40});
    harness.application = http_server_verbose;
    harness_start(&harness, false, -1);
    harness_disk_limit(&harness, 20000);
    // No more than the rings hold, because nobody may take them for a while.
    for (uint32_t i = 0; i < 200; i++)
        harness_answer(&harness, 0x0a000100 + i, 80);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, disk_full));
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, nothing_open));
    (void)harness_until(&harness, 500, never);
    cr_assert_lt(harness_counter(&harness, CONTROL_VERDICTS), 200, "it went on without a disk");
    cr_assert_eq(harness_counter(&harness, CONTROL_RECORD_ERRNO), EFBIG);
    cr_assert_gt(atomic_load(&harness.channel.down->open_conversations), 0, "what is held holds probes back");
    harness_disk_limit(&harness, RLIM_INFINITY);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_recorded), "%lu",
              harness_counter(&harness, CONTROL_RECORDS));
    harness_finish_clean(&harness);
    json_t *records = harness_records(&harness);
    records_check(records, 200);
    json_decref(records);
    cr_assert_eq(harness_counter(&harness, CONTROL_RECORDS_LOST), 0);
    cr_assert_eq(harness_counter(&harness, CONTROL_RECORD_ERRNO), 0);
}

static bool journal_failed_often(struct harness *of)
{
    return harness_counter(of, CONTROL_JOURNAL_ERRORS) >= 4;
}

Test(storage, a_journal_that_cannot_be_written_holds_verdicts_back_and_refuses_each_connection_once, .fini = teardown)
{
    harness_init(&harness, &(struct harness_plan){.converse = CONVERSE_NOW});
    harness.application = http_server;
    harness_start(&harness, false, -1);
    harness_answer(&harness, 0x0a000102, 22);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, all_recorded));
    cr_assert_eq(kill(harness.child, SIGKILL), 0);
    waitpid(harness.child, NULL, 0);
    harness.child = 0;
    // An answer to what is recorded already, and a new one of the same ring, wait for a control without a disk.
    harness.position = 0;
    harness_answer(&harness, 0x0a000102, 22);
    struct peer *new = harness_answer(&harness, 0x0a000102, 80);
    const struct rlimit full = {.rlim_cur = (rlim_t)lseek(harness.journal_fd, 0, SEEK_END), .rlim_max = RLIM_INFINITY};
    const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
    harness_start(&harness, true, -1);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    cr_assert(harness_until(&harness, HARNESS_PATIENCE_MS, journal_failed_often));
    cr_assert_eq(harness_counter(&harness, CONTROL_JOURNAL_ERRNO), EFBIG);
    cr_assert(!new->established, "nothing is begun that is not journaled");
    harness_disk_limit(&harness, RLIM_INFINITY);
    harness_finish_clean(&harness);
    cr_assert(harness.peers[0]->reset && new->established); // the same tuple as before
    cr_assert_eq(harness_counter(&harness, CONTROL_VERDICTS_REPEATED), 1);
    cr_assert_eq(harness_counter(&harness, CONTROL_JOURNAL_ERRNO), 0);
    json_t *records = harness_records(&harness);
    cr_assert_eq(json_array_size(records), 2);
    json_decref(records);
}
