// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/neighbours.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include "dataplane/channel/clock.h"
#include "dataplane/neighbour.h"

enum { WAIT_MS = 1000, LISTEN_US = 500 };

// One walk over everybody who has not answered, or the wait for their answers.
struct asking {
    struct neighbours *neighbours;
    const struct neighbours_means *means;
    double pps;
    uint32_t asked;    // targets, each once
    uint32_t answered; // of these
};

int neighbours_init(struct neighbours *ret_neighbours, const struct image *image)
{
    struct neighbours neighbours = {.hops = image->hops, .hop_count = image->hop_count};
    *ret_neighbours = neighbours;
    if (image->hop_count == 0)
        return 0;
    neighbours.gateways = (neighbour_mac *)calloc(image->hop_count, sizeof(*neighbours.gateways));
    neighbours.on_link = (neighbour_mac **)calloc(image->hop_count, sizeof(*neighbours.on_link));
    bool whole = neighbours.gateways != NULL && neighbours.on_link != NULL;
    for (size_t i = 0; whole && i < image->hop_count; i++) {
        const struct image_hop *hop = &image->hops[i];
        if (hop->gateway != 0)
            continue;
        neighbours.on_link[i] = (neighbour_mac *)calloc((size_t)(hop->last - hop->first) + 1, sizeof(neighbour_mac));
        whole = neighbours.on_link[i] != NULL;
    }
    if (!whole) {
        neighbours_fini(&neighbours);
        return -ENOMEM;
    }
    *ret_neighbours = neighbours;
    return 0;
}

void neighbours_fini(struct neighbours *neighbours)
{
    for (size_t i = 0; neighbours->on_link != NULL && i < neighbours->hop_count; i++)
        free(neighbours->on_link[i]);
    free((void *)neighbours->on_link);
    free(neighbours->gateways);
    *neighbours = (struct neighbours){.hop_count = 0};
}

// Anybody's answer or question tells where he is; only those who were to be asked have a slot.
static void on_answer(void *context, uint32_t address, const uint8_t mac[static 6])
{
    struct asking *asking = (struct asking *)context;
    const struct image *image = asking->means->image;
    const struct image_hop *hop = hops_find(image->hops, image->hop_count, address);
    if (hop == NULL || hop->gateway != 0 || targets_ordinal(&image->targets, address) == TARGETS_NONE)
        return;
    neighbour_mac *slot = neighbours_slot(asking->neighbours, address);
    asking->answered += *slot == 0;
    memcpy(slot, mac, 6);
}

static bool ordered_to_run(const struct commands *commands)
{
    return atomic_load_explicit(&commands->order, memory_order_relaxed) == ORDER_RUN;
}

// Takes what has come, tells how far it is and lets a little time pass.
static void listen(struct asking *asking)
{
    const struct neighbours_means *means = asking->means;
    struct commands *commands = means->commands;
    neighbour_listen(means->port, means->image->settings->source_address, on_answer, asking);
    atomic_store_explicit(&commands->neighbours_asked, asking->asked, memory_order_relaxed);
    atomic_store_explicit(&commands->neighbours_answered, asking->answered, memory_order_relaxed);
    means->beat(means->context);
    rte_delay_us_sleep(LISTEN_US);
}

// Whether an address of a stretch on the link is to be asked (again).
static bool is_wanted(const struct asking *asking, uint32_t address)
{
    const struct image *image = asking->means->image;
    return *neighbours_slot(asking->neighbours, address) == 0 && address != image->settings->source_address &&
           targets_ordinal(&image->targets, address) != TARGETS_NONE;
}

// Asks everybody on the link once more, no faster than allowed, and waits for the last one as long as for an answer, so
// that nobody is asked twice in that time. Returns whether there was anybody to ask.
static bool pass_run(struct asking *asking, bool first)
{
    const struct neighbours_means *means = asking->means;
    const struct image *image = means->image;
    uint64_t start_ns = clock_ns();
    uint64_t sent = 0;
    for (size_t i = 0; i < image->hop_count; i++) {
        const struct image_hop *hop = &image->hops[i];
        for (uint64_t address = hop->first; hop->gateway == 0 && address <= hop->last; address++) {
            if (!is_wanted(asking, (uint32_t)address))
                continue;
            // What the port does not take now, it takes a little later.
            while (ordered_to_run(means->commands) &&
                   ((double)sent > (double)(clock_ns() - start_ns) / 1e9 * asking->pps ||
                    !neighbour_ask(means->port, means->link, image->settings->source_address, (uint32_t)address)))
                listen(asking);
            asking->asked += first;
            sent++;
        }
    }
    uint64_t end_ns = clock_ns();
    while (sent > 0 && asking->answered < asking->asked && ordered_to_run(means->commands) &&
           clock_ns() - end_ns < (uint64_t)WAIT_MS * 1000000)
        listen(asking);
    listen(asking);
    return sent > 0;
}

static int gateways_resolve(struct neighbours *neighbours, const struct neighbours_means *means, char *error,
                            size_t error_bytes)
{
    for (size_t i = 0; i < neighbours->hop_count; i++) {
        uint32_t gateway = neighbours->hops[i].gateway;
        uint8_t mac[6];
        if (gateway == 0)
            continue;
        for (size_t j = 0; j < i && neighbours->gateways[i] == 0; j++)
            if (neighbours->hops[j].gateway == gateway)
                neighbours->gateways[i] = neighbours->gateways[j];
        if (neighbours->gateways[i] != 0)
            continue;
        means->beat(means->context);
        int status = neighbour_resolve(means->port, means->link, means->image->settings->source_address, gateway, mac,
                                       error, error_bytes);
        if (status != 0)
            return status;
        memcpy(&neighbours->gateways[i], mac, sizeof(mac));
    }
    return 0;
}

int neighbours_resolve(struct neighbours *neighbours, const struct neighbours_means *means, char *error,
                       size_t error_bytes)
{
    double rate = means->image->settings->rate_pps;
    struct asking asking = {
        .neighbours = neighbours, .means = means, .pps = rate < NEIGHBOURS_PPS ? rate : NEIGHBOURS_PPS};
    int status = gateways_resolve(neighbours, means, error, error_bytes);
    for (int pass = 0; status == 0 && pass < NEIGHBOURS_TIMES; pass++)
        if (!ordered_to_run(means->commands) || !pass_run(&asking, pass == 0))
            break;
    return status;
}
