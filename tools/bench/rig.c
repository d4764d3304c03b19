// SPDX-License-Identifier: BSD-3-Clause
#include "tools/bench/rig.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "config/image_build.h"
#include "tools/simnet/eal.h"

enum { MEMORY_MB = 192, HUGE_PAGES_WANTED = 96, SOURCE = 0x0a630002 };

static const struct channel_geometry GEOMETRY = {
    .workers = 1, .lanes = 2, .verdict_slots = 4096, .segment_slots = 1024, .request_slots = 1024};

void pause_us(long us)
{
    struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    (void)nanosleep(&pause, NULL);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

// The CPUs that this process had when it started: EAL narrows the set of its threads.
static cpu_set_t *cpus(void)
{
    static cpu_set_t set;
    if (CPU_COUNT(&set) == 0)
        (void)sched_getaffinity(0, sizeof(set), &set);
    return &set;
}

unsigned rig_cpu_first(void)
{
    unsigned cpu = 0;
    while (cpu + 1 < CPU_SETSIZE && !CPU_ISSET(cpu, cpus()))
        cpu++;
    return cpu;
}

unsigned rig_cpu_last(void)
{
    unsigned cpu = CPU_SETSIZE - 1;
    while (cpu > 0 && !CPU_ISSET(cpu, cpus()))
        cpu--;
    return cpu;
}

int rig_eal(enum rig_lcores lcores)
{
    char cores[32];
    unsigned first = rig_cpu_first();
    unsigned last = rig_cpu_last();
    if (lcores == RIG_WORKER_ALONE || first == last)
        snprintf(cores, sizeof(cores), "%u", last);
    else
        snprintf(cores, sizeof(cores), "%u,%u", first, last);
    const struct eal_setup setup = {.program = "sonde-bench",
                                    .lcores = cores,
                                    .main_lcore = (int)last,
                                    .memory_mb = MEMORY_MB,
                                    .hugepages = HUGE_PAGES_WANTED};
    return eal_start(&setup);
}

void rig_eal_end(void)
{
    eal_stop();
}

static int memory_file(size_t bytes)
{
    int fd = memfd_create("sonde-bench", MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, (off_t)bytes) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static struct image_settings settings_of(const struct rig_plan *plan)
{
    const struct ground *ground = plan->ground;
    uint64_t positions = ground->targets.targets.count * ground->port_count;
    struct image_settings settings = {
        .seed = 4711,
        .positions = positions,
        .end_position = plan->end_position == 0 ? positions : plan->end_position,
        .segment_positions = plan->segment_positions == 0 ? UINT64_C(1) << 32 : plan->segment_positions,
        .port_count = ground->port_count,
        .attempts = plan->attempts == 0 ? 1 : plan->attempts,
        .cooldown_ns = plan->cooldown_ns,
        .rate_pps = plan->rate_pps,
        .converse_rate_pps = 1e6,
        .host_rate_pps = 1000,
        .network_rate_pps = 1e6,
        .is_vdev = 1,
        .workers = 1,
        .lanes = GEOMETRY.lanes,
        .worker_lcores = {(uint16_t)rig_cpu_last()},
        .source_address = SOURCE,
        .source_mac = {2, 0, 0, 0, 0, 2},
        .gateway_mac = {2, 0, 0, 0, 0, 1},
        .gateway_mac_given = 1,
        .probe_port_first = 16384,
        .probe_port_count = 8192,
        .flow_port_first = 24576,
        .flow_port_count = 4096,
    };
    return settings;
}

static int image_make(struct rig *rig, const struct rig_plan *plan)
{
    static int32_t port_index[65536];
    static const struct attribution_edge edge = {0, 0};
    static const struct attribution nobody = {0, 0, 0};
    const struct ground *ground = plan->ground;
    struct string_table strings;
    struct image_parts parts = {.settings = settings_of(plan)};
    image_port_index(ground->ports, ground->port_count, port_index);
    int status = string_table_init(&strings);
    if (status == 0)
        status = string_table_add(&strings, plan->port_name, &parts.settings.port_name);
    if (status != 0)
        goto out;
    image_parts_targets(&parts, &ground->targets.targets);
    parts.parts[IMAGE_STRINGS] = (struct image_part){strings.bytes, strings.length};
    parts.parts[IMAGE_PORTS] = (struct image_part){ground->ports, ground->port_count};
    parts.parts[IMAGE_PORT_INDEX] = (struct image_part){port_index, 65536};
    parts.parts[IMAGE_ATTRIBUTION_EDGES] = (struct image_part){&edge, 1};
    parts.parts[IMAGE_ATTRIBUTIONS] = (struct image_part){&nobody, 1};
    rig->image_fd = memory_file(0);
    status = rig->image_fd < 0 ? -errno : image_write(&parts, rig->image_fd);
    if (status == 0)
        status = image_map(rig->image_fd, &rig->image);
out:
    string_table_fini(&strings);
    return status;
}

static int memories_make(struct rig *rig, const struct rig_plan *plan)
{
    rig->commands = (struct commands *)mmap(NULL, sizeof(struct commands), PROT_READ | PROT_WRITE,
                                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rig->commands == MAP_FAILED) {
        rig->commands = NULL;
        return -ENOMEM;
    }
    rig->commands->magic = COMMANDS_MAGIC;
    rig->commands->geometry = GEOMETRY;
    memset(rig->commands->cookie_key, 0x5a, sizeof(rig->commands->cookie_key));
    atomic_store(&rig->commands->rate_millipps, (uint64_t)(plan->rate_pps * 1000));
    atomic_store(&rig->commands->scan_heartbeat_ns, now_ns());
    if (!plan->channel)
        return 0;
    int up = memory_file(channel_up_bytes(&GEOMETRY));
    int down = memory_file(channel_down_bytes(&GEOMETRY));
    int status = up < 0 || down < 0 ? -ENOMEM : channel_map(CHANNEL_DATAPLANE, &GEOMETRY, up, down, &rig->channel);
    rig->channel_mapped = status == 0;
    if (status == 0)
        status = channel_map(CHANNEL_CONTROL, &GEOMETRY, up, down, &rig->control);
    rig->control_mapped = rig->channel_mapped && status == 0;
    if (up >= 0)
        close(up);
    if (down >= 0)
        close(down);
    return status;
}

int rig_init(struct rig *rig, const struct rig_plan *plan, struct bench_outcome *outcome)
{
    memset(rig, 0, sizeof(*rig));
    rig->image_fd = -1;
    int status = image_make(rig, plan);
    if (status == 0)
        status = memories_make(rig, plan);
    if (status != 0) {
        outcome_fail(outcome, "cannot make the plan image or the channel: %s", strerror(-status));
        return status;
    }
    status = dataplane_init(&rig->dataplane, &rig->image, rig->commands, plan->channel ? &rig->channel : NULL,
                            rig->commands->error, sizeof(rig->commands->error));
    if (status != 0)
        outcome_fail(outcome, "%.250s", rig->commands->error);
    return status;
}

static void *heart_run(void *argument)
{
    struct rig *rig = (struct rig *)argument;
    while (!atomic_load(&rig->over)) {
        atomic_store(&rig->commands->scan_heartbeat_ns, now_ns());
        pause_us(20000);
    }
    return NULL;
}

static void *watcher_run(void *argument)
{
    struct rig *rig = (struct rig *)argument;
    rig->watch(rig, rig->context);
    atomic_store(&rig->commands->order, ORDER_EXIT);
    return NULL;
}

int rig_run(struct rig *rig, void (*watch)(struct rig *rig, void *context), void *context)
{
    rig->watch = watch;
    rig->context = context;
    // Both on the CPU that the worker does not have.
    cpu_set_t other;
    pthread_attr_t attributes;
    CPU_ZERO(&other);
    CPU_SET(rig_cpu_first(), &other);
    pthread_attr_init(&attributes);
    (void)pthread_attr_setaffinity_np(&attributes, sizeof(other), &other);
    int status = pthread_create(&rig->heart, &attributes, heart_run, rig);
    if (status == 0)
        status = pthread_create(&rig->watcher, &attributes, watcher_run, rig);
    pthread_attr_destroy(&attributes);
    if (status != 0)
        return -status;
    status = dataplane_run(&rig->dataplane, &rig->terminate);
    (void)pthread_join(rig->watcher, NULL);
    atomic_store(&rig->over, true);
    (void)pthread_join(rig->heart, NULL);
    return status;
}

void rig_fini(struct rig *rig)
{
    dataplane_fini(&rig->dataplane);
    if (rig->channel_mapped)
        channel_unmap(&rig->channel);
    if (rig->control_mapped)
        channel_unmap(&rig->control);
    if (rig->commands != NULL)
        munmap(rig->commands, sizeof(struct commands));
    if (rig->image.header != NULL)
        image_unmap(&rig->image);
    if (rig->image_fd >= 0)
        close(rig->image_fd);
}

uint64_t rig_counter(const struct rig *rig, enum dataplane_counter counter)
{
    return atomic_load_explicit(&rig->commands->counters[0].values[counter], memory_order_relaxed);
}
