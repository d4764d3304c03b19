// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A plan's list of pairs, by the ordinals of its addresses: a search in the list would cost five times what making a
// probe does, and of the positions of a list most are none of its pairs.

#include <stdint.h>

#include "config/image/listed.h"
#include "config/image/targets.h"

// Four bytes an address: beyond this many the list is searched.
enum { LISTING_ADDRESSES_MAX = 1 << 23 };

struct listing {
    const struct listed *listed;
    uint32_t *places; // [addresses] 1 + the item of the address with that ordinal, 0 = it has none; NULL: not made
};

// listed outlives it. Returns 0 or -ENOMEM. Read-only afterwards, any thread.
int listing_init(struct listing *listing, const struct listed *listed, const struct targets *targets);
void listing_fini(struct listing *listing);

// listed_has of the address with this ordinal.
static inline bool listing_has(const struct listing *listing, uint64_t ordinal, uint32_t address, uint16_t port)
{
    const struct listed *listed = listing->listed;
    if (listing->places == NULL)
        return listed_has(listed, address, port);
    uint32_t place = listing->places[ordinal];
    return place == 0 ? listed_is_common(listed, port) : listed_item_has(listed, &listed->items[place - 1], port);
}
