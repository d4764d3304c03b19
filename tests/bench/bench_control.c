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
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "config/plan/plan.h"
#include "control/converse/inquiry_dialogue.h"
#include "control/converse/lane_run.h"
#include "sonde_build.h"

enum { FIRST_ADDRESS = 0x0a000000, SERVER_ISN = 1000, CLIENT_ISN = 5000 };

static const struct channel_geometry geometry = {1, 1, 4096, 4096, 4096};

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

// One lane of control, and the other side of its channel.
struct rig {
    struct image image;
    struct channel dataplane;
    struct channel control;
    struct journal journal;
    struct sink sink;
    struct hash seen;
    struct lane_shared shared;
    struct lane *lane;
    const struct kind *kind;
    uint64_t position;
    double cpu_seconds; // of the lane's turns
};

static void die(const char *what, int error)
{
    fprintf(stderr, "bench_control: %s: %s\n", what, strerror(-error));
    exit(1);
}

static uint64_t clock_read(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void image_make(struct rig *rig)
{
    static const char text[] = "{\"targets\":[\"10.0.0.0/12\"],\"allow_reserved\":[\"10.0.0.0/8\"],"
                               "\"services\":[22,80],\"rate\":\"1 kpps\",\"converse_rate\":\"1 Gpps\","
                               "\"max_open\":1000000,\"contact\":\"bench@example.org\"}";
    const struct plan_runtime runtime = {.scan = "bench", .source_address = 0x0b000001, .lanes = 1, .workers = 1};
    struct complaint complaint = {""};
    struct plan *plan;
    char path[64];
    int plan_fd = memfd_create("plan", MFD_CLOEXEC);
    int image_fd = memfd_create("image", MFD_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", plan_fd);
    const struct plan_files files = {path, SOURCE_ROOT "/config", "/nonexistent"};
    if (write(plan_fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1 ||
        plan_load(&files, PLAN_NEED_TARGETS, &plan, &complaint) != 0) {
        fprintf(stderr, "bench_control: %s\n", complaint.text);
        exit(1);
    }
    int error = plan_compile(plan, &runtime, image_fd);
    if (error == 0)
        error = image_map(image_fd, &rig->image);
    if (error != 0)
        die("plan image", error);
    plan_free(plan);
    close(plan_fd);
    close(image_fd);
}

static int file_new(void)
{
    char path[] = "/tmp/bench_control.XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || unlink(path) != 0)
        die(path, -errno);
    return fd;
}

static void rig_init(struct rig *rig, const struct kind *kind)
{
    uint64_t cut = 0;
    int up = memfd_create("up", MFD_CLOEXEC);
    int down = memfd_create("down", MFD_CLOEXEC);
    *rig = (struct rig){.kind = kind};
    image_make(rig);
    int error = ftruncate(up, (off_t)channel_up_bytes(&geometry)) != 0 ? -errno : 0;
    error = error == 0 && ftruncate(down, (off_t)channel_down_bytes(&geometry)) != 0 ? -errno : error;
    error = error != 0 ? error : channel_map(CHANNEL_DATAPLANE, &geometry, up, down, &rig->dataplane);
    error = error != 0 ? error : channel_map(CHANNEL_CONTROL, &geometry, up, down, &rig->control);
    error = error != 0 ? error : journal_init(&rig->journal, file_new(), 1, false);
    error = error != 0 ? error : sink_init(&rig->sink, file_new(), &cut);
    error = error != 0 ? error : hash_init(&rig->seen, 0);
    if (error != 0)
        die("cannot set up", error);
    rig->shared = (struct lane_shared){.image = &rig->image,
                                       .channel = &rig->control,
                                       .journal = &rig->journal,
                                       .sink = &rig->sink,
                                       .seen = &rig->seen,
                                       .flow_ops = &inquiry_flow_ops,
                                       .user_agent = "sonde/bench"};
    rig->lane = aligned_alloc(64, sizeof(*rig->lane));
    error = rig->lane == NULL ? -ENOMEM : lane_init(rig->lane, &rig->shared, 0);
    if (error != 0)
        die("lane", error);
    close(up);
    close(down);
}

static void rig_fini(struct rig *rig)
{
    lane_fini(rig->lane);
    free(rig->lane);
    hash_fini(&rig->seen);
    close(rig->journal.fd);
    close(rig->sink.fd);
    journal_fini(&rig->journal);
    sink_fini(&rig->sink);
    channel_unmap(&rig->control);
    channel_unmap(&rig->dataplane);
    image_unmap(&rig->image);
}

// The next `count` positions answer, as far as there is room for verdicts.
static void servers_accept(struct rig *rig, uint64_t count)
{
    struct ring *ring = &channel_pair(&rig->dataplane, 0, 0)->verdicts;
    uint64_t room = ring_free(ring, count);
    uint64_t now_ns = clock_read(CLOCK_MONOTONIC);
    count = count < room ? count : room;
    for (uint64_t i = 0; i < count; i++) {
        const struct verdict verdict = {.position = rig->position,
                                        .stamp_ns = now_ns,
                                        .address = (uint32_t)(FIRST_ADDRESS + rig->position % (1 << 20)),
                                        .remote_seq = SERVER_ISN,
                                        .local_isn = CLIENT_ISN,
                                        .remote_port = rig->kind->port,
                                        .local_port = (uint16_t)(40000 + rig->position % 8192),
                                        .window = 64240,
                                        .mss = 1460};
        memcpy(ring_slot_ahead(ring, i), &verdict, sizeof(verdict));
        rig->position++;
    }
    ring_advance(ring, count);
}

static void server_say(struct rig *rig, const struct segment *to, uint32_t seq, uint8_t flags, const char *data)
{
    struct ring *ring = &channel_pair(&rig->dataplane, 0, 0)->segments;
    size_t length = data == NULL ? 0 : strlen(data);
    if (ring_free(ring, 1) == 0)
        return; // it is retransmitted, and that is seen in the result
    struct segment *segment = ring_slot_ahead(ring, 0);
    uint32_t taken = to->payload_length + (to->flags & TCP_FIN ? 1U : 0U);
    segment->stamp_ns = 0;
    segment->address = to->address;
    segment->seq = seq;
    segment->ack = to->seq + taken;
    segment->remote_port = to->remote_port;
    segment->local_port = to->local_port;
    segment->window = 64240;
    segment->mss = 0;
    segment->payload_length = (uint16_t)length;
    segment->flags = (uint8_t)(TCP_ACK | flags);
    if (length > 0)
        memcpy(segment->payload, data, length);
    ring_advance(ring, 1);
}

// A server answers the first words with an acknowledgement, its own and FIN, as kernels do, and what follows with an
// acknowledgement. All it must know of the connection is in the numbers of each segment.
static void servers_turn(struct rig *rig)
{
    struct ring *ring = &channel_pair(&rig->dataplane, 0, 0)->requests;
    const char *says = rig->kind->says;
    uint32_t end = SERVER_ISN + 1 + (uint32_t)(says == NULL ? 0 : strlen(says));
    uint64_t ready = ring_ready(ring, geometry.request_slots);
    for (uint64_t i = 0; i < ready; i++) {
        const struct segment *request = ring_slot(ring, i);
        bool first = request->payload_length > 0 && request->seq == CLIENT_ISN + 1;
        if (request->flags & TCP_RST)
            continue;
        if (first)
            server_say(rig, request, SERVER_ISN + 1, 0, NULL);
        else if (request->payload_length > 0 || (request->flags & TCP_FIN))
            server_say(rig, request, end + (says == NULL ? 0 : 1), 0, NULL);
        if (first && says != NULL) {
            server_say(rig, request, SERVER_ISN + 1, TCP_PSH, says);
            server_say(rig, request, end, TCP_FIN, NULL);
        }
    }
    ring_advance(ring, ready);
}

static size_t lane_timed_turn(struct rig *rig)
{
    uint64_t began_ns = clock_read(CLOCK_THREAD_CPUTIME_ID);
    size_t work = lane_turn(rig->lane, clock_read(CLOCK_MONOTONIC));
    rig->cpu_seconds += (double)(clock_read(CLOCK_THREAD_CPUTIME_ID) - began_ns) / 1e9;
    return work;
}

// Until all are recorded and closed, with at most `open` at once.
static void rig_converse(struct rig *rig, uint64_t conversations, uint64_t open)
{
    uint64_t end_ns = clock_read(CLOCK_MONOTONIC) + UINT64_C(120000000000);
    while (rig->lane->counters[CONTROL_RECORDS] < conversations || rig->lane->pool.used > 0) {
        uint64_t under_way = rig->position - rig->lane->counters[CONTROL_RECORDS] - rig->lane->batch->count;
        uint64_t left = conversations - rig->position;
        uint64_t room = under_way < open ? open - under_way : 0;
        servers_accept(rig, left < room ? left : room);
        (void)lane_timed_turn(rig);
        servers_turn(rig);
        if (clock_read(CLOCK_MONOTONIC) > end_ns)
            die("no end within 120 s", -ETIMEDOUT);
    }
}

static double resident_mb(void)
{
    char line[256];
    double kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof(line), status) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtod(line + 6, NULL);
    if (status != NULL)
        fclose(status);
    return kib * 1024 / 1e6;
}

static void bench_kind(const struct kind *kind, uint64_t conversations, uint64_t open, bool last)
{
    struct rig rig;
    rig_init(&rig, kind);
    rig_converse(&rig, conversations, open);
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
    rig_fini(&rig);
}

static void *lane_thread(void *lane)
{
    lane_run(lane);
    return NULL;
}

// What the lane costs when it has time to sleep. Bursts are small then, and most turns find nothing.
static void bench_pace(uint64_t pace)
{
    struct rig rig;
    rig_init(&rig, &kinds[0]);
    clockid_t clock;
    uint64_t began_ns = clock_read(CLOCK_MONOTONIC);
    uint64_t conversations = pace * 2;
    if (pthread_create(&rig.lane->thread, NULL, lane_thread, rig.lane) != 0 ||
        pthread_getcpuclockid(rig.lane->thread, &clock) != 0)
        die("thread", -EAGAIN);
    const _Atomic uint64_t *records = &rig.dataplane.down->counters[CONTROL_RECORDS];
    while (atomic_load(records) < conversations) {
        uint64_t due = (uint64_t)((double)(clock_read(CLOCK_MONOTONIC) - began_ns) / 1e9 * (double)pace);
        due = due < conversations ? due : conversations;
        servers_accept(&rig, due - rig.position);
        servers_turn(&rig);
        const struct timespec pause = {.tv_nsec = 20000};
        nanosleep(&pause, NULL);
        if (clock_read(CLOCK_MONOTONIC) - began_ns > UINT64_C(60000000000))
            die("no end within 60 s", -ETIMEDOUT);
    }
    double us = (double)clock_read(clock) / 1e3;
    double wall_us = (double)(clock_read(CLOCK_MONOTONIC) - began_ns) / 1e3;
    atomic_store(&rig.dataplane.up->phase, CHANNEL_COOLED);
    while (atomic_load(&rig.dataplane.down->counters[CONTROL_FLOWS_OPEN]) > 0)
        servers_turn(&rig);
    pthread_join(rig.lane->thread, NULL);
    fprintf(stderr, "%-6s %10lu conversations/s offered %7.2f us of CPU each, %4.1f %% of one core\n", kinds[0].name,
            pace, us / (double)conversations, 100 * us / wall_us);
    printf("\"paced\":{\"per_second\":%lu,\"us_each\":%.3f,\"core_share\":%.4f},", pace, us / (double)conversations,
           us / wall_us);
    rig_fini(&rig);
}

// As many connections at once, each with its request acknowledged and its answer awaited.
static void bench_flows(uint64_t flows)
{
    struct rig rig;
    rig_init(&rig, &mute);
    double before = resident_mb();
    uint64_t end_ns = clock_read(CLOCK_MONOTONIC) + UINT64_C(60000000000);
    // Servers that never answer would never widen the window.
    rig.lane->admission.window = (double)flows;
    while (rig.position < flows || rig.lane->counters[CONTROL_SEGMENTS_IN] < flows) {
        if (clock_read(CLOCK_MONOTONIC) > end_ns)
            die("not open within 60 s", -ETIMEDOUT);
        servers_accept(&rig, flows - rig.position);
        (void)lane_timed_turn(&rig);
        servers_turn(&rig);
    }
    double after = resident_mb();
    uint64_t open = rig.lane->by_tuple.count;
    fprintf(stderr, "%lu flows open at once: VmRSS %.0f MB of the whole process, %.0f bytes a flow\n", open, after,
            (after - before) * 1e6 / (double)flows);
    printf("\"flows\":{\"open\":%lu,\"rss_mb\":%.1f,\"bytes_each\":%.0f},", open, after,
           (after - before) * 1e6 / (double)flows);
    if (open != flows)
        die("not all are open", -EPROTO);
    rig_fini(&rig);
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
    printf("\"rss_mb\":%.1f}\n", resident_mb());
    return 0;
}
