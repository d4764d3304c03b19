// SPDX-License-Identifier: BSD-3-Clause
#include "config/image/attribution.h"

const struct attribution *attribution_find(const struct attribution_table *table, uint32_t address)
{
    // Invariant: edges[low] begins at or before the address (the first edge is 0.0.0.0), edges[high] after it.
    size_t low = 0;
    size_t high = table->edge_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (table->edges[middle].first_address <= address)
            low = middle;
        else
            high = middle;
    }
    return &table->items[table->edges[low].attribution];
}
