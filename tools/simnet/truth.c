// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/truth.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tools/simnet/screen.h"

static const char *const ANSWER_NAMES[ANSWER_KINDS] = {
    [ANSWER_SILENT] = "silent",          [ANSWER_OPEN] = "open",     [ANSWER_MIDDLEBOX] = "middlebox",
    [ANSWER_TARPIT] = "tarpit",          [ANSWER_CLOSED] = "closed", [ANSWER_PROHIBITED] = "prohibited",
    [ANSWER_UNREACHABLE] = "unreachable"};

const char *truth_answer_name(enum world_answer answer)
{
    return ANSWER_NAMES[answer];
}

// One thread's share of the work: every step-th piece of every interval.
struct walk {
    const struct world *world;
    const uint16_t *ports;
    size_t port_count;
    struct truth truth;
    uint32_t offset;
    uint32_t step;
    screen_function *look;
};

// Addresses in [first, first + count), count at most SCREEN_MAX, of one network. Most hold nothing, and the screen says
// so.
static void walk_piece(struct walk *walk, uint32_t network, uint32_t first, size_t count)
{
    const struct world *world = walk->world;
    struct screen screen = {0};
    for (size_t i = 0; i < count; i++) {
        screen.address[i] = first + (uint32_t)i;
        screen.network[i] = network;
    }
    uint64_t mask = walk->look(world, &screen, count, 0);
    struct truth_count *counts = &walk->truth.counts[(network - 1) * walk->port_count];
    for (; mask != 0; mask &= mask - 1) {
        size_t i = (size_t)__builtin_ctzll(mask);
        uint32_t host = screen.host[i];
        const struct world_place place = {screen.address[i], network, host, world_trait(world, host)};
        bool is_host = world_share(host) < world->networks[network].alive;
        walk->truth.network_hosts[network - 1] += is_host;
        for (size_t j = 0; j < walk->port_count; j++)
            counts[j].answers[world_answer(world, &place, walk->ports[j])]++;
    }
}

static void *walk_run(void *argument)
{
    struct walk *walk = argument;
    uint64_t piece = 0;
    for (size_t i = 0; i < walk->world->interval_count; i++) {
        struct world_interval interval = walk->world->intervals[i];
        for (uint64_t at = interval.first; at <= interval.last; at += SCREEN_MAX) {
            if (piece++ % walk->step != walk->offset)
                continue;
            uint64_t rest = interval.last - at + 1;
            walk_piece(walk, interval.network, (uint32_t)at, rest < SCREEN_MAX ? (size_t)rest : SCREEN_MAX);
        }
    }
    return NULL;
}

static int truth_init(const struct world *world, size_t port_count, struct truth *truth)
{
    *truth = (struct truth){.network_count = world->network_count - 1, .port_count = port_count};
    truth->network_addresses = calloc(truth->network_count, sizeof(*truth->network_addresses));
    truth->network_hosts = calloc(truth->network_count, sizeof(*truth->network_hosts));
    truth->counts = calloc(truth->network_count * port_count + 1, sizeof(*truth->counts));
    if (truth->network_addresses == NULL || truth->network_hosts == NULL || truth->counts == NULL) {
        truth_fini(truth);
        return -ENOMEM;
    }
    return 0;
}

void truth_fini(struct truth *truth)
{
    free(truth->network_addresses);
    free(truth->network_hosts);
    free(truth->counts);
    *truth = (struct truth){0};
}

static void truth_add(struct truth *truth, const struct truth *part)
{
    for (size_t i = 0; i < truth->network_count; i++)
        truth->network_hosts[i] += part->network_hosts[i];
    for (size_t i = 0; i < truth->network_count * truth->port_count; i++)
        for (size_t j = 0; j < ANSWER_KINDS; j++)
            truth->counts[i].answers[j] += part->counts[i].answers[j];
}

// What was not counted as anything is silent; the walk skips it.
static void truth_finish(const struct world *world, struct truth *truth)
{
    for (size_t i = 0; i < world->interval_count; i++)
        truth->network_addresses[world->intervals[i].network - 1] +=
            (uint64_t)world->intervals[i].last - world->intervals[i].first + 1;
    for (size_t i = 0; i < truth->network_count; i++) {
        truth->addresses += truth->network_addresses[i];
        truth->hosts += truth->network_hosts[i];
        for (size_t j = 0; j < truth->port_count; j++) {
            uint64_t *answers = truth->counts[i * truth->port_count + j].answers;
            uint64_t others = 0;
            for (size_t k = ANSWER_SILENT + 1; k < ANSWER_KINDS; k++)
                others += answers[k];
            answers[ANSWER_SILENT] = truth->network_addresses[i] - others;
        }
    }
}

int truth_count(const struct world *world, const uint16_t *ports, size_t port_count, unsigned threads,
                struct truth *ret_truth)
{
    const struct screen_variant *variants[2];
    screen_variants(variants);
    struct walk *walks = calloc(threads, sizeof(*walks));
    pthread_t *handles = calloc(threads, sizeof(*handles));
    unsigned ready = 0;
    unsigned started = 0;
    int result = walks == NULL || handles == NULL ? -ENOMEM : 0;
    for (; result == 0 && ready < threads; ready += result == 0) {
        walks[ready] = (struct walk){.world = world,
                                     .ports = ports,
                                     .port_count = port_count,
                                     .offset = ready,
                                     .step = threads,
                                     .look = variants[0]->look};
        result = truth_init(world, port_count, &walks[ready].truth);
    }
    for (; result == 0 && started < threads; started += result == 0)
        result = -pthread_create(&handles[started], NULL, walk_run, &walks[started]);
    for (unsigned i = 0; i < started; i++)
        pthread_join(handles[i], NULL);
    for (unsigned i = 1; i < ready; i++) {
        truth_add(&walks[0].truth, &walks[i].truth);
        truth_fini(&walks[i].truth);
    }
    if (result == 0) {
        truth_finish(world, &walks[0].truth);
        *ret_truth = walks[0].truth;
    } else if (ready > 0) {
        truth_fini(&walks[0].truth);
    }
    free(walks);
    free(handles);
    return result;
}

uint64_t truth_sum(const struct truth *truth, enum world_answer answer)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < truth->network_count * truth->port_count; i++)
        sum += truth->counts[i].answers[answer];
    return sum;
}

uint64_t truth_accepting(const struct truth *truth)
{
    return truth_sum(truth, ANSWER_OPEN) + truth_sum(truth, ANSWER_MIDDLEBOX) + truth_sum(truth, ANSWER_TARPIT);
}

void truth_list(const struct world *world, const uint16_t *ports, size_t port_count, truth_each *each, void *context)
{
    for (size_t i = 0; i < world->interval_count; i++) {
        struct world_interval interval = world->intervals[i];
        for (uint64_t at = interval.first; at <= interval.last; at++) {
            const struct world_place place = world_find(world, (uint32_t)at);
            for (size_t j = 0; j < port_count; j++) {
                enum world_answer answer = world_answer(world, &place, ports[j]);
                if (answer != ANSWER_SILENT)
                    each(context, interval.network - 1, (uint32_t)at, ports[j], answer);
            }
        }
    }
}
