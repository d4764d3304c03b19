// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/listing.h"

#include <errno.h>
#include <stdlib.h>

int listing_init(struct listing *listing, const struct listed *listed, const struct targets *targets)
{
    *listing = (struct listing){.listed = listed};
    if (listed->count == 0 || targets->count > LISTING_ADDRESSES_MAX)
        return 0;
    listing->places = (uint32_t *)calloc(targets->count, sizeof(uint32_t));
    if (listing->places == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < listed->count; i++) {
        int64_t ordinal = targets_ordinal(targets, listed->items[i].address);
        if (ordinal != TARGETS_NONE)
            listing->places[ordinal] = (uint32_t)i + 1;
    }
    return 0;
}

void listing_fini(struct listing *listing)
{
    free(listing->places);
    *listing = (struct listing){.places = NULL};
}
