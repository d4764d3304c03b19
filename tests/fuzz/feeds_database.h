// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The database of a fuzz target of feeds: with every kind's tables, in memory, made once and empty again for each run,
// so that a run's cost is the feed's.

#include <stdlib.h>

#include "control/feeds/feed_formats.h"

static inline void feeds_database_do(sqlite3 *database, const char *sql)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        abort();
}

static inline sqlite3 *feeds_database_begin(void)
{
    static sqlite3 *database;
    if (database == NULL) {
        if (sqlite3_open(":memory:", &database) != SQLITE_OK)
            abort();
        feeds_database_do(database, "CREATE TABLE feed(source TEXT)");
        for (size_t i = 0; feed_kinds[i] != NULL; i++)
            feeds_database_do(database, feed_kinds[i]->schema);
    }
    feeds_database_do(database, "BEGIN");
    return database;
}

static inline void feeds_database_end(sqlite3 *database)
{
    feeds_database_do(database, "ROLLBACK");
}
