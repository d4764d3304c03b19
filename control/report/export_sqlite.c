// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/export_sqlite.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "control/record/record.h"

struct export_sqlite {
    sqlite3 *database;
    sqlite3_stmt *insert;
    const struct field *columns[EXPORT_FIELDS_MAX];
    int column_count;
    bool whole;
    char line[RECORD_BYTES_MAX];
};

static const char *const types[FIELD_KIND_COUNT] = {
    [FIELD_TEXT] = "TEXT",    [FIELD_LIST] = "TEXT",    [FIELD_NUMBER] = "INTEGER",
    [FIELD_MILLI] = "REAL",   [FIELD_FLAG] = "INTEGER", [FIELD_TIME] = "TEXT",
    [FIELD_INSTANT] = "TEXT", [FIELD_ADDRESS] = "TEXT", [FIELD_ROWS] = "TEXT",
};

static int fault_of(int status)
{
    if (status == SQLITE_OK || status == SQLITE_DONE)
        return 0;
    if (status == SQLITE_NOMEM)
        return -ENOMEM;
    return status == SQLITE_FULL ? -ENOSPC : -EIO;
}

static int run(struct export_sqlite *sqlite, const char *sql)
{
    return fault_of(sqlite3_exec(sqlite->database, sql, NULL, NULL, NULL));
}

static bool column_there(const struct export_sqlite *sqlite, const struct field *field)
{
    for (int i = 0; i < sqlite->column_count; i++)
        if (sqlite->columns[i] == field)
            return true;
    return false;
}

static int column_index(const struct export_sqlite *sqlite, const char *path)
{
    for (int i = 0; i < sqlite->column_count; i++)
        if (sqlite->columns[i] == field_find(path))
            return i;
    return -1;
}

// CREATE TABLE and INSERT, whose columns stand in the same order.
static int table_make(struct export_sqlite *sqlite, const struct export_field *fields, size_t field_count)
{
    sqlite3_str *create = sqlite3_str_new(sqlite->database);
    sqlite3_str *insert = sqlite3_str_new(sqlite->database);
    sqlite3_str_appendall(create, "CREATE TABLE record (");
    sqlite3_str_appendall(insert, "INSERT INTO record VALUES (");
    for (size_t i = 0; i < field_count; i++) {
        const char *comma = sqlite->column_count > 0 ? ", " : "";
        if (column_there(sqlite, fields[i].field))
            continue;
        sqlite3_str_appendf(create, "%s\"%w\" %s", comma, fields[i].path, types[fields[i].field->kind]);
        sqlite3_str_appendf(insert, "%s?", comma);
        sqlite->columns[sqlite->column_count++] = fields[i].field;
    }
    sqlite3_str_appendall(create, sqlite->whole ? ", record TEXT)" : ")");
    sqlite3_str_appendall(insert, sqlite->whole ? ", ?)" : ")");
    char *texts[] = {sqlite3_str_finish(create), sqlite3_str_finish(insert)};
    int error = texts[0] == NULL || texts[1] == NULL ? -ENOMEM : run(sqlite, texts[0]);
    if (error == 0)
        error = fault_of(sqlite3_prepare_v2(sqlite->database, texts[1], -1, &sqlite->insert, NULL));
    sqlite3_free(texts[0]);
    sqlite3_free(texts[1]);
    return error;
}

int export_sqlite_new(const char *path, const struct export_field *fields, size_t field_count, bool whole,
                      struct export_sqlite **ret_sqlite)
{
    struct export_sqlite *sqlite = calloc(1, sizeof(*sqlite));
    if (sqlite == NULL)
        return -ENOMEM;
    sqlite->whole = whole;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int error = fault_of(sqlite3_open_v2(path, &sqlite->database, flags, NULL));
    // The file takes its place when it is whole: there is nothing to roll back to, and its end is synced once.
    if (error == 0)
        error = run(sqlite, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN");
    if (error == 0)
        error = table_make(sqlite, fields, field_count);
    if (error != 0)
        export_sqlite_free(sqlite);
    else
        *ret_sqlite = sqlite;
    return error;
}

// What is neither text nor number is as in a record: JSON, and a single value without its quotes.
static int json_bind(struct export_sqlite *sqlite, int column, const struct field *field, const void *value)
{
    struct writer writer;
    writer_init(&writer, sqlite->line, sizeof(sqlite->line));
    record_write_field(&writer, NULL, field, value);
    if (writer.full)
        return SQLITE_TOOBIG;
    bool quoted = writer.length >= 2 && sqlite->line[0] == '"';
    return sqlite3_bind_text(sqlite->insert, column, sqlite->line + quoted, (int)writer.length - 2 * quoted,
                             SQLITE_TRANSIENT);
}

static int value_bind(struct export_sqlite *sqlite, int column, const struct field *field, const void *value)
{
    const struct text *text = value;
    switch ((enum field_kind)field->kind) {
    case FIELD_TEXT:
        return sqlite3_bind_text(sqlite->insert, column, text->length > 0 ? text->data : "", (int)text->length,
                                 SQLITE_STATIC);
    case FIELD_NUMBER:
        return sqlite3_bind_int64(sqlite->insert, column, *(const int64_t *)value);
    case FIELD_FLAG:
        return sqlite3_bind_int64(sqlite->insert, column, *(const bool *)value);
    case FIELD_MILLI:
        return sqlite3_bind_double(sqlite->insert, column, (double)*(const int64_t *)value / 1000);
    default:
        return json_bind(sqlite, column, field, value);
    }
}

int export_sqlite_record(struct export_sqlite *sqlite, const struct observation *observation)
{
    int status = SQLITE_OK;
    (void)sqlite3_reset(sqlite->insert);
    (void)sqlite3_clear_bindings(sqlite->insert);
    for (int i = 0; i < sqlite->column_count && status == SQLITE_OK; i++) {
        const struct field *field = sqlite->columns[i];
        const void *part = observation->parts[field->part];
        if (field_known(part, field))
            status = value_bind(sqlite, i + 1, field, field_value_const(part, field));
    }
    if (status == SQLITE_OK && sqlite->whole) {
        struct writer writer;
        writer_init(&writer, sqlite->line, sizeof(sqlite->line));
        if (record_write(observation, &writer) == 0)
            status = sqlite3_bind_text(sqlite->insert, sqlite->column_count + 1, sqlite->line, (int)writer.length - 1,
                                       SQLITE_STATIC); // without its newline
    }
    return fault_of(status == SQLITE_OK ? sqlite3_step(sqlite->insert) : status);
}

int export_sqlite_end(struct export_sqlite *sqlite)
{
    int error = 0;
    if (column_index(sqlite, "ip") >= 0)
        error = run(sqlite, "CREATE INDEX record_ip ON record (ip)");
    if (error == 0 && column_index(sqlite, "service") >= 0)
        error = run(sqlite, "CREATE INDEX record_service ON record (service)");
    return error == 0 ? run(sqlite, "COMMIT") : error;
}

void export_sqlite_free(struct export_sqlite *sqlite)
{
    if (sqlite == NULL)
        return;
    (void)sqlite3_finalize(sqlite->insert);
    (void)sqlite3_close(sqlite->database);
    free(sqlite);
}
