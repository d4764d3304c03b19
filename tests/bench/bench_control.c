// SPDX-License-Identifier: BSD-3-Clause
// What a conversation costs sonde-control on one core, from verdict to record: TCP, hello, parsing, classification by
// the real catalogues, record and journal into unlinked files. One lane and its servers take turns on one thread; only
// the lane's turns are timed, by the thread's CPU clock. The servers keep no state, so their cost does not matter and
// any number can be open at once. Prints a table and one JSON object.
//
// usage: bench_control [--conversations N] [--open N] [--pace N] [--flows N]
//   --conversations  how many to hold (200000), --open how many at once (1024), for each kind of server
//   --pace           then so many a second of the first kind for two seconds, with the lane running by itself on a
//   thread
//                    of its own, idling included (0: not at all)
//   --flows          afterwards, how many to hold open at once with servers that never answer (0: not at all)

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/converse/lane_run.h"
#include "sonde_build.h"
#include "tools/bench/lane_rig.h"

enum { SERVER_ISN = 1000 };

// A kind of server: what it says to the client's first words, before it closes.
struct kind {
    const char *name;
    uint16_t port;
    const char *says; // NULL: it acknowledges, and says nothing
};

static const struct kind kinds[] = {
    {"http", 80,
     "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 20:00:00 GMT\r\nContent-Type: text/html\r\n"
     "Content-Length: 615\r\nLast-Modified: Tue, 04 Dec 2018 14:44:49 GMT\r\nConnection: close\r\nETag: "
     "\"5c0692e1\"\r\n"
     "Accept-Ranges: bytes\r\n\r\n<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n<style>\nbody {\n"
     "width: 35em;\nmargin: 0 auto;\nfont-family: Tahoma, Verdana, Arial, sans-serif;\n}\n</style>\n</head>\n<body>\n"
     "<h1>Welcome to nginx!</h1>\n<p>If you see this page, the nginx web server is successfully installed and\n"
     "working. Further configuration is required.</p>\n"},
    {"ssh", 22, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"},
};

static const struct kind mute = {"mute", 80, NULL};

static void die(const char *what, int error)
{
    fprintf(stderr, "bench_control: %s: %s\n", what, strerror(-error));
    exit(1);
}

static uint32_t server_isn(uint32_t address)
{
    (void)address;
    return SERVER_ISN;
}

static void server_say(struct lane_rig *rig, const struct segment *to, uint32_t seq, uint8_t flags, const char *data)
{
    uint32_t taken = to->payload_length + (to->flags & TCP_FIN ? 1U : 0U);
    const struct lane_rig_words words = {.seq = seq,
                                         .ack = to->seq + taken,
                                         .flags = (uint8_t)(TCP_ACK | flags),
                                         .data = data,
                                         .length = data == NULL ? 0 : strlen(data)};
    lane_rig_say(rig, to, &words);
}

// A server answers the first words with an acknowledgement, its own and FIN, as kernels do, and what follows with an
// acknowledgement. All it must know of the connection is in the numbers of each segment.
static void server_hear(struct lane_rig *rig, const struct segment *request)
{
    const char *says = ((const struct kind *)rig->setup.context)->says;
    uint32_t end = SERVER_ISN + 1 + (uint32_t)(says == NULL ? 0 : strlen(says));
    bool first = request->payload_length > 0 && request->seq == LANE_RIG_CLIENT_ISN + 1;
    if (request->flags & TCP_RST)
        return;
    if (first)
        server_say(rig, request, SERVER_ISN + 1, 0, NULL);
    else if (request->payload_length > 0 || (request->flags & TCP_FIN))
        server_say(rig, request, end + (says == NULL ? 0 : 1), 0, NULL);
    if (first && says != NULL) {
        server_say(rig, request, SERVER_ISN + 1, TCP_PSH, says);
        server_say(rig, request, end, TCP_FIN, NULL);
    }
}

static void rig_init(struct lane_rig *rig, const struct kind *kind, bool real_time)
{
    static const char text[] = "{\"targets\":[\"10.0.0.0/12\"],\"allow_reserved\":[\"10.0.0.0/8\"],"
                               "\"services\":[22,80],\"rate\":\"1 kpps\",\"converse_rate\":\"1 Gpps\","
                               "\"max_open\":1000000,\"contact\":\"bench@example.org\"}";
    const struct lane_rig_setup setup = {.plan = text,
                                         .catalogues = SOURCE_ROOT "/config",
                                         .port = kind->port,
                                         .real_time = real_time,
                                         .isn = server_isn,
                                         .hear = server_hear,
                                         .context = (void *)(uintptr_t)kind};
    char text_of_error[256];
    int error = lane_rig_init(rig, &setup, text_of_error);
    if (error != 0)
        die(text_of_error, error);
}

static void bench_kind(const struct kind *kind, uint64_t conversations, uint64_t open, bool last)
{
    struct lane_rig rig;
    rig_init(&rig, kind, false);
    int error = lane_rig_converse(&rig, conversations, open, 0);
    if (error != 0)
        die("no end within 120 s", error);
    const uint64_t *counters = rig.lane->counters;
    double each_us = rig.cpu_seconds * 1e6 / (double)conversations;
    fprintf(stderr, "%-6s %10.0f conversations/s/core %8.2f us each %6.1f segments each %6.0f bytes a record\n",
            kind->name, 1e6 / each_us, each_us,
            (double)(counters[CONTROL_SEGMENTS_IN] + counters[CONTROL_SEGMENTS_OUT]) / (double)conversations,
            (double)counters[CONTROL_RECORD_BYTES] / (double)conversations);
    printf("{\"kind\":\"%s\",\"conversations\":%lu,\"open\":%lu,\"per_second_per_core\":%.0f,\"us_each\":%.3f,"
           "\"complete\":%lu,\"partial\":%lu,\"retransmissions\":%lu}%s",
           kind->name, conversations, open, 1e6 / each_us, each_us, counters[CONTROL_COMPLETE],
           counters[CONTROL_PARTIAL], counters[CONTROL_RETRANSMISSIONS], last ? "" : ",");
    if (counters[CONTROL_COMPLETE] + counters[CONTROL_PARTIAL] != conversations)
        die("not all were understood", -EPROTO);
    lane_rig_fini(&rig);
}

static void *lane_thread(void *lane)
{
    lane_run(lane);
    return NULL;
}

// What the lane costs when it has time to sleep. Bursts are small then, and most turns find nothing.
static void bench_pace(uint64_t pace)
{
    struct lane_rig rig;
    rig_init(&rig, &kinds[0], true);
    clockid_t clock;
    uint64_t began_ns = lane_rig_clock(CLOCK_MONOTONIC);
    uint64_t conversations = pace * 2;
    if (pthread_create(&rig.lane->thread, NULL, lane_thread, rig.lane) != 0 ||
        pthread_getcpuclockid(rig.lane->thread, &clock) != 0)
        die("thread", -EAGAIN);
    const _Atomic uint64_t *records = &rig.dataplane.down->counters[CONTROL_RECORDS];
    while (atomic_load(records) < conversations) {
        uint64_t due = (uint64_t)((double)(lane_rig_clock(CLOCK_MONOTONIC) - began_ns) / 1e9 * (double)pace);
        due = due < conversations ? due : conversations;
        lane_rig_accept(&rig, due - rig.position);
        lane_rig_serve(&rig);
        const struct timespec pause = {.tv_nsec = 20000};
        nanosleep(&pause, NULL);
        if (lane_rig_clock(CLOCK_MONOTONIC) - began_ns > UINT64_C(60000000000))
            die("no end within 60 s", -ETIMEDOUT);
    }
    double us = (double)lane_rig_clock(clock) / 1e3;
    double wall_us = (double)(lane_rig_clock(CLOCK_MONOTONIC) - began_ns) / 1e3;
    atomic_store(&rig.dataplane.up->phase, CHANNEL_COOLED);
    while (atomic_load(&rig.dataplane.down->counters[CONTROL_FLOWS_OPEN]) > 0)
        lane_rig_serve(&rig);
    pthread_join(rig.lane->thread, NULL);
    fprintf(stderr, "%-6s %10lu conversations/s offered %7.2f us of CPU each, %4.1f %% of one core\n", kinds[0].name,
            pace, us / (double)conversations, 100 * us / wall_us);
    printf("\"paced\":{\"per_second\":%lu,\"us_each\":%.3f,\"core_share\":%.4f},", pace, us / (double)conversations,
           us / wall_us);
    lane_rig_fini(&rig);
}

// As many connections at once, each with its request acknowledged and its answer awaited.
static void bench_flows(uint64_t flows)
{
    struct lane_rig rig;
    rig_init(&rig, &mute, false);
    double before = lane_rig_resident() / 1e6;
    uint64_t end_ns = lane_rig_clock(CLOCK_MONOTONIC) + UINT64_C(60000000000);
    // Servers that never answer would never widen the window.
    rig.lane->admission.window = (double)flows;
    while (rig.position < flows || rig.lane->counters[CONTROL_SEGMENTS_IN] < flows) {
        if (lane_rig_clock(CLOCK_MONOTONIC) > end_ns)
            die("not open within 60 s", -ETIMEDOUT);
        lane_rig_accept(&rig, flows - rig.position);
        (void)lane_rig_turn(&rig);
        lane_rig_serve(&rig);
    }
    double after = lane_rig_resident() / 1e6;
    uint64_t open = rig.lane->by_tuple.count;
    fprintf(stderr, "%lu flows open at once: VmRSS %.0f MB of the whole process, %.0f bytes a flow\n", open, after,
            (after - before) * 1e6 / (double)flows);
    printf("\"flows\":{\"open\":%lu,\"rss_mb\":%.1f,\"bytes_each\":%.0f},", open, after,
           (after - before) * 1e6 / (double)flows);
    if (open != flows)
        die("not all are open", -EPROTO);
    lane_rig_fini(&rig);
}

int main(int argc, char **argv)
{
    uint64_t conversations = 200000;
    uint64_t open = 1024;
    uint64_t pace = 0;
    uint64_t flows = 0;
    for (int i = 1; i < argc; i += 2) {
        uint64_t value = i + 1 < argc ? strtoull(argv[i + 1], NULL, 10) : 0;
        if (strcmp(argv[i], "--conversations") == 0 && value > 0)
            conversations = value;
        else if (strcmp(argv[i], "--open") == 0 && value > 0)
            open = value;
        else if (strcmp(argv[i], "--pace") == 0 && value > 0)
            pace = value;
        else if (strcmp(argv[i], "--flows") == 0 && value > 0)
            flows = value;
        else
            return fprintf(stderr, "usage: %s [--conversations N] [--open N] [--pace N] [--flows N]\n", argv[0]), 2;
    }
    printf("{\"bench\":\"control\",\"version\":\"" SONDE_VERSION "\",\"kinds\":[");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        bench_kind(&kinds[i], conversations, open, i + 1 == sizeof(kinds) / sizeof(kinds[0]));
    printf("],");
    if (pace > 0)
        bench_pace(pace);
    if (flows > 0)
        bench_flows(flows);
    printf("\"rss_mb\":%.1f}\n", lane_rig_resident() / 1e6);
    return 0;
}
