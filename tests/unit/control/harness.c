// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/control/harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "config/image_build.h"
#include "config/intervals.h"
#include "config/targets_build.h"
#include "dataplane/channel/clock.h"

enum { HARNESS_USER = 65534 };

static const struct channel_geometry geometry = {HARNESS_WORKERS, HARNESS_LANES, 64, 256, 256};
static const uint16_t ports[] = {22, 80, 443, 2222};
static int32_t port_index[IMAGE_PORTS_MAX];

static uint32_t text(struct string_table *strings, const char *string)
{
    uint32_t offset = 0;
    cr_assert_eq(string_table_add(strings, string, &offset), 0);
    return offset;
}

static void image_make(struct harness *harness, const struct harness_plan *plan)
{
    struct string_table strings;
    struct targets_storage targets;
    struct image_parts parts;
    struct interval_set set;
    memset(&parts, 0, sizeof(parts));
    interval_set_init(&set);
    cr_assert_eq(interval_set_add(&set, (struct interval){0x0a000000, 0x0affffff}), 0);
    interval_set_seal(&set);
    cr_assert_eq(targets_build(&set, &targets), 0);
    interval_set_fini(&set);
    cr_assert_eq(string_table_init(&strings), 0);
    struct image_settings *settings = &parts.settings;
    settings->scan = text(&strings, "scan-1");
    settings->user_agent = text(&strings, "sonde/test");
    const struct attribution_edge edges[] = {{0, 0}, {0x0a000000, 1}, {0x0b000000, 0}};
    const struct attribution items[] = {{0},
                                        {.provider = text(&strings, "aws"),
                                         .cloud_service = text(&strings, "EC2"),
                                         .region = text(&strings, "us-east-1"),
                                         .responsible = text(&strings, "customer")}};
    const struct catalogue_service services[] = {
        {.name = text(&strings, "ssh"),
         .session = text(&strings, "ssh"),
         .ports = {22},
         .port_count = 1,
         .sensitive = 1},
        {.name = text(&strings, "http"), .session = text(&strings, "http"), .ports = {80}, .port_count = 1},
        {.name = text(&strings, "https"), .session = text(&strings, "tls"), .ports = {443}, .port_count = 1},
    };
    const struct catalogue_condition conditions[] = {
        {.op = CONDITION_IS, .span = 1, .field = text(&strings, "service"), .text = text(&strings, "ssh")},
        {.op = CONDITION_IS, .span = 1, .field = text(&strings, "service"), .text = text(&strings, "http")},
    };
    const struct catalogue_finding findings[] = {
        {.id = text(&strings, "exposed-ssh"), .condition = 0, .condition_count = 1},
        {.id = text(&strings, "http-plain"), .condition = 1, .condition_count = 1},
    };
    const struct catalogue_product products[] = {{.field = text(&strings, "http.server"),
                                                  .pattern = text(&strings, "^toy/([0-9.]+)"),
                                                  .vendor = text(&strings, "toys"),
                                                  .name = text(&strings, "toy"),
                                                  .version = text(&strings, "$1"),
                                                  .cpe = text(&strings, "cpe:2.3:a:toys:toy:$1:*:*:*:*:*:*:*")}};
    image_port_index(ports, sizeof(ports) / sizeof(ports[0]), port_index);
    image_parts_targets(&parts, &targets.targets);
    settings->port_count = sizeof(ports) / sizeof(ports[0]);
    settings->positions = settings->addresses * settings->port_count;
    settings->end_position = settings->positions;
    settings->seed = 7;
    settings->converse = plan->converse;
    settings->max_results = plan->max_results;
    settings->tls_matrix = plan->tls_matrix;
    settings->max_open = plan->max_open == 0 ? 10000 : plan->max_open;
    settings->converse_rate_pps = 1e6;
    settings->host_time_ns = plan->host_time_ns;
    settings->flow_port_first = 61000;
    settings->flow_port_count = plan->flow_ports == 0 ? 1024 : plan->flow_ports;
    for (size_t i = 0; i < 2 && plan->decoys[i] != 0; i++)
        settings->decoys[settings->decoy_count++] = plan->decoys[i];
    settings->workers = HARNESS_WORKERS;
    settings->lanes = HARNESS_LANES;
    parts.parts[IMAGE_STRINGS] = (struct image_part){strings.bytes, strings.length};
    parts.parts[IMAGE_PORTS] = (struct image_part){ports, sizeof(ports) / sizeof(ports[0])};
    parts.parts[IMAGE_PORT_INDEX] = (struct image_part){port_index, IMAGE_PORTS_MAX};
    parts.parts[IMAGE_ATTRIBUTION_EDGES] = (struct image_part){edges, 3};
    parts.parts[IMAGE_ATTRIBUTIONS] = (struct image_part){items, 2};
    parts.parts[IMAGE_SERVICES] = (struct image_part){services, 3};
    parts.parts[IMAGE_FINDINGS] = (struct image_part){findings, 2};
    parts.parts[IMAGE_CONDITIONS] = (struct image_part){conditions, 2};
    parts.parts[IMAGE_PRODUCTS] = (struct image_part){products, 1};
    cr_assert_eq(image_write(&parts, harness->image_fd), 0);
    string_table_fini(&strings);
    targets_storage_fini(&targets);
}

// A thread of its own, so that a test that is busy does not look like a dataplane that has stopped. It tells no time:
// what counts is that it moves.
static void *beats_run(void *argument)
{
    struct harness *harness = argument;
    const struct timespec pause = {.tv_nsec = 10000000};
    while (!atomic_load(&harness->over)) {
        if (!atomic_load(&harness->frozen))
            atomic_fetch_add(&harness->channel.up->heartbeat_ns, 1);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

void harness_init(struct harness *harness, const struct harness_plan *plan)
{
    memset(harness, 0, sizeof(*harness));
    harness->random = 12345;
    harness->image_fd = memfd_create("image", 0);
    harness->up_fd = memfd_create("up", 0);
    harness->down_fd = memfd_create("down", 0);
    harness->records_fd = memfd_create("records", 0);
    harness->journal_fd = memfd_create("journal", 0);
    image_make(harness, plan);
    cr_assert_eq(ftruncate(harness->up_fd, (off_t)channel_up_bytes(&geometry)), 0);
    cr_assert_eq(ftruncate(harness->down_fd, (off_t)channel_down_bytes(&geometry)), 0);
    cr_assert_eq(channel_map(CHANNEL_DATAPLANE, &geometry, harness->up_fd, harness->down_fd, &harness->channel), 0);
    atomic_store(&harness->channel.up->phase, CHANNEL_SWEEPING);
    cr_assert_eq(pthread_create(&harness->beats, NULL, beats_run, harness), 0);
}

void harness_fini(struct harness *harness)
{
    if (harness->child > 0) {
        kill(harness->child, SIGKILL);
        waitpid(harness->child, NULL, 0);
    }
    for (size_t i = 0; i < harness->peer_count; i++)
        free(harness->peers[i]);
    atomic_store(&harness->over, true);
    pthread_join(harness->beats, NULL);
    channel_unmap(&harness->channel);
    close(harness->image_fd);
    close(harness->up_fd);
    close(harness->down_fd);
    close(harness->records_fd);
    close(harness->journal_fd);
}

void harness_start(struct harness *harness, bool resume, int records_fd)
{
    char arguments[6][64];
    snprintf(arguments[0], sizeof(arguments[0]), "--image=%d", harness->image_fd);
    snprintf(arguments[1], sizeof(arguments[1]), "--up=%d", harness->up_fd);
    snprintf(arguments[2], sizeof(arguments[2]), "--down=%d", harness->down_fd);
    snprintf(arguments[3], sizeof(arguments[3]), "--records=%d", records_fd < 0 ? harness->records_fd : records_fd);
    snprintf(arguments[4], sizeof(arguments[4]), "--journal=%d", harness->journal_fd);
    snprintf(arguments[5], sizeof(arguments[5]), "--geometry=%u,%u,%u,%u,%u", geometry.workers, geometry.lanes,
             geometry.verdict_slots, geometry.segment_slots, geometry.request_slots);
    harness->child = fork();
    if (harness->child == 0) {
        // A sanitizer's report goes to standard error: the sandbox opens no log.
        unsetenv("ASAN_OPTIONS");
        unsetenv("UBSAN_OPTIONS");
        execl(SONDE_CONTROL, SONDE_CONTROL, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
              arguments[5], "--user=65534:65534", resume ? "--resume" : NULL, harness->died ? "--died" : NULL, NULL);
        _exit(127);
    }
    cr_assert_gt(harness->child, 0);
}

// The program lowers its own limit for good, and nobody without CAP_SYS_RESOURCE raises it again.
static bool limit_put(pid_t pid, uint64_t bytes)
{
    struct rlimit limit;
    if (prlimit(pid, RLIMIT_FSIZE, NULL, &limit) != 0)
        return false;
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    return prlimit(pid, RLIMIT_FSIZE, &limit, NULL) == 0;
}

// Limits are set from outside only by root with CAP_SYS_RESOURCE, or by the user that the program has become.
static bool limit_set(pid_t pid, uint64_t bytes)
{
    if (limit_put(pid, bytes))
        return true;
    pid_t helper = fork();
    if (helper == 0)
        _exit(setresgid(HARNESS_USER, HARNESS_USER, HARNESS_USER) == 0 &&
                      setresuid(HARNESS_USER, HARNESS_USER, HARNESS_USER) == 0 && limit_put(pid, bytes)
                  ? 0
                  : 1);
    int status = -1;
    return waitpid(helper, &status, 0) == helper && status == 0;
}

void harness_disk_limit(struct harness *harness, uint64_t bytes)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    bool set = limit_set(harness->child, bytes);
    // It may be between the two users.
    for (int i = 0; i < HARNESS_PATIENCE_MS && !set; i++) {
        nanosleep(&pause, NULL);
        set = limit_set(harness->child, bytes);
    }
    cr_assert(set, "the limit cannot be set");
}

static void verdict_give(struct harness *harness, const struct verdict *verdict)
{
    uint32_t lane = channel_lane(verdict->address, HARNESS_LANES);
    struct ring *ring = &channel_pair(&harness->channel, verdict->address % HARNESS_WORKERS, lane)->verdicts;
    while (ring_free(ring, 1) == 0)
        harness_turn(harness);
    memcpy(ring_slot_ahead(ring, 0), verdict, sizeof(*verdict));
    ring_advance(ring, 1);
}

void harness_deny(struct harness *harness, uint32_t address, uint16_t port, enum verdict_answer answer,
                  uint8_t icmp_code)
{
    struct verdict verdict = {.position = harness->position++,
                              .stamp_ns = clock_ns(),
                              .address = address,
                              .remote_port = port,
                              .local_port = 40000,
                              .answer = (uint8_t)answer};
    if (answer == VERDICT_UNREACHABLE) {
        verdict.icmp_type = 3;
        verdict.icmp_code = icmp_code;
        verdict.reporter = 0x0a0000fe;
    }
    verdict_give(harness, &verdict);
}

struct peer *harness_answer(struct harness *harness, uint32_t address, uint16_t port)
{
    struct peer *peer = malloc(sizeof(*peer));
    struct verdict verdict;
    cr_assert_not_null(peer);
    cr_assert_lt(harness->peer_count, HARNESS_PEERS_MAX);
    peer_accept(peer, address, port, (uint16_t)(40000 + harness->position % 1000), &verdict);
    harness->peers[harness->peer_count++] = peer;
    verdict.position = harness->position++;
    verdict.stamp_ns = clock_ns() - harness->age_ns;
    verdict_give(harness, &verdict);
    return peer;
}

static bool is_lost(struct harness *harness)
{
    harness->random = harness->random * 1103515245 + 12345;
    return harness->loss != 0 && (harness->random >> 16) % harness->loss == 0;
}

static struct peer *peer_find(struct harness *harness, const struct segment *request)
{
    for (size_t i = 0; i < harness->peer_count; i++) {
        struct peer *peer = harness->peers[i];
        if (peer->address == request->address && peer->remote_port == request->remote_port &&
            peer->local_port == request->local_port)
            return peer;
    }
    if (!(request->flags & TCP_SYN)) {
        harness->strays++;
        return NULL;
    }
    if (harness->sticks && harness->stuck_port == 0)
        harness->stuck_port = request->local_port;
    if (harness->sticks && harness->stuck_port == request->local_port)
        return NULL;
    struct peer *peer = malloc(sizeof(*peer));
    cr_assert_lt(harness->peer_count, HARNESS_PEERS_MAX);
    peer_listen(peer, request->address, request->remote_port, request->local_port);
    peer->refuses = harness->refused_from != 0 && request->remote_port >= harness->refused_from;
    harness->peers[harness->peer_count++] = peer;
    return peer;
}

static void peer_flush(struct harness *harness, struct peer *peer)
{
    struct ring *ring =
        &channel_pair(&harness->channel, peer->address % HARNESS_WORKERS, channel_lane(peer->address, HARNESS_LANES))
             ->segments;
    for (size_t i = 0; i < peer->sent_count; i++) {
        if (is_lost(harness) || ring_free(ring, 1) == 0)
            continue;
        peer->sent[i].stamp_ns = clock_ns();
        memcpy(ring_slot_ahead(ring, 0), &peer->sent[i], sizeof(struct segment));
        ring_advance(ring, 1);
    }
    peer->sent_count = 0;
}

static void request_take(struct harness *harness, const struct segment *request)
{
    harness->requests++;
    if (harness->dropped_from != 0 && request->remote_port >= harness->dropped_from) {
        harness->dropped++;
        return;
    }
    struct peer *peer = peer_find(harness, request);
    if (peer == NULL)
        return;
    harness->reused += peer->end_sent && (request->flags & TCP_SYN) ? 1 : 0;
    peer->end_sent = peer->end_sent || (request->flags & (TCP_FIN | TCP_RST)) != 0;
    if (is_lost(harness))
        return;
    bool before = peer->established;
    size_t length = peer->in_length;
    peer_receive(peer, request);
    if (harness->application != NULL && !peer->reset && (peer->established != before || peer->in_length != length))
        harness->application(peer);
    // A server that hears FIN closes too.
    peer->fin_wanted = peer->fin_wanted || peer->fin_received;
    peer_push(peer);
    peer_flush(harness, peer);
}

void harness_turn(struct harness *harness)
{
    size_t work = 0;
    for (uint32_t i = 0; i < HARNESS_WORKERS * HARNESS_LANES; i++) {
        struct ring *ring = &harness->channel.pairs[i].requests;
        uint64_t ready = ring_ready(ring, 256);
        for (uint64_t j = 0; j < ready; j++)
            request_take(harness, ring_slot(ring, j));
        ring_advance(ring, ready);
        work += ready;
    }
    if (clock_ns() > harness->repeat_ns) {
        harness->repeat_ns = clock_ns() + 200000000;
        for (size_t i = 0; i < harness->peer_count; i++) {
            if (harness->dripping != NULL && harness->peers[i]->established && !harness->peers[i]->reset)
                harness->dripping(harness->peers[i]);
            peer_repeat(harness->peers[i]);
            peer_flush(harness, harness->peers[i]);
        }
    }
    struct timespec pause = {.tv_nsec = 200000};
    if (work == 0)
        nanosleep(&pause, NULL);
}

bool harness_until(struct harness *harness, unsigned milliseconds, bool (*condition)(struct harness *harness))
{
    uint64_t end_ns = clock_ns() + (uint64_t)milliseconds * 1000000;
    while (!condition(harness)) {
        if (clock_ns() > end_ns)
            return false;
        harness_turn(harness);
    }
    return true;
}

int harness_finish(struct harness *harness, unsigned milliseconds)
{
    uint64_t end_ns = clock_ns() + (uint64_t)milliseconds * 1000000;
    int status = -1;
    atomic_store(&harness->channel.up->phase, CHANNEL_COOLED);
    while (clock_ns() < end_ns) {
        harness_turn(harness);
        if (waitpid(harness->child, &status, WNOHANG) == harness->child) {
            harness->child = 0;
            return status;
        }
    }
    return -1;
}

uint64_t harness_counter(const struct harness *harness, enum control_counter counter)
{
    return atomic_load(&harness->channel.down->counters[counter]);
}

json_t *harness_records(const struct harness *harness)
{
    off_t size = lseek(harness->records_fd, 0, SEEK_END);
    char *bytes = malloc((size_t)size + 1);
    json_t *records = json_array();
    cr_assert_eq(pread(harness->records_fd, bytes, (size_t)size, 0), size);
    bool good = size == 0 || bytes[size - 1] == '\n';
    for (char *line = bytes; good && line < bytes + size;) {
        char *newline = memchr(line, '\n', (size_t)(bytes + size - line));
        json_error_t error;
        json_t *record = json_loadb(line, (size_t)(newline - line), 0, &error);
        good = record != NULL && json_is_object(record);
        json_array_append_new(records, record);
        line = newline + 1;
    }
    free(bytes);
    if (!good) {
        json_decref(records);
        return NULL;
    }
    return records;
}

void harness_finish_clean(struct harness *harness)
{
    int status = harness_finish(harness, HARNESS_PATIENCE_MS);
    cr_assert(status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
}

const char *harness_text(json_t *record, const char *part, const char *name)
{
    json_t *from = part == NULL ? record : json_object_get(record, part);
    const char *value = json_string_value(json_object_get(from, name));
    return value == NULL ? "" : value;
}

size_t harness_outcomes(json_t *records, const char *outcome)
{
    size_t count = 0;
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        count += strcmp(harness_text(record, NULL, "outcome"), outcome) == 0 ? 1 : 0;
    }
    return count;
}

void harness_check_records(const struct harness *harness, size_t expected, const char *outcome)
{
    json_t *records = harness_records(harness);
    json_t *keys = json_object();
    size_t i;
    json_t *record;
    cr_assert_not_null(records);
    cr_assert_eq(json_array_size(records), expected, "%zu records", json_array_size(records));
    json_array_foreach(records, i, record)
    {
        char key[64];
        snprintf(key, sizeof(key), "%s:%d", harness_text(record, NULL, "ip"),
                 (int)json_integer_value(json_object_get(record, "port")));
        cr_assert_null(json_object_get(keys, key), "%s twice", key);
        json_object_set_new(keys, key, json_true());
    }
    cr_assert_eq(harness_outcomes(records, outcome), expected, "%zu are %s", harness_outcomes(records, outcome),
                 outcome);
    json_decref(keys);
    json_decref(records);
}

void harness_check_ended(const struct harness *harness)
{
    for (size_t i = 0; i < harness->peer_count; i++)
        cr_assert(harness->peers[i]->reset || harness->peers[i]->fin_received, "connection %zu was not ended", i);
}

void harness_silent_server(struct peer *peer)
{
    (void)peer;
}

void harness_http_server(struct peer *peer)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nServer: toy/1.2.3\r\nContent-Type: text/html\r\nContent-Length: 35\r\n"
        "Connection: close\r\n\r\n<html><title>A toy</title></html>\r\n\r\n";
    if (peer->in_length == 0 || peer->fin_wanted || memmem(peer->in, peer->in_length, "\r\n\r\n", 4) == NULL)
        return;
    peer_say(peer, answer, sizeof(answer) - 1);
    peer->fin_wanted = true;
}
