// SPDX-License-Identifier: BSD-3-Clause
// Country and autonomous system of addresses: the tables, and from them the image's map. Two feeds that know different
// things of an address (a database of countries, one of autonomous systems) are laid over each other.
#include <errno.h>
#include <string.h>

#include "control/feeds/feed_formats.h"
#include "control/feeds/places.h"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS place_country(first INTEGER PRIMARY KEY, last INTEGER, country TEXT);"
    "CREATE TABLE IF NOT EXISTS place_system(first INTEGER PRIMARY KEY, last INTEGER, number INTEGER, name TEXT);"
    // Which file a table is of.
    "CREATE TABLE IF NOT EXISTS place_source(place TEXT PRIMARY KEY, source TEXT) WITHOUT ROWID;";

// One table, range by range, in the order of addresses.
struct ranges {
    sqlite3_stmt *rows;
    bool more;
    uint64_t first;
    uint64_t last;
    int error; // -EIO: SQLite's
};

static void ranges_step(struct ranges *ranges)
{
    int got = sqlite3_step(ranges->rows);
    ranges->more = got == SQLITE_ROW;
    ranges->error = got == SQLITE_ROW || got == SQLITE_DONE ? 0 : -EIO;
    ranges->first = (uint64_t)sqlite3_column_int64(ranges->rows, 0);
    ranges->last = (uint64_t)sqlite3_column_int64(ranges->rows, 1);
    // The file may be anybody's: what is in no order ends the table.
    if (ranges->more && (ranges->last < ranges->first || ranges->last > UINT32_MAX))
        ranges->error = -EBADMSG;
}

static const char *column_text(const struct ranges *ranges, int column)
{
    const char *text = (const char *)sqlite3_column_text(ranges->rows, column);
    return text == NULL ? "" : text;
}

struct overlay {
    struct intel_builder *builder;
    struct ranges countries;
    struct ranges systems;
    struct intel_place last; // of the last edge
};

// From this address on, it is what the tables say there.
static void edge_put(struct overlay *overlay, uint32_t address)
{
    struct intel_builder *builder = overlay->builder;
    struct intel_place place = {0};
    struct intel_edge edge = {.first_address = address};
    if (overlay->countries.more && overlay->countries.first <= address)
        place.country = intel_builder_string(builder, column_text(&overlay->countries, 2));
    if (overlay->systems.more && overlay->systems.first <= address) {
        place.as_number = (uint32_t)sqlite3_column_int64(overlay->systems.rows, 2);
        place.as_name = intel_builder_string(builder, column_text(&overlay->systems, 3));
    }
    if (intel_builder_count(builder, INTEL_SECTION_PLACE_EDGES) > 0 &&
        memcmp(&place, &overlay->last, sizeof(place)) == 0)
        return;
    overlay->last = place;
    static const struct intel_place nowhere;
    if (memcmp(&place, &nowhere, sizeof(place)) != 0)
        edge.value = intel_builder_append(builder, INTEL_SECTION_PLACES, &place, 1);
    (void)intel_builder_append(builder, INTEL_SECTION_PLACE_EDGES, &edge, 1);
}

// The address behind this one at which a table's word changes; beyond the last one when none does.
static uint64_t next_change(const struct ranges *ranges, uint64_t address)
{
    return !ranges->more ? UINT64_C(1) << 32 : ranges->first > address ? ranges->first : ranges->last + 1;
}

static int overlay_run(struct overlay *overlay)
{
    static const struct intel_place nowhere;
    struct ranges *tables[] = {&overlay->countries, &overlay->systems};
    uint64_t address = 0;
    for (size_t i = 0; i < 2; i++) {
        ranges_step(tables[i]);
        if (tables[i]->error != 0)
            return tables[i]->error;
    }
    if (!overlay->countries.more && !overlay->systems.more)
        return 0;
    (void)intel_builder_append(overlay->builder, INTEL_SECTION_PLACES, &nowhere, 1);
    while (address <= UINT32_MAX) {
        edge_put(overlay, (uint32_t)address);
        uint64_t changes[] = {next_change(tables[0], address), next_change(tables[1], address)};
        address = changes[0] < changes[1] ? changes[0] : changes[1];
        for (size_t i = 0; i < 2; i++) {
            uint64_t last = tables[i]->last;
            if (!tables[i]->more || last >= address)
                continue;
            ranges_step(tables[i]);
            if (tables[i]->more && tables[i]->first <= last)
                return -EBADMSG;
            if (tables[i]->error != 0)
                return tables[i]->error;
        }
    }
    return 0;
}

static int places_build(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
                        struct complaint *ret_complaint)
{
    struct overlay overlay = {.builder = builder};
    (void)names;
    int error = feed_prepare(database, "SELECT first, last, country FROM place_country ORDER BY first",
                             &overlay.countries.rows, ret_complaint);
    if (error == 0)
        error = feed_prepare(database, "SELECT first, last, number, name FROM place_system ORDER BY first",
                             &overlay.systems.rows, ret_complaint);
    if (error == 0)
        error = overlay_run(&overlay);
    if (error == -EIO)
        error = feed_fail(database, ret_complaint);
    else if (error == -EBADMSG)
        (void)complain(ret_complaint, "places.sqlite", "", "its ranges overlap: import the databases again");
    (void)sqlite3_finalize(overlay.countries.rows);
    (void)sqlite3_finalize(overlay.systems.rows);
    return error;
}

const struct feed_kind feed_kind_places = {
    .kind = INTEL_PLACES,
    .schema = schema,
    .rows = "SELECT (SELECT count(*) FROM place_country) + (SELECT count(*) FROM place_system)",
    .old_days = 60,
    .build = places_build,
    .grows = true};
