// SPDX-License-Identifier: BSD-3-Clause
// Property: over random targets and random lists of pairs among them, what the dataplane finds by an address's ordinal
// is what a search of the list finds, for every address and port.
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "config/intervals.h"
#include "config/targets_build.h"
#include "dataplane/listing.h"

enum { ROUNDS = 200, SPACE = 1 << 16, ITEMS_MAX = 4096, PORTS = 64 };
#define BASE UINT32_C(0x0a140000)

static uint64_t state = 0x9e3779b97f4a7c15;

// xorshift64* (Vigna, 2016)
static uint32_t random_below(uint32_t limit)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)(((state * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % limit);
}

static void random_targets(struct interval_set *ret_set)
{
    static const uint32_t sizes[] = {1, 1, 3, 16, 17, 250, 256, 257, 4096};
    interval_set_init(ret_set);
    for (uint32_t i = 0, pieces = 1 + random_below(40); i < pieces; i++) {
        uint32_t size = sizes[random_below(sizeof(sizes) / sizeof(sizes[0]))];
        uint32_t first = BASE + random_below(SPACE - size + 1);
        cr_assert_eq(interval_set_add(ret_set, (struct interval){first, first + size - 1}), 0);
    }
    interval_set_seal(ret_set);
}

struct made {
    struct image_listed items[ITEMS_MAX];
    uint16_t ports[ITEMS_MAX * 4];
    uint8_t common[LISTED_PORT_BYTES];
    struct listed listed;
};

// Some of the addresses, ascending, with up to four of the ports each.
static void random_list(const struct interval_set *targets, struct made *made)
{
    uint32_t share = 1 + random_below(30);
    memset(made, 0, sizeof(*made));
    for (uint32_t port = 0; port < PORTS; port++)
        if (random_below(4) == 0)
            made->common[port >> 3] |= (uint8_t)(1 << (port & 7));
    size_t count = 0;
    size_t port_count = 0;
    for (size_t i = 0; i < targets->count; i++)
        for (uint64_t address = targets->items[i].first; address <= targets->items[i].last && count < ITEMS_MAX;
             address++) {
            if (random_below(share) != 0)
                continue;
            struct image_listed *item = &made->items[count++];
            *item = (struct image_listed){
                .address = (uint32_t)address, .first = (uint32_t)port_count, .is_common = random_below(2)};
            for (uint32_t port = random_below(PORTS), most = random_below(5); port < PORTS && item->count < most;
                 port += 1 + random_below(9)) {
                made->ports[port_count++] = (uint16_t)port;
                item->count++;
            }
        }
    made->listed = (struct listed){
        .items = made->items, .count = count, .ports = made->ports, .port_count = port_count, .common = made->common};
}

Test(pairs, what_is_found_by_ordinal_is_what_the_list_says)
{
    struct made *made = malloc(sizeof(*made));
    uint64_t found = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct interval_set set;
        struct targets_storage storage;
        struct listing listing;
        random_targets(&set);
        random_list(&set, made);
        cr_assert_eq(targets_build(&set, &storage), 0);
        cr_assert_eq(listing_init(&listing, &made->listed, &storage.targets), 0);
        for (uint64_t ordinal = 0; ordinal < storage.targets.count && made->listed.count > 0; ordinal++) {
            uint32_t address = targets_address(&storage.targets, ordinal);
            for (uint16_t port = 0; port < PORTS; port++) {
                bool has = listed_has(&made->listed, address, port);
                found += has;
                cr_assert_eq(listing_has(&listing, ordinal, address, port), has, "round %d: %08x:%u", round, address,
                             port);
            }
        }
        listing_fini(&listing);
        targets_storage_fini(&storage);
        interval_set_fini(&set);
    }
    cr_assert_gt(found, 1000000, "%lu pairs", (unsigned long)found);
    free(made);
}
