// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What parsers of places write: ranges of addresses with their country, and with their autonomous system, each a table
// of its own. Ranges come in the order of their addresses; neighbours that say the same become one.

#include <stdint.h>

#include <sqlite3.h>

#include "control/feeds/feed_input.h"

enum {
    PLACES_COUNTRY_BYTES = 3, // ISO 3166-1 alpha-2
    PLACES_NAME_BYTES = 128,
    PLACES_ROWS_MAX = 16000000,
};

// What is known of a range; "" and 0 for what is not.
struct place {
    char country[PLACES_COUNTRY_BYTES];
    char as_name[PLACES_NAME_BYTES];
    uint32_t as_number;
};

struct places_writer;

// NULL without memory or when SQLite fails, with a complaint.
struct places_writer *places_writer_new(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint);
void places_writer_free(struct places_writer *writer);

// Addresses [first, last], behind those before. The first range with a country takes the place of all countries that
// were there, and likewise with autonomous systems. Returns 0, or -EINVAL or -EIO with a complaint.
int places_put(struct places_writer *writer, uint32_t first, uint32_t last, const struct place *place);

// Writes what is left, and notes the file as what the tables are of. Returns as places_put.
int places_end(struct places_writer *writer);
