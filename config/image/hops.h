// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Which way frames to a target take: through a gateway, or straight to it because it is on the link. Part of the plan
// image; without any hop, everything goes to settings.gateway_address.

#include <stddef.h>
#include <stdint.h>

enum {
    HOPS_MAX = 8192,           // stretches of addresses
    HOPS_ON_LINK_MAX = 1 << 20 // addresses on the link, all stretches together: each costs 8 bytes and up to 3 requests
};

// One stretch of addresses, in host byte order; both ends belong to it.
struct image_hop {
    uint32_t first;
    uint32_t last;
    uint32_t gateway; // 0: on the link, asked for one by one with ARP
    uint32_t reserved;
};

// The hop of an address among `count`, which are sorted and disjoint, or NULL.
static inline const struct image_hop *hops_find(const struct image_hop *hops, size_t count, uint32_t address)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (hops[middle].last < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && hops[low].first <= address ? &hops[low] : NULL;
}
