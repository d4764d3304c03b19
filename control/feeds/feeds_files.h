// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The files of a folder of feeds: their names, how one takes another's place, and how a database of SQLite is opened by
// whom nothing else is allowed.

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "config/keys.h"

enum { FEEDS_DIGEST_HEX = 65 };

// FOLDER/NAMEENDING: a kind's SQLite file, and what is made before it has that name. Returns 0 or -ENAMETOOLONG.
int feeds_path(const char *folder, const char *name, const char *ending, char ret_path[static PATH_MAX]);

// Opens the file and reads nothing of it: that is for who has no rights left. Returns 0, or -EIO with a complaint.
int feeds_database_open(const char *path, bool write, sqlite3 **ret_database, struct complaint *ret_complaint);

// Asks for nothing beside the file: no journal, no temporary file. What is to be written is one transaction. Returns 0,
// -ENOMEM or -EIO with a complaint; so do the next two.
int feeds_database_begin(sqlite3 *database, bool write, struct complaint *ret_complaint);
int feeds_sql(sqlite3 *database, const char *sql, struct complaint *ret_complaint);

// The one value of a statement.
int feeds_rows(sqlite3 *database, const char *sql, int64_t *ret_rows, struct complaint *ret_complaint);

// Files that were made before feeds told when they were published have no such column.
bool feeds_has_published(sqlite3 *database);

// SHA-256 of a file's bytes, in lower-case hex. Returns 0 or -EIO.
int feeds_digest(int fd, char ret_hex[static FEEDS_DIGEST_HEX]);

// A copy of what is there, for what a file adds to it. Returns 0, also when there is nothing, or -errno.
int feeds_copy(const char *from, const char *to);

// Gives a whole file its name, durably. Returns 0 or -errno.
int feeds_settle(const char *part, const char *path);
