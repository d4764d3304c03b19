// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/world.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t share_threshold(double share)
{
    return (uint32_t)llround(share * WORLD_ONE);
}

// SplitMix64 (Steele, Lea, Flood 2014).
static uint64_t key_next(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void world_compile_keys(struct world *world, uint64_t key)
{
    for (size_t i = 0; i < KEY_USES; i++) {
        uint64_t words = key_next(&key);
        world->keys[i] = (struct world_key){(uint32_t)words, (uint32_t)(words >> 32)};
    }
}

static void world_compile_weather(struct world *world, const struct population_weather *weather)
{
    const double shares[EVENT_NONE] = {weather->loss,   weather->duplicates, weather->reordering,
                                       weather->forged, weather->malformed,  weather->truncated};
    double sum = 0;
    for (size_t i = 0; i < EVENT_NONE; i++) {
        sum += shares[i];
        world->events[i] = share_threshold(fmin(sum, 1));
    }
    world->delays = weather->reordering > 0;
    world->longest_us = weather->reordering > 0 ? 1000 : 0;
}

// Round trips: the shortest one plus an exponential spread with the given mean, cut at the longest. One quantile a
// step, so a host's round trip is a look-up.
static void network_compile_rtt(const struct population_network *from, struct world_network *to)
{
    for (size_t i = 0; i < WORLD_RTT_STEPS; i++) {
        double quantile = ((double)i + 0.5) / WORLD_RTT_STEPS;
        double ms = from->rtt_min_ms - log(1 - quantile) * (from->rtt_typical_ms - from->rtt_min_ms);
        to->rtt_us[i] = (uint32_t)llround(1000 * fmin(ms, from->rtt_max_ms));
    }
}

// Returns the class of a port, making one when it is new; -1 when there is none left.
static int world_port_class(struct world *world, uint32_t *classes, int32_t port)
{
    if (port == POPULATION_OTHER_PORTS)
        return 0;
    if (world->port_class[port] == 0) {
        if (*classes == WORLD_PORT_CLASSES)
            return -1;
        world->port_class[port] = (uint8_t)(*classes)++;
    }
    return world->port_class[port];
}

// The services of a port, behind those of other ports. Twice compiled, twice there; the first are not used then.
static int world_compile_speaks(struct world *world, const struct population_port *port, struct world_range *ret_range)
{
    *ret_range = (struct world_range){0, 0};
    if (port->speaks_count == 0)
        return 0;
    if (world->speaks_count + port->speaks_count > UINT16_MAX)
        return -EINVAL;
    void *grown = realloc(world->speaks, (world->speaks_count + port->speaks_count) * sizeof(*world->speaks));
    if (grown == NULL)
        return -ENOMEM;
    world->speaks = grown;
    *ret_range = (struct world_range){(uint16_t)world->speaks_count, (uint16_t)port->speaks_count};
    double sum = 0;
    for (size_t i = 0; i < port->speaks_count; i++) {
        sum += port->speaks[i].share;
        world->speaks[world->speaks_count++] =
            (struct world_speaks){share_threshold(fmin(1, sum)), port->speaks[i].service};
    }
    return 0;
}

static int world_compile_network(struct world *world, const struct population_network *from, uint32_t index,
                                 uint32_t *classes)
{
    struct world_network *to = &world->networks[index];
    to->alive = share_threshold(from->alive);
    to->reach = share_threshold(fmin(1, from->alive + from->unreachable));
    to->middleboxes = share_threshold(from->middleboxes);
    to->tarpits = share_threshold(from->tarpits);
    to->prohibited = share_threshold(fmin(1, from->tarpits + from->prohibited));
    to->answers_per_second = (uint32_t)from->answers_per_second;
    world->reach[index] = to->reach;
    world->middleboxes[index] = to->middleboxes;
    network_compile_rtt(from, to);
    world->delays = world->delays || from->rtt_max_ms > 0;
    if (to->rtt_us[WORLD_RTT_STEPS - 1] + 1000 > world->longest_us && from->rtt_max_ms > 0)
        world->longest_us = to->rtt_us[WORLD_RTT_STEPS - 1] + 1000;

    bool named[WORLD_PORT_CLASSES] = {false};
    struct world_port other = {0, 0};
    struct world_range other_speaks = {0, 0};
    for (size_t i = 0; i < from->port_count; i++) {
        const struct population_port *port = &from->ports[i];
        int class = world_port_class(world, classes, port->port);
        if (class < 0)
            return -EINVAL;
        named[class] = true;
        to->ports[class].open = share_threshold(port->open);
        to->ports[class].closed = share_threshold(fmin(1, port->open + port->closed));
        int error = world_compile_speaks(world, port, &to->speaks[class]);
        if (error != 0)
            return error;
        if (class == 0) {
            other = to->ports[0];
            other_speaks = to->speaks[0];
        }
    }
    for (size_t i = 1; i < WORLD_PORT_CLASSES; i++)
        if (!named[i]) {
            to->ports[i] = other;
            to->speaks[i] = other_speaks;
        }
    return 0;
}

static int interval_compare(const void *left, const void *right)
{
    const struct world_interval *a = left;
    const struct world_interval *b = right;
    return a->first < b->first ? -1 : a->first > b->first;
}

static int world_compile_intervals(struct world *world, const struct population *population,
                                   char error[static POPULATION_ERROR_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < population->network_count; i++)
        count += population->networks[i].range_count;
    world->intervals = calloc(count, sizeof(*world->intervals));
    if (world->intervals == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < population->network_count; i++) {
        for (size_t j = 0; j < population->networks[i].range_count; j++) {
            struct population_range range = population->networks[i].ranges[j];
            world->intervals[world->interval_count++] =
                (struct world_interval){range.first, range.last, (uint32_t)i + 1};
        }
    }
    qsort(world->intervals, count, sizeof(*world->intervals), interval_compare);
    for (size_t i = 1; i < count; i++) {
        if (world->intervals[i].first <= world->intervals[i - 1].last) {
            snprintf(error, POPULATION_ERROR_MAX,
                     "networks: expected networks apart from each other, but \"%s\" meets \"%s\"",
                     population->networks[world->intervals[i].network - 1].name,
                     population->networks[world->intervals[i - 1].network - 1].name);
            return -EINVAL;
        }
    }
    return 0;
}

// The first interval that ends at or behind an address; interval_count when there is none.
static size_t world_interval_find(const struct world *world, uint32_t address)
{
    size_t low = 0;
    size_t high = world->interval_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (world->intervals[middle].last < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// The network that has all of [first, last], 0 when nobody has any of it, WORLD_DIRECTORY_MIXED otherwise.
static uint32_t world_span(const struct world *world, uint32_t first, uint32_t last)
{
    size_t i = world_interval_find(world, first);
    if (i == world->interval_count || world->intervals[i].first > last)
        return 0;
    bool whole = world->intervals[i].first <= first && world->intervals[i].last >= last;
    return whole ? world->intervals[i].network : WORLD_DIRECTORY_MIXED;
}

static int world_compile_block(struct world *world, uint32_t sixteen)
{
    void *grown = realloc(world->blocks, (world->block_count + 1) * sizeof(*world->blocks));
    if (grown == NULL)
        return -ENOMEM;
    world->blocks = grown;
    uint16_t *block = world->blocks[world->block_count];
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t first = sixteen << 16 | i << 8;
        block[i] = (uint16_t)world_span(world, first, first | 255);
    }
    world->directory[sixteen] = (uint16_t)(WORLD_DIRECTORY_MIXED | world->block_count++);
    return 0;
}

// Walks the intervals, not the /16s: most of the address space is nobody's.
static int world_compile_directory(struct world *world)
{
    for (size_t i = 0; i < world->interval_count; i++) {
        for (uint32_t sixteen = world->intervals[i].first >> 16; sixteen <= world->intervals[i].last >> 16; sixteen++) {
            if (world->directory[sixteen] >= WORLD_DIRECTORY_MIXED)
                continue;
            uint32_t span = world_span(world, sixteen << 16, sixteen << 16 | 0xffff);
            if (span < WORLD_DIRECTORY_MIXED) {
                world->directory[sixteen] = (uint16_t)span;
                continue;
            }
            // 32,768 mixed /16s are 15 bits; a population with more has 2^31 addresses in pieces.
            if (world->block_count == WORLD_DIRECTORY_MIXED)
                return -EINVAL;
            int error = world_compile_block(world, sixteen);
            if (error != 0)
                return error;
        }
    }
    return 0;
}

uint32_t world_network_mixed(const struct world *world, uint32_t address, uint32_t entry)
{
    uint32_t network = world->blocks[entry & (WORLD_DIRECTORY_MIXED - 1)][address >> 8 & 255];
    if (network != WORLD_DIRECTORY_MIXED)
        return network;
    return world_span(world, address, address);
}

struct world_place world_find(const struct world *world, uint32_t address)
{
    uint32_t host = world_host(world, address);
    return (struct world_place){address, world_network(world, address), host, world_trait(world, host)};
}

uint32_t world_service(const struct world *world, const struct world_place *place, uint16_t port)
{
    struct world_range range = world->networks[place->network].speaks[world->port_class[port]];
    uint32_t share = world_share(world_mix(world->keys[KEY_SERVICE], world_chance(world, place->host, port)));
    for (uint32_t i = range.first; i < (uint32_t)range.first + range.count; i++)
        if (share < world->speaks[i].share)
            return world->speaks[i].service;
    return WORLD_SERVICE_NONE;
}

enum world_answer world_ask(const struct world *world, uint32_t address, uint16_t port)
{
    struct world_place place = world_find(world, address);
    return world_answer(world, &place, port);
}

int world_new(const struct population *population, struct world **ret_world, char error[static POPULATION_ERROR_MAX])
{
    snprintf(error, POPULATION_ERROR_MAX, "population: out of memory, ports or /16s");
    struct world *world = calloc(1, sizeof(*world));
    int result = -ENOMEM;
    if (world == NULL)
        return result;
    world_compile_keys(world, population->key);
    world_compile_weather(world, &population->weather);
    world->network_count = population->network_count + 1;
    world->networks = calloc(world->network_count, sizeof(*world->networks));
    if (world->networks == NULL)
        goto out;
    uint32_t classes = 1;
    // Twice: a port that a later network names gives the earlier ones a class too, with their shares of "*".
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 1; i < world->network_count; i++) {
            result = world_compile_network(world, &population->networks[i - 1], i, &classes);
            if (result != 0)
                goto out;
        }
    }
    result = world_compile_intervals(world, population, error);
    if (result == 0)
        result = world_compile_directory(world);
out:
    if (result != 0) {
        world_free(world);
        return result;
    }
    *ret_world = world;
    return 0;
}

void world_free(struct world *world)
{
    if (world == NULL)
        return;
    free(world->networks);
    free(world->intervals);
    free(world->speaks);
    free(world->blocks);
    free(world);
}
