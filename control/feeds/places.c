// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/places.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control/feeds/feed.h"

enum { TABLE_COUNTRY, TABLE_SYSTEM, TABLES };

// The range that a table's next row is made of.
struct pending {
    sqlite3_stmt *insert;
    bool begun; // a row of this file has come
    bool held;
    uint32_t first;
    uint32_t last;
    struct place place; // what this table has of it
};

struct places_writer {
    struct feed_input *input;
    sqlite3 *database;
    struct complaint *complaint;
    struct pending tables[TABLES];
    uint64_t rows;
};

struct places_writer *places_writer_new(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    struct places_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return NULL;
    *writer = (struct places_writer){.input = input, .database = database, .complaint = ret_complaint};
    if (feed_prepare(database, "INSERT INTO place_country VALUES(?,?,?)", &writer->tables[TABLE_COUNTRY].insert,
                     ret_complaint) == 0 &&
        feed_prepare(database, "INSERT INTO place_system VALUES(?,?,?,?)", &writer->tables[TABLE_SYSTEM].insert,
                     ret_complaint) == 0)
        return writer;
    places_writer_free(writer);
    return NULL;
}

void places_writer_free(struct places_writer *writer)
{
    if (writer == NULL)
        return;
    for (size_t i = 0; i < TABLES; i++)
        (void)sqlite3_finalize(writer->tables[i].insert);
    free(writer);
}

// Of one text, which is bound twice where the statement asks for it.
static int sql_run(struct places_writer *writer, const char *sql, const char *text)
{
    sqlite3_stmt *statement = NULL;
    int error = feed_prepare(writer->database, sql, &statement, writer->complaint);
    for (int i = 1; error == 0 && i <= sqlite3_bind_parameter_count(statement); i++)
        (void)sqlite3_bind_text(statement, i, text, -1, SQLITE_TRANSIENT);
    if (error == 0)
        error = feed_step(writer->database, statement, writer->complaint);
    (void)sqlite3_finalize(statement);
    return error;
}

static int table_begin(struct places_writer *writer, size_t table)
{
    static const char *const forget[TABLES] = {
        [TABLE_COUNTRY] = "DELETE FROM place_country", [TABLE_SYSTEM] = "DELETE FROM place_system"};
    writer->tables[table].begun = true;
    return sql_run(writer, forget[table], "");
}

static int pending_write(struct places_writer *writer, size_t table)
{
    struct pending *pending = &writer->tables[table];
    sqlite3_stmt *insert = pending->insert;
    if (!pending->held)
        return 0;
    pending->held = false;
    if (++writer->rows > PLACES_ROWS_MAX)
        return feed_complain(writer->input, "more than %d ranges", (int)PLACES_ROWS_MAX);
    int error = pending->begun ? 0 : table_begin(writer, table);
    (void)sqlite3_bind_int64(insert, 1, pending->first);
    (void)sqlite3_bind_int64(insert, 2, pending->last);
    if (table == TABLE_COUNTRY) {
        (void)sqlite3_bind_text(insert, 3, pending->place.country, -1, SQLITE_TRANSIENT);
    } else {
        (void)sqlite3_bind_int64(insert, 3, pending->place.as_number);
        (void)sqlite3_bind_text(insert, 4, pending->place.as_name, -1, SQLITE_TRANSIENT);
    }
    return error == 0 ? feed_step(writer->database, insert, writer->complaint) : error;
}

// `place` holds what the table has of it and nothing else.
static int table_put(struct places_writer *writer, size_t table, uint32_t first, uint32_t last,
                     const struct place *place)
{
    struct pending *pending = &writer->tables[table];
    bool same = pending->held && pending->last + 1 == first && pending->place.as_number == place->as_number &&
                strcmp(pending->place.country, place->country) == 0 &&
                strcmp(pending->place.as_name, place->as_name) == 0;
    if (same) {
        pending->last = last;
        return 0;
    }
    int error = pending_write(writer, table);
    pending->held = true;
    pending->first = first;
    pending->last = last;
    pending->place = *place;
    return error;
}

int places_put(struct places_writer *writer, uint32_t first, uint32_t last, const struct place *place)
{
    struct place country = {""};
    struct place as = *place;
    int error = 0;
    memcpy(country.country, place->country, sizeof(country.country));
    memset(as.country, 0, sizeof(as.country));
    if (country.country[0] != '\0')
        error = table_put(writer, TABLE_COUNTRY, first, last, &country);
    if (error == 0 && as.as_number != 0)
        error = table_put(writer, TABLE_SYSTEM, first, last, &as);
    return error;
}

int places_end(struct places_writer *writer)
{
    int error = 0;
    for (size_t i = 0; i < TABLES && error == 0; i++)
        error = pending_write(writer, i);
    if (error == 0 && writer->rows == 0)
        return feed_complain(writer->input, "holds neither countries nor autonomous systems of IPv4 addresses");
    for (size_t i = 0; i < TABLES && error == 0; i++) {
        if (!writer->tables[i].begun)
            continue;
        error = sql_run(writer,
                        i == TABLE_COUNTRY ? "INSERT OR REPLACE INTO place_source VALUES('place_country', ?)"
                                           : "INSERT OR REPLACE INTO place_source VALUES('place_system', ?)",
                        writer->input->name);
    }
    // A file of which nothing is left is no source any more.
    return error == 0 ? sql_run(writer, "DELETE FROM feed WHERE source NOT IN (SELECT source FROM place_source)", "")
                      : error;
}
