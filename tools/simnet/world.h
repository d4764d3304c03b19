// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A population compiled: what every address and port of a synthetic internet does, as pure functions of the address,
// the port and the population's key. Nothing is stored per host. Read-only after world_new, any thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/simnet/population.h"

enum {
    WORLD_PORT_CLASSES = 256, // class 0: every port without shares of its own
    WORLD_RTT_STEPS = 256,    // quantiles of a network's round trips
    WORLD_DIRECTORY_MIXED = 0x8000,
};

// Shares are compared with 30-bit hashes, so that 0 and 1 are both exact and a signed comparison does.
#define WORLD_ONE (UINT32_C(1) << 30)

enum world_key_use { KEY_HOST = 0, KEY_BLOCK, KEY_PORT, KEY_TRAIT, KEY_WEATHER, KEY_SHAPE, KEY_SERVICE, KEY_USES };

struct world_key {
    uint32_t whiten;
    uint32_t middle;
};

// What a perfect scan meets on an address and port. The first three answer SYN-ACK.
enum world_answer {
    ANSWER_SILENT = 0,
    ANSWER_OPEN,
    ANSWER_MIDDLEBOX,   // a box in front of the /24 accepts everything
    ANSWER_TARPIT,      // a host that accepts every port
    ANSWER_CLOSED,      // RST
    ANSWER_PROHIBITED,  // ICMP communication administratively prohibited, from the host's firewall
    ANSWER_UNREACHABLE, // ICMP host unreachable, from the router in front of an address without a host
    ANSWER_KINDS
};

struct world_port {
    uint32_t open;   // a port hash below this one: open
    uint32_t closed; // else below this one: closed
};

// A share of the hosts on which a port is open; they are summed up.
struct world_speaks {
    uint32_t share; // a service hash below this one: that service
    uint32_t service;
};

enum { WORLD_SERVICE_NONE = UINT16_MAX };

// Which of world.speaks are a port's.
struct world_range {
    uint16_t first;
    uint16_t count;
};

struct world_network {
    uint32_t alive;       // host hash below this one: a host
    uint32_t reach;       // else below this one: unreachable
    uint32_t middleboxes; // block hash below this one: a middlebox
    uint32_t tarpits;     // trait hash below this one: a tarpit
    uint32_t prohibited;  // else below this one: filters with ICMP
    uint32_t answers_per_second;
    uint32_t rtt_us[WORLD_RTT_STEPS];
    struct world_port ports[WORLD_PORT_CLASSES];
    struct world_range speaks[WORLD_PORT_CLASSES];
};

struct world_interval {
    uint32_t first;
    uint32_t last;
    uint32_t network;
};

// Shares of the weather, summed up: an event hash below the first one is that event, and so on.
enum world_event {
    EVENT_LOSS = 0,
    EVENT_DUPLICATE,
    EVENT_LATE,
    EVENT_FORGED,
    EVENT_MALFORMED,
    EVENT_TRUNCATED,
    EVENT_NONE
};

struct world {
    struct world_key keys[KEY_USES];
    uint32_t events[EVENT_NONE];
    bool delays; // some network answers late, or some answers are reordered
    uint32_t longest_us;
    size_t network_count; // with network 0, which is nobody's
    struct world_network *networks;
    struct world_interval *intervals; // ascending, disjoint
    size_t interval_count;
    struct world_speaks *speaks;
    size_t speaks_count;
    uint16_t (*blocks)[256]; // mixed /16s: network of each /24, or WORLD_DIRECTORY_MIXED
    size_t block_count;
    // One entry a network, so that a burst's thresholds can be gathered.
    uint32_t reach[WORLD_PORT_CLASSES];
    uint32_t middleboxes[WORLD_PORT_CLASSES];
    uint16_t directory[65536]; // /16: its network, or WORLD_DIRECTORY_MIXED and the index of its block
    uint8_t port_class[65536];
};

// Compiles a population; it may go afterwards. Returns 0, -ENOMEM, or -EINVAL with a line in error for networks that
// overlap. *ret_world is released with world_free.
int world_new(const struct population *population, struct world **ret_world, char error[static POPULATION_ERROR_MAX]);
void world_free(struct world *world);

// A keyed mixing of 32 bits (the multiplication constants are Wellons' "lowbias32", whose bias was measured); a
// bijection. Vector code in screen.c computes the same.
static inline uint32_t world_mix(struct world_key key, uint32_t x)
{
    x ^= key.whiten;
    x ^= x >> 16;
    x *= UINT32_C(0x7feb352d);
    x ^= key.middle;
    x ^= x >> 15;
    x *= UINT32_C(0x846ca68b);
    return x ^ x >> 16;
}

static inline uint32_t world_share(uint32_t hash)
{
    return hash >> 2;
}

// The network of an address in a /16 that several share. 0 = nobody's.
uint32_t world_network_mixed(const struct world *world, uint32_t address, uint32_t entry);

// The network of an address (host byte order), 0 = nobody's.
static inline uint32_t world_network(const struct world *world, uint32_t address)
{
    uint32_t entry = world->directory[address >> 16];
    return entry < WORLD_DIRECTORY_MIXED ? entry : world_network_mixed(world, address, entry);
}

// The hash from which everything about a host follows.
static inline uint32_t world_host(const struct world *world, uint32_t address)
{
    return world_mix(world->keys[KEY_HOST], address);
}

static inline uint32_t world_trait(const struct world *world, uint32_t host)
{
    return world_mix(world->keys[KEY_TRAIT], host);
}

// An address with what follows from it alone: world_network, world_host and world_trait.
struct world_place {
    uint32_t address; // host byte order
    uint32_t network;
    uint32_t host;
    uint32_t trait;
};

// The hash from which it follows what a host's port answers.
static inline uint32_t world_chance(const struct world *world, uint32_t host, uint16_t port)
{
    return world_mix(world->keys[KEY_PORT], host + port * UINT32_C(0x9e3779b1));
}

// What a port there answers, from its chance.
static inline enum world_answer world_answer_by(const struct world *world, const struct world_place *place,
                                                uint16_t port, uint32_t hash)
{
    const struct world_network *network = &world->networks[place->network];
    if (network->middleboxes != 0 &&
        world_share(world_mix(world->keys[KEY_BLOCK], place->address >> 8)) < network->middleboxes)
        return ANSWER_MIDDLEBOX;
    uint32_t presence = world_share(place->host);
    if (presence >= network->alive)
        return presence < network->reach ? ANSWER_UNREACHABLE : ANSWER_SILENT;
    uint32_t trait = world_share(place->trait);
    if (trait < network->tarpits)
        return ANSWER_TARPIT;
    struct world_port shares = network->ports[world->port_class[port]];
    uint32_t chance = world_share(hash);
    if (chance < shares.open)
        return ANSWER_OPEN;
    if (chance < shares.closed)
        return ANSWER_CLOSED;
    return trait < network->prohibited ? ANSWER_PROHIBITED : ANSWER_SILENT;
}

// The same.
static inline enum world_answer world_answer(const struct world *world, const struct world_place *place, uint16_t port)
{
    return world_answer_by(world, place, port, world_chance(world, place->host, port));
}

// The service that an open port speaks, by its chance; WORLD_SERVICE_NONE when it never speaks.
uint32_t world_service(const struct world *world, const struct world_place *place, uint16_t port);

// Whether an open port of this network may speak at all.
static inline bool world_may_speak(const struct world *world, uint32_t network, uint16_t port)
{
    return world->networks[network].speaks[world->port_class[port]].count > 0;
}

// Everything about an address.
struct world_place world_find(const struct world *world, uint32_t address);

// world_answer from the address alone.
enum world_answer world_ask(const struct world *world, uint32_t address, uint16_t port);

// The round trip to a host in microseconds.
static inline uint32_t world_rtt_us(const struct world *world, uint32_t network, uint32_t trait)
{
    return world->networks[network].rtt_us[trait & (WORLD_RTT_STEPS - 1)];
}

// What the weather does to the n-th probe. The hash is world_mix(world_weather_key(world, n), n).
static inline struct world_key world_weather_key(const struct world *world, uint64_t sequence)
{
    struct world_key key = world->keys[KEY_WEATHER];
    key.whiten ^= (uint32_t)(sequence >> 32) * UINT32_C(0x85ebca6b);
    return key;
}

static inline enum world_event world_event(const struct world *world, uint32_t weather)
{
    uint32_t share = world_share(weather);
    if (share >= world->events[EVENT_NONE - 1])
        return EVENT_NONE;
    uint32_t event = EVENT_LOSS;
    while (share >= world->events[event])
        event++;
    return (enum world_event)event;
}
