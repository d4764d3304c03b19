// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Addresses that are asked on ports of their own: what lists of `address:port` say. Part of the plan image. A plan's
// positions are all of its addresses times all of its ports; those that are none of its pairs are left out when their
// turn comes, so that order, shards, samples and resume are what they are for any plan. Read-only, any thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LISTED_PORT_BYTES = 65536 / 8 };

struct image_listed {
    uint32_t address; // host byte order
    uint32_t first;   // of its own ports among all
    uint32_t count;
    uint32_t is_common; // it is asked on the common ports too
};

struct listed {
    const struct image_listed *items; // ascending by address, one an address
    size_t count;                     // 0: every address is asked on every port
    const uint16_t *ports;            // ascending for each address
    size_t port_count;
    const uint8_t *common; // [LISTED_PORT_BYTES] bits: the ports of all addresses that are not listed
};

static inline bool listed_is_common(const struct listed *listed, uint16_t port)
{
    return (listed->common[port >> 3] >> (port & 7) & 1) != 0;
}

// Whether an address that is listed is asked on one of the plan's ports.
static inline bool listed_item_has(const struct listed *listed, const struct image_listed *item, uint16_t port)
{
    if (item->is_common != 0 && listed_is_common(listed, port))
        return true;
    uint32_t first = item->first;
    uint32_t end = item->first + item->count;
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (listed->ports[middle] == port)
            return true;
        if (listed->ports[middle] < port)
            first = middle + 1;
        else
            end = middle;
    }
    return false;
}

// Whether a pair of one of the plan's addresses and one of its ports is asked. count is not 0.
static inline bool listed_has(const struct listed *listed, uint32_t address, uint16_t port)
{
    size_t low = 0;
    size_t high = listed->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (listed->items[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == listed->count || listed->items[low].address != address)
        return listed_is_common(listed, port);
    return listed_item_has(listed, &listed->items[low], port);
}

// Whether what was mapped is what the above takes for granted.
bool listed_fits(const struct listed *listed, size_t common_bytes);
