// SPDX-License-Identifier: BSD-3-Clause
#include "config/image/listed.h"

static bool item_fits(const struct listed *listed, const struct image_listed *item)
{
    if (item->first > listed->port_count || item->count > listed->port_count - item->first)
        return false;
    for (uint32_t i = 1; i < item->count; i++)
        if (listed->ports[item->first + i] <= listed->ports[item->first + i - 1])
            return false;
    return true;
}

bool listed_fits(const struct listed *listed, size_t common_bytes)
{
    if (listed->count > 0 && common_bytes != LISTED_PORT_BYTES)
        return false;
    for (size_t i = 0; i < listed->count; i++)
        if ((i > 0 && listed->items[i].address <= listed->items[i - 1].address) ||
            !item_fits(listed, &listed->items[i]))
            return false;
    return true;
}
