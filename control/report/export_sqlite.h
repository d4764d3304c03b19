// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Records as a table of a SQLite file, which any program of SQLite's opens: table `record`, a column a field, named by
// its path ("ssh.methods"), NULL where it was not learnt. Lists and rows are JSON, for json_each. One thread.

#include <stdbool.h>

#include "control/report/export.h"

struct export_sqlite;

// fields: the columns, each once however often it is named. whole: a column `record` more, with all of the record as
// JSON. path: an empty file, or none, which becomes the database; until export_sqlite_end it is none. Returns 0,
// -ENOMEM or, as the others, -ENOSPC or -EIO for what SQLite could not write.
int export_sqlite_new(const char *path, const struct export_field *fields, size_t field_count, bool whole,
                      struct export_sqlite **ret_sqlite);
int export_sqlite_record(struct export_sqlite *sqlite, const struct observation *observation);

// The indices by address and service, and all of it into the file.
int export_sqlite_end(struct export_sqlite *sqlite);
void export_sqlite_free(struct export_sqlite *sqlite);
