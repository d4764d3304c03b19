// SPDX-License-Identifier: BSD-3-Clause
#include "tools/bench/lane_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "config/plan/plan.h"
#include "control/converse/inquiry_dialogue.h"
#include "control/converse/lane_run.h"

#define FIRST_ADDRESS UINT32_C(0x0a000000)
#define LIMIT_NS      UINT64_C(120000000000)
#define IDLE_NS       UINT64_C(1000000)

static const struct channel_geometry geometry = {1, 1, 4096, 4096, 4096};

uint64_t lane_rig_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int image_make(struct lane_rig *rig, char error[static 256])
{
    const struct plan_runtime runtime = {.scan = "bench", .source_address = LANE_RIG_SOURCE, .lanes = 1, .workers = 1};
    struct complaint complaint = {""};
    struct plan *plan;
    char path[64];
    int plan_fd = memfd_create("plan", MFD_CLOEXEC);
    int image_fd = memfd_create("image", MFD_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", plan_fd);
    const struct plan_files files = {.plan = path, .catalogues = rig->setup.catalogues, .exclusions = "/nonexistent"};
    size_t length = strlen(rig->setup.plan);
    int status = write(plan_fd, rig->setup.plan, length) == (ssize_t)length ? 0 : -EIO;
    if (status == 0)
        status = plan_load(&files, PLAN_NEED_TARGETS, &plan, &complaint);
    if (status != 0) {
        snprintf(error, 256, "the rig's plan: %.200s", complaint.text);
    } else {
        status = plan_compile(plan, &runtime, image_fd);
        if (status == 0)
            status = image_map(image_fd, &rig->image);
        plan_free(plan);
    }
    close(plan_fd);
    close(image_fd);
    return status;
}

static int file_new(void)
{
    char path[] = "/tmp/sonde-bench.XXXXXX";
    int fd = mkstemp(path);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

static int channels_map(struct lane_rig *rig)
{
    int up = memfd_create("up", MFD_CLOEXEC);
    int down = memfd_create("down", MFD_CLOEXEC);
    int error = ftruncate(up, (off_t)channel_up_bytes(&geometry)) != 0 ? -errno : 0;
    error = error == 0 && ftruncate(down, (off_t)channel_down_bytes(&geometry)) != 0 ? -errno : error;
    error = error != 0 ? error : channel_map(CHANNEL_DATAPLANE, &geometry, up, down, &rig->dataplane);
    error = error != 0 ? error : channel_map(CHANNEL_CONTROL, &geometry, up, down, &rig->control);
    close(up);
    close(down);
    return error;
}

int lane_rig_init(struct lane_rig *rig, const struct lane_rig_setup *setup, char error[static 256])
{
    uint64_t cut = 0;
    *rig = (struct lane_rig){.setup = *setup};
    snprintf(error, 256, "the rig: no memory or files");
    int status = image_make(rig, error);
    status = status != 0 ? status : channels_map(rig);
    status = status != 0 ? status : journal_init(&rig->journal, file_new(), 1, false);
    status = status != 0 ? status : sink_init(&rig->sink, file_new(), &cut);
    status = status != 0 ? status : hash_init(&rig->seen, 0);
    if (status != 0)
        return status;
    rig->shared = (struct lane_shared){.image = &rig->image,
                                       .channel = &rig->control,
                                       .journal = &rig->journal,
                                       .sink = &rig->sink,
                                       .seen = &rig->seen,
                                       .flow_ops = &inquiry_flow_ops,
                                       .user_agent = "sonde/bench"};
    rig->now_ns = lane_rig_clock(CLOCK_MONOTONIC);
    rig->worked_ns = lane_rig_clock(CLOCK_THREAD_CPUTIME_ID);
    struct lane *lane = aligned_alloc(64, sizeof(*lane));
    status = lane == NULL ? -ENOMEM : lane_init(lane, &rig->shared, 0);
    if (status != 0) {
        free(lane);
        return status;
    }
    rig->lane = lane;
    return 0;
}

void lane_rig_fini(struct lane_rig *rig)
{
    if (rig->lane == NULL)
        return;
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
    rig->lane = NULL;
}

void lane_rig_accept(struct lane_rig *rig, uint64_t count)
{
    struct ring *ring = &channel_pair(&rig->dataplane, 0, 0)->verdicts;
    uint64_t room = ring_free(ring, count);
    uint64_t now_ns = rig->setup.real_time ? lane_rig_clock(CLOCK_MONOTONIC) : rig->now_ns;
    count = count < room ? count : room;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t address = FIRST_ADDRESS + (uint32_t)(rig->position % LANE_RIG_ADDRESSES);
        const struct verdict verdict = {.position = rig->position,
                                        .stamp_ns = now_ns,
                                        .address = address,
                                        .remote_seq = rig->setup.isn(address),
                                        .local_isn = LANE_RIG_CLIENT_ISN,
                                        .remote_port = rig->setup.port,
                                        .local_port = (uint16_t)(40000 + rig->position % 8192),
                                        .window = LANE_RIG_WINDOW,
                                        .mss = LANE_RIG_MSS};
        memcpy(ring_slot_ahead(ring, i), &verdict, sizeof(verdict));
        rig->position++;
    }
    ring_advance(ring, count);
}

void lane_rig_say(struct lane_rig *rig, const struct segment *to, const struct lane_rig_words *words)
{
    struct ring *ring = &channel_pair(&rig->dataplane, 0, 0)->segments;
    if (ring_free(ring, 1) == 0 || words->length > CHANNEL_PAYLOAD_MAX)
        return;
    struct segment *segment = ring_slot_ahead(ring, 0);
    segment->stamp_ns = 0;
    segment->address = to->address;
    segment->seq = words->seq;
    segment->ack = words->ack;
    segment->remote_port = to->remote_port;
    segment->local_port = to->local_port;
    segment->window = LANE_RIG_WINDOW;
    segment->mss = words->flags & TCP_SYN ? LANE_RIG_MSS : 0;
    segment->payload_length = (uint16_t)words->length;
    segment->flags = words->flags;
    if (words->length > 0)
        memcpy(segment->payload, words->data, words->length);
    ring_advance(ring, 1);
}

size_t lane_rig_turn(struct lane_rig *rig)
{
    uint64_t began_ns = lane_rig_clock(CLOCK_THREAD_CPUTIME_ID);
    rig->now_ns += (began_ns - rig->worked_ns) / (rig->slower == 0 ? 1 : rig->slower);
    rig->worked_ns = began_ns;
    size_t work = lane_turn(rig->lane, rig->now_ns);
    if (work > 0)
        rig->cpu_seconds += (double)(lane_rig_clock(CLOCK_THREAD_CPUTIME_ID) - began_ns) / 1e9;
    return work;
}

void lane_rig_idle(struct lane_rig *rig)
{
    rig->now_ns += IDLE_NS;
}

uint64_t lane_rig_serve(struct lane_rig *rig)
{
    struct ring *ring = &channel_pair(&rig->dataplane, 0, 0)->requests;
    uint64_t ready = ring_ready(ring, geometry.request_slots);
    if (ready == 0)
        return 0;
    uint64_t began_ns = lane_rig_clock(CLOCK_THREAD_CPUTIME_ID);
    for (uint64_t i = 0; i < ready; i++)
        rig->setup.hear(rig, ring_slot(ring, i));
    ring_advance(ring, ready);
    rig->served_seconds += (double)(lane_rig_clock(CLOCK_THREAD_CPUTIME_ID) - began_ns) / 1e9;
    return ready;
}

int lane_rig_converse(struct lane_rig *rig, uint64_t conversations, uint64_t open, double seconds)
{
    uint64_t end_ns = lane_rig_clock(CLOCK_MONOTONIC) + LIMIT_NS;
    while (rig->lane->counters[CONTROL_RECORDS] < conversations || rig->lane->pool.used > 0) {
        uint64_t under_way = rig->position - rig->lane->counters[CONTROL_RECORDS] - rig->lane->batch->count;
        if (seconds > 0 && rig->cpu_seconds > seconds)
            conversations = rig->position;
        uint64_t left = conversations - rig->position;
        uint64_t room = under_way < open ? open - under_way : 0;
        lane_rig_accept(rig, left < room ? left : room);
        size_t work = lane_rig_turn(rig);
        if (lane_rig_serve(rig) + work == 0)
            lane_rig_idle(rig);
        if (lane_rig_clock(CLOCK_MONOTONIC) > end_ns)
            return -ETIMEDOUT;
    }
    return 0;
}

double lane_rig_resident(void)
{
    char line[256];
    double kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof(line), status) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtod(line + 6, NULL);
    if (status != NULL)
        fclose(status);
    return kib * 1024;
}
