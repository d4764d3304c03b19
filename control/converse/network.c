// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/network.h"

#include <errno.h>
#include <stdlib.h>

enum { NETWORKS_MIN = 64 };

static uint32_t key_of(uint32_t address)
{
    return address >> 8;
}

int networks_init(struct networks *networks)
{
    *networks = (struct networks){0};
    return hash_init(&networks->by_key, NETWORKS_MIN);
}

void networks_fini(struct networks *networks)
{
    for (uint32_t i = 0; i < networks->count; i++)
        queue_fini(&networks->items[i].waiting);
    free(networks->items);
    hash_fini(&networks->by_key);
    *networks = (struct networks){0};
}

static struct network *network_find(const struct networks *networks, uint32_t address)
{
    uint32_t index = hash_find(&networks->by_key, key_of(address));
    return index == HASH_NONE ? NULL : &networks->items[index];
}

static bool networks_grow(struct networks *networks)
{
    uint32_t capacity = networks->capacity == 0 ? NETWORKS_MIN : networks->capacity * 2;
    struct network *items = realloc(networks->items, capacity * sizeof(*items));
    if (items == NULL)
        return false;
    networks->items = items;
    networks->capacity = capacity;
    return true;
}

static struct network *network_new(struct networks *networks, uint32_t address)
{
    uint32_t index = networks->free != 0 ? networks->free - 1 : networks->count;
    if (index == networks->capacity && !networks_grow(networks))
        return NULL;
    if (hash_put(&networks->by_key, key_of(address), index) != 0)
        return NULL;
    if (index == networks->count)
        networks->count++;
    else
        networks->free = networks->items[index].next;
    networks->items[index] = (struct network){.key = key_of(address)};
    return &networks->items[index];
}

// Forgets a network of which nothing is left.
static void network_settle(struct networks *networks, struct network *network)
{
    if (network->open > 0 || network->waiting.count > 0)
        return;
    queue_fini(&network->waiting);
    (void)hash_remove(&networks->by_key, network->key);
    network->next = networks->free;
    networks->free = (uint32_t)(network - networks->items) + 1;
}

void networks_take(struct networks *networks, uint32_t address, uint64_t now_ns)
{
    struct network *network = network_find(networks, address);
    if (network == NULL)
        network = network_new(networks, address);
    if (network == NULL)
        return;
    network->open++;
    network->since_sum += now_ns;
}

void networks_give(struct networks *networks, uint32_t address, uint64_t since_ns)
{
    struct network *network = network_find(networks, address);
    if (network == NULL || network->open == 0)
        return;
    network->open--;
    network->since_sum -= since_ns;
    network_settle(networks, network);
}

static bool network_full(const struct network *network, uint64_t taken, uint64_t window, uint64_t now_ns)
{
    uint64_t share = window / 4 < NETWORK_SHARE_MIN ? NETWORK_SHARE_MIN : window / 4;
    if (taken < window / 2 || network->open < share)
        return false;
    return now_ns - network->since_sum / network->open > NETWORK_SLOW_NS;
}

bool networks_full(const struct networks *networks, uint32_t address, uint64_t taken, uint64_t window, uint64_t now_ns)
{
    if (taken < window / 2)
        return false; // as network_full would say: the hash need not be asked
    const struct network *network = network_find(networks, address);
    return network != NULL && network_full(network, taken, window, now_ns);
}

int networks_defer(struct networks *networks, const struct target *target)
{
    struct network *network = network_find(networks, target->address);
    int error = network == NULL ? -ENOENT : queue_put(&network->waiting, target);
    if (error == 0)
        networks->deferred++;
    return error;
}

bool networks_release(struct networks *networks, uint64_t taken, uint64_t window, uint64_t now_ns, bool all,
                      uint32_t *at, struct target *ret_target)
{
    for (; networks->deferred > 0 && *at < networks->count; ++*at) {
        struct network *network = &networks->items[*at];
        if (network->waiting.count == 0 || (!all && network_full(network, taken, window, now_ns)))
            continue;
        (void)queue_take(&network->waiting, ret_target);
        networks->deferred--;
        network_settle(networks, network);
        return true;
    }
    return false;
}
