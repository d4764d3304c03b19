// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/dataplane.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_version.h>

#include "dataplane/housekeeping.h"
#include "dataplane/neighbour.h"
#include "dataplane/channel/clock.h"
#include "dataplane/worker.h"

// For control, which tells the time by the same clock.
static void epoch_tell(const struct dataplane *dataplane)
{
    if (dataplane->channel == NULL)
        return;
    struct channel_up_header *up = dataplane->channel->up;
    up->geometry = dataplane->channel->geometry;
    up->tsc_hz = dataplane->tsc.hz;
    up->epoch_tsc = dataplane->tsc.epoch;
    up->epoch_ns = dataplane->tsc.epoch_ns;
    up->magic = CHANNEL_MAGIC;
}

static bool mac_given(const uint8_t mac[6])
{
    static const uint8_t none[6] = {0};
    return memcmp(mac, none, sizeof(none)) != 0;
}

static int link_init(struct dataplane *dataplane, char *error, size_t error_bytes)
{
    const struct image_settings *settings = dataplane->image->settings;
    struct probe_link *link = &dataplane->link;
    link->vlan = settings->vlan;
    link->vlan_given = settings->vlan_given != 0;
    memcpy(link->source_mac, mac_given(settings->source_mac) ? settings->source_mac : dataplane->port.mac, 6);
    memcpy(link->gateway_mac, settings->gateway_mac, 6);
    if (settings->gateway_mac_given || dataplane->image->hop_count > 0)
        return 0;
    uint8_t mac[6];
    int status = neighbour_resolve(&dataplane->port, link, settings->source_address, settings->gateway_address, mac,
                                   error, error_bytes);
    if (status == 0)
        memcpy(link->gateway_mac, mac, 6);
    return status;
}

static int probe_init(struct dataplane *dataplane)
{
    const struct image *image = dataplane->image;
    const struct image_settings *settings = image->settings;
    int status = cookie_key_init(&dataplane->cookie, dataplane->commands->cookie_key, settings->source_address,
                                 settings->probe_port_first, settings->probe_port_count);
    if (status != 0)
        return status;
    status = tables_init(&dataplane->tables, &image->targets);
    if (status == 0)
        status = listing_init(&dataplane->listing, &image->listed, &image->targets);
    if (status != 0)
        return status;
    probe_template_init(&dataplane->probe, &dataplane->link, settings->source_address,
                        (enum probe_profile)settings->profile);
    dataplane->probe.each_addressed = image->hop_count > 0;
    dataplane->sources = (struct sources){.first = settings->source_address,
                                          .count = settings->source_count > 1 ? settings->source_count : 1};
    dataplane->probe.each_sourced = dataplane->sources.count > 1;
    return probe_plan_init(&dataplane->plan, &dataplane->tables.targets, image->ports, image->port_index,
                           settings->port_count, settings->seed, &dataplane->cookie, &dataplane->probe);
}

// The sweep begins where an earlier one ended, and answers to the segment before still count.
static void segments_init(struct dataplane *dataplane)
{
    const struct image_settings *settings = dataplane->image->settings;
    const struct sweep_settings sweep = {.first_position = settings->first_position,
                                         .end_position = settings->end_position,
                                         .segment_positions = settings->segment_positions,
                                         .attempts = settings->attempts};
    uint32_t segment = sweep_step_segment(&sweep, dataplane->samples != NULL, dataplane->commands->resume_step);
    atomic_store_explicit(&dataplane->segment_open, segment, memory_order_relaxed);
    atomic_store_explicit(&dataplane->segment_floor, segment > 0 ? segment - 1 : 0, memory_order_relaxed);
}

static int samples_init(struct dataplane *dataplane)
{
    const struct image_settings *settings = dataplane->image->settings;
    if (dataplane->commands->samples != 0) {
        uint64_t positions = settings->end_position - settings->first_position;
        int status = coverage_init(&dataplane->coverage, settings->seed,
                                   positions < settings->segment_positions ? positions : settings->segment_positions);
        if (status != 0)
            return status;
        dataplane->samples = &dataplane->coverage;
    }
    segments_init(dataplane);
    return 0;
}

void dataplane_restore(struct dataplane *dataplane, const uint64_t *positions, size_t count)
{
    const struct answered *answered = &dataplane->answered;
    uint32_t floor = atomic_load_explicit(&dataplane->segment_floor, memory_order_relaxed);
    uint32_t open = atomic_load_explicit(&dataplane->segment_open, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        if (positions[i] < answered->first_position || positions[i] >= answered->end_position)
            continue;
        uint64_t rest = positions[i] - answered->first_position;
        uint64_t segment = rest / answered->segment_positions;
        if (segment >= floor && segment <= open)
            (void)answered_set(answered, (uint32_t)segment, rest % answered->segment_positions);
    }
}

void dataplane_trace(struct dataplane *dataplane, const struct trace *trace)
{
    for (uint32_t i = 0; i < dataplane->worker_count && i < trace->workers; i++)
        dataplane->workers[i]->trace = trace->rings[i];
}

static int workers_new(struct dataplane *dataplane)
{
    for (uint32_t i = 0; i < dataplane->worker_count; i++) {
        dataplane->workers[i] = worker_new(dataplane, i);
        if (dataplane->workers[i] == NULL)
            return -ENOMEM;
    }
    return 0;
}

static void told_init(const struct dataplane *dataplane)
{
    struct commands *commands = dataplane->commands;
    snprintf(commands->dpdk_version, sizeof(commands->dpdk_version), "%s", rte_version());
    snprintf(commands->port_name, sizeof(commands->port_name), "%s", dataplane->port.name);
    memcpy(commands->source_mac, dataplane->link.source_mac, 6);
    memcpy(commands->gateway_mac, dataplane->link.gateway_mac, 6);
    snprintf(commands->checksum_offload, sizeof(commands->checksum_offload), "%s%s%s",
             dataplane->port.rx_ip_checksum ? "ip" : "",
             dataplane->port.rx_ip_checksum && dataplane->port.rx_tcp_checksum ? "+" : "",
             dataplane->port.rx_tcp_checksum  ? "tcp"
             : dataplane->port.rx_ip_checksum ? ""
                                              : "none");
}

static void beat(void *context)
{
    housekeeping_beat((struct dataplane *)context, clock_ns());
}

// Last of all: from the first beat on, somebody waits for the next.
static int neighbours_find(struct dataplane *dataplane, char *error, size_t error_bytes)
{
    const struct neighbours_means means = {.image = dataplane->image,
                                           .port = &dataplane->port,
                                           .link = &dataplane->link,
                                           .commands = dataplane->commands,
                                           .beat = beat,
                                           .context = dataplane};
    if (dataplane->neighbours.hop_count == 0)
        return 0;
    return neighbours_resolve(&dataplane->neighbours, &means, error, error_bytes);
}

int dataplane_init(struct dataplane *dataplane, const struct image *image, struct commands *commands,
                   struct channel *channel, char *error, size_t error_bytes)
{
    const struct image_settings *settings = image->settings;
    *dataplane = (struct dataplane){
        .image = image,
        .commands = commands,
        .channel = channel,
        .kernels = kernels_best(),
        .worker_count = settings->workers,
    };
    error[0] = '\0';
    tsc_init(&dataplane->tsc);
    epoch_tell(dataplane);
    int status = port_open(&dataplane->port, image, error, error_bytes);
    if (status != 0)
        return status;
    status = link_init(dataplane, error, error_bytes);
    if (status != 0)
        goto out;
    status = neighbours_init(&dataplane->neighbours, image);
    if (status != 0)
        goto out;
    status = probe_init(dataplane);
    if (status != 0)
        goto out;
    port_template(&dataplane->port, &dataplane->probe);
    status = answered_init(&dataplane->answered, settings->first_position, settings->end_position,
                           settings->segment_positions);
    dataplane->answered.one_writer = dataplane->worker_count == 1;
    if (status == 0)
        status = samples_init(dataplane);
    if (status == 0)
        status = workers_new(dataplane);
    if (status == 0)
        status = neighbours_find(dataplane, error, error_bytes);
    if (status != 0)
        goto out;
    told_init(dataplane);
    return 0;

out:
    if (error[0] == '\0')
        snprintf(error, error_bytes, "cannot set up the scan: %s", strerror(-status));
    dataplane_fini(dataplane);
    return status;
}

void dataplane_fini(struct dataplane *dataplane)
{
    for (uint32_t i = 0; i < dataplane->worker_count; i++) {
        worker_free(dataplane->workers[i]);
        dataplane->workers[i] = NULL;
    }
    answered_fini(&dataplane->answered);
    coverage_fini(&dataplane->coverage);
    tables_fini(&dataplane->tables);
    listing_fini(&dataplane->listing);
    neighbours_fini(&dataplane->neighbours);
    port_close(&dataplane->port);
}
