// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/malicious_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OVERLAP_MOST = 64 }; // listings of one address that are kept

struct listed {
    uint32_t first;
    uint32_t last;
    uint32_t listing; // index into listings
};

struct building {
    struct intel_builder *builder;
    struct listed *items; // by their first address
    struct intel_listing *listings;
    size_t count;
    size_t room;
    size_t active[OVERLAP_MOST]; // items that hold where the sweep is
    size_t active_count;
};

static int listings_read(sqlite3 *database, struct building *building, struct complaint *ret_complaint)
{
    sqlite3_stmt *rows = NULL;
    int got = SQLITE_DONE;
    int error =
        feed_prepare(database,
                     "SELECT first, last, feed, category, active_from, active_until, confidence FROM listing ORDER "
                     "BY first, last, feed, category",
                     &rows, ret_complaint);
    while (error == 0 && (got = sqlite3_step(rows)) == SQLITE_ROW) {
        if (building->count == building->room) {
            size_t room = building->room == 0 ? 1024 : building->room * 2;
            struct listed *items = reallocarray(building->items, room, sizeof(items[0]));
            building->items = items != NULL ? items : building->items;
            struct intel_listing *listings = reallocarray(building->listings, room, sizeof(listings[0]));
            building->listings = listings != NULL ? listings : building->listings;
            if (items == NULL || listings == NULL) {
                error = -ENOMEM;
                break;
            }
            building->room = room;
        }
        const char *feed = (const char *)sqlite3_column_text(rows, 2);
        const char *category = (const char *)sqlite3_column_text(rows, 3);
        bool said = sqlite3_column_type(rows, 6) != SQLITE_NULL;
        int confidence = sqlite3_column_int(rows, 6);
        building->listings[building->count] = (struct intel_listing){
            .feed = intel_builder_string(building->builder, feed == NULL ? "" : feed),
            .category = intel_builder_string(building->builder, category == NULL ? "" : category),
            .from = sqlite3_column_int64(rows, 4),
            .until = sqlite3_column_int64(rows, 5),
            .confidence = said && confidence >= 0 && confidence <= 100 ? (uint32_t)confidence : UINT32_MAX,
        };
        building->items[building->count] = (struct listed){.first = (uint32_t)sqlite3_column_int64(rows, 0),
                                                           .last = (uint32_t)sqlite3_column_int64(rows, 1),
                                                           .listing = (uint32_t)building->count};
        building->count++;
    }
    if (error == 0 && got != SQLITE_DONE)
        error = feed_fail(database, ret_complaint);
    (void)sqlite3_finalize(rows);
    return error;
}

// From this address on, what is active holds.
static void edge_put(struct building *building, uint32_t address)
{
    struct intel_builder *builder = building->builder;
    struct intel_edge edge = {.first_address = address};
    size_t edges = intel_builder_count(builder, INTEL_SECTION_LISTING_EDGES);
    if (building->active_count > 0) {
        struct intel_listing_set set = {.first = (uint32_t)intel_builder_count(builder, INTEL_SECTION_LISTINGS),
                                        .count = (uint32_t)building->active_count};
        for (size_t i = 0; i < building->active_count; i++)
            (void)intel_builder_append(builder, INTEL_SECTION_LISTINGS,
                                       &building->listings[building->items[building->active[i]].listing], 1);
        edge.value = intel_builder_append(builder, INTEL_SECTION_LISTING_SETS, &set, 1);
    }
    // What begins where another ends has one edge.
    struct intel_edge *before = intel_builder_elements(builder, INTEL_SECTION_LISTING_EDGES);
    if (edges > 0 && before[edges - 1].first_address == address)
        before[edges - 1] = edge;
    else
        (void)intel_builder_append(builder, INTEL_SECTION_LISTING_EDGES, &edge, 1);
}

// The last address of the active one that ends first.
static uint32_t earliest_end(const struct building *building)
{
    uint32_t last = UINT32_MAX;
    for (size_t i = 0; i < building->active_count; i++)
        last = building->items[building->active[i]].last < last ? building->items[building->active[i]].last : last;
    return last;
}

static void ended_drop(struct building *building, uint32_t last)
{
    size_t kept = 0;
    for (size_t i = 0; i < building->active_count; i++)
        if (building->items[building->active[i]].last > last)
            building->active[kept++] = building->active[i];
    building->active_count = kept;
}

// All that ends before `address` has its edge.
static void sweep_to(struct building *building, uint64_t address)
{
    while (building->active_count > 0) {
        uint32_t last = earliest_end(building);
        if ((uint64_t)last + 1 > address)
            return;
        ended_drop(building, last);
        if (last < UINT32_MAX)
            edge_put(building, last + 1);
    }
}

static void map_build(struct building *building)
{
    static const struct intel_listing_set none;
    (void)intel_builder_append(building->builder, INTEL_SECTION_LISTING_SETS, &none, 1);
    edge_put(building, 0);
    for (size_t i = 0; i < building->count; i++) {
        sweep_to(building, building->items[i].first);
        if (building->active_count < OVERLAP_MOST)
            building->active[building->active_count++] = i;
        edge_put(building, building->items[i].first);
    }
    sweep_to(building, UINT64_C(1) << 32);
}

int malicious_build(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
                    struct complaint *ret_complaint)
{
    struct building building = {.builder = builder};
    (void)names;
    int error = listings_read(database, &building, ret_complaint);
    if (error == 0 && building.count > 0)
        map_build(&building);
    free(building.items);
    free(building.listings);
    return error;
}
