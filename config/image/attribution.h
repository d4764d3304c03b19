// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Whose an address is: provider, cloud service, region and country, and who answers for what runs there, compiled from
// the providers' range files.

#include <stddef.h>
#include <stdint.h>

// Offsets into the image's strings; "" for what is not known. No padding: items are compared by their bytes.
struct attribution {
    uint32_t provider;
    uint32_t cloud_service;
    uint32_t region;
    uint32_t country;     // two letters (ISO 3166-1), of a geofeed
    uint32_t responsible; // "customer" or "provider"
    uint32_t list_date;   // no string: of the provider's file by its own account, seconds since 1970; 0
};

// From first_address (host byte order) up to the next edge's, addresses belong to attributions[attribution].
struct attribution_edge {
    uint32_t first_address;
    uint32_t attribution;
};

struct attribution_table {
    const struct attribution_edge *edges; // ascending; the first one starts at 0.0.0.0
    size_t edge_count;
    const struct attribution *items; // [0] is nobody's
    size_t item_count;
};

// The attribution of an address (host byte order); never NULL. O(log edges), no side effects, any thread.
const struct attribution *attribution_find(const struct attribution_table *table, uint32_t address);
