// SPDX-License-Identifier: BSD-3-Clause
#include "tests/vdev/rig.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "config/image_build.h"
#include "config/intervals.h"
#include "config/targets_build.h"
#include "tools/simnet/eal.h"

static const struct channel_geometry RIG_GEOMETRY = {
    .lanes = 2, .verdict_slots = 4096, .segment_slots = 64, .request_slots = 64};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void rig_eal(const char *lcores, const char *first_argument, const char *second_argument)
{
    const struct eal_setup setup = {.program = "sonde-test",
                                    .lcores = lcores,
                                    .main_lcore = -1,
                                    .memory_mb = 128,
                                    .more = {first_argument, second_argument}};
    cr_assert_eq(eal_start(&setup), 0);
}

static int memory_file(size_t bytes)
{
    int fd = memfd_create("rig", 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(ftruncate(fd, (off_t)bytes), 0);
    return fd;
}

static void image_init(struct rig *rig, const struct rig_plan *plan)
{
    static int32_t port_index[65536];
    struct interval_set set;
    struct targets_storage storage;
    interval_set_init(&set);
    for (int i = 0; i < RIG_ADDRESSES_MAX && plan->networks[i][1] != 0; i++)
        cr_assert_eq(interval_set_add(&set, (struct interval){plan->networks[i][0], plan->networks[i][1]}), 0);
    interval_set_seal(&set);
    cr_assert_eq(targets_build(&set, &storage), 0);
    interval_set_fini(&set);
    uint32_t ports = 0;
    while (ports < RIG_PORTS_MAX && plan->ports[ports] != 0)
        ports++;
    image_port_index(plan->ports, ports, port_index);
    struct string_table strings;
    uint32_t port_name;
    cr_assert_eq(string_table_init(&strings), 0);
    cr_assert_eq(string_table_add(&strings, plan->port_name, &port_name), 0);
    struct image_parts parts = {
        .settings = {
            .port_name = port_name,
            .seed = 4711,
            .positions = storage.targets.count * ports,
            .first_position = plan->first_position,
            .end_position = plan->end_position == 0 ? storage.targets.count * ports : plan->end_position,
            .segment_positions = plan->segment_positions == 0 ? UINT64_C(1) << 32 : plan->segment_positions,
            .port_count = ports,
            .answers = plan->answers,
            .attempts = plan->attempts == 0 ? 1 : plan->attempts,
            .attempt_gap_ns = 1000000,
            .cooldown_ns = plan->cooldown_ms * 1000000,
            .rate_pps = plan->rate_pps,
            .converse_rate_pps = 1e6,
            .host_rate_pps = plan->host_rate_pps == 0 ? 1000 : plan->host_rate_pps,
            .network_rate_pps = plan->network_rate_pps > 0 ? plan->network_rate_pps : 1e6,
            .is_vdev = 1,
            .dry_run = plan->dry_run_frames != 0,
            .dry_run_frames = plan->dry_run_frames,
            .workers = plan->workers == 0 ? 1 : plan->workers,
            .lanes = RIG_GEOMETRY.lanes,
            .worker_lcores = {0, 1},
            .source_address = RIG_SOURCE,
            .source_mac = {2, 0, 0, 0, 0, 2},
            .gateway_mac_given = 1,
            .probe_port_first = 16384,
            .probe_port_count = 8192,
            .flow_port_first = 24576,
            .flow_port_count = 4096,
        }};
    memcpy(parts.settings.gateway_mac, RIG_GATEWAY_MAC, 6);
    image_parts_targets(&parts, &storage.targets);
    static const struct attribution_edge edge = {0, 0};
    static const struct attribution nobody = {0, 0, 0};
    parts.parts[IMAGE_STRINGS] = (struct image_part){strings.bytes, strings.length};
    parts.parts[IMAGE_PORTS] = (struct image_part){plan->ports, ports};
    parts.parts[IMAGE_PORT_INDEX] = (struct image_part){port_index, 65536};
    parts.parts[IMAGE_ATTRIBUTION_EDGES] = (struct image_part){&edge, 1};
    parts.parts[IMAGE_ATTRIBUTIONS] = (struct image_part){&nobody, 1};
    rig->image_fd = memory_file(0);
    cr_assert_eq(image_write(&parts, rig->image_fd), 0);
    cr_assert_eq(image_map(rig->image_fd, &rig->image), 0);
    string_table_fini(&strings);
    targets_storage_fini(&storage);
}

void rig_init(struct rig *rig, const struct rig_plan *plan)
{
    memset(rig, 0, sizeof(*rig));
    rig->clock_error = plan->clock_error;
    image_init(rig, plan);
    rig->commands = (struct commands *)mmap(NULL, sizeof(struct commands), PROT_READ | PROT_WRITE,
                                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(rig->commands, MAP_FAILED);
    struct channel_geometry geometry = RIG_GEOMETRY;
    geometry.workers = rig->image.settings->workers;
    rig->commands->magic = COMMANDS_MAGIC;
    rig->commands->samples = plan->samples;
    rig->commands->geometry = geometry;
    memset(rig->commands->cookie_key, 0x5a, sizeof(rig->commands->cookie_key));
    double rate = plan->rate_pps > 0 ? plan->rate_pps : 1e9;
    atomic_store(&rig->commands->rate_millipps, (uint64_t)(rate * 1000));
    atomic_store(&rig->commands->scan_heartbeat_ns, now_ns());
    int up = memory_file(channel_up_bytes(&geometry));
    int down = memory_file(channel_down_bytes(&geometry));
    cr_assert_eq(channel_map(CHANNEL_DATAPLANE, &geometry, up, down, &rig->dataplane_side), 0);
    cr_assert_eq(channel_map(CHANNEL_CONTROL, &geometry, up, down, &rig->control_side), 0);
    close(up);
    close(down);
}

// The stand-in for `sonde scan`: alive until the dataplane has cooled, then it orders the end.
static void *scan_run(void *argument)
{
    struct rig *rig = (struct rig *)argument;
    uint64_t deadline = now_ns() + UINT64_C(60000000000);
    while (!atomic_load(&rig->over)) {
        atomic_store(&rig->commands->scan_heartbeat_ns, now_ns());
        if (atomic_load(&rig->commands->state) == DATAPLANE_COOLED || now_ns() > deadline)
            atomic_store(&rig->commands->order, ORDER_EXIT);
        struct timespec pause = {.tv_nsec = 2000000};
        nanosleep(&pause, NULL);
    }
    return NULL;
}

int rig_run(struct rig *rig)
{
    cr_assert_eq(pthread_create(&rig->scan, NULL, scan_run, rig), 0);
    int status = dataplane_init(&rig->dataplane, &rig->image, rig->commands, &rig->dataplane_side, rig->commands->error,
                                sizeof(rig->commands->error));
    rig->dataplane.tsc.ns_per_tick *= 1.0 + rig->clock_error;
    if (status == 0 && rig->ready != NULL)
        rig->ready(rig);
    if (status == 0)
        status = dataplane_run(&rig->dataplane, &rig->terminate);
    atomic_store(&rig->over, true);
    cr_assert_eq(pthread_join(rig->scan, NULL), 0);
    if (rig->ready == NULL)
        cr_assert_eq(rig_counter(rig, COUNTER_TEMPLATES_REPAIRED), 0, "nobody writes to the probe buffers");
    return status;
}

void rig_fini(struct rig *rig)
{
    dataplane_fini(&rig->dataplane);
    channel_unmap(&rig->dataplane_side);
    channel_unmap(&rig->control_side);
    munmap(rig->commands, sizeof(struct commands));
    image_unmap(&rig->image);
    close(rig->image_fd);
    eal_stop();
}

uint64_t rig_counter(const struct rig *rig, enum dataplane_counter counter)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < rig->image.settings->workers; i++)
        sum += atomic_load(&rig->commands->counters[i].values[counter]);
    return sum;
}
