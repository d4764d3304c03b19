// SPDX-License-Identifier: BSD-3-Clause
// Providers' address ranges: AWS, Azure, Google (cloud.json and goog.json), Oracle and Fastly JSON, geofeeds (RFC 8805)
// and plain lists of networks, as config/ranges.h reads them; a file is read whole, in bounds.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/prefix.h"
#include "config/ranges.h"
#include "control/feeds/clouds_build.h"
#include "control/feeds/feed_formats.h"
#include "control/feeds/feeds_files.h"

enum { FILE_BYTES_MAX = 64 << 20, FILE_BYTES_FIRST = 64 << 10, LINE_BYTES = 256, PROVIDER_BYTES = 64 };

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS cloud_list(provider TEXT, list TEXT, source TEXT, published INTEGER, PRIMARY "
    "KEY(provider, list)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS cloud_range(provider TEXT, list TEXT, first INTEGER, last INTEGER, service TEXT, "
    "region "
    "TEXT, country TEXT);";

// ---- Reading

// Whose list it is, and which of that provider's: some publish several.
struct list_name {
    char provider[PROVIDER_BYTES];
    char list[PROVIDER_BYTES];
};

static int file_read(struct feed_input *input, struct input *ret_text)
{
    size_t room = FILE_BYTES_FIRST;
    size_t length = 0;
    ssize_t got = 0;
    char *text = malloc(room + 1);
    while (text != NULL && (got = feed_input_read(input, text + length, room - length)) > 0) {
        length += (size_t)got;
        if (length < room)
            continue;
        char *grown = room < FILE_BYTES_MAX ? realloc(text, room * 2 + 1) : NULL;
        if (grown == NULL) {
            int error = room < FILE_BYTES_MAX ? -ENOMEM : feed_complain(input, "is longer than any list of ranges");
            free(text);
            return error;
        }
        text = grown;
        room *= 2;
    }
    if (text == NULL || got < 0) {
        free(text);
        return got < 0 ? (int)got : -ENOMEM;
    }
    text[length] = '\0';
    *ret_text = (struct input){.text = text, .length = length};
    return 0;
}

// The file's name up to its first dot.
static void stem_copy(const char *name, char ret_stem[static PROVIDER_BYTES])
{
    const char *slash = strrchr(name, '/');
    const char *file = slash == NULL ? name : slash + 1;
    size_t length = strcspn(file, ".?");
    length = length < PROVIDER_BYTES - 1 ? length : PROVIDER_BYTES - 1;
    memcpy(ret_stem, file, length);
    ret_stem[length] = '\0';
}

static void list_name_make(const struct feed_input *input, const char *text, struct list_name *ret_name)
{
    bool whole = false;
    const char *form = range_file_provider(text, &whole);
    const char *provider = input->provider != NULL ? input->provider : form;
    *ret_name = (struct list_name){""};
    if (provider != NULL)
        (void)snprintf(ret_name->provider, PROVIDER_BYTES, "%s", provider);
    else
        stem_copy(input->name, ret_name->provider);
    if (whole)
        memcpy(ret_name->list, CLOUDS_WHOLE, sizeof(CLOUDS_WHOLE));
    else if (form == NULL)
        stem_copy(input->name, ret_name->list);
}

static int statement_run(sqlite3 *database, const char *sql, const struct list_name *name, const char *source,
                         int64_t published, struct complaint *ret_complaint)
{
    sqlite3_stmt *statement = NULL;
    int error = feed_prepare(database, sql, &statement, ret_complaint);
    if (error == 0) {
        (void)sqlite3_bind_text(statement, 1, name->provider, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(statement, 2, name->list, -1, SQLITE_STATIC);
        if (source != NULL) {
            (void)sqlite3_bind_text(statement, 3, source, -1, SQLITE_STATIC);
            (void)sqlite3_bind_int64(statement, 4, published);
        }
        error = feed_step(database, statement, ret_complaint);
    }
    (void)sqlite3_finalize(statement);
    return error;
}

static int rows_store(const struct range_list *list, const struct list_name *name, sqlite3 *database,
                      struct complaint *ret_complaint)
{
    sqlite3_stmt *insert = NULL;
    const char *strings = list->strings.bytes;
    int error = feed_prepare(database, "INSERT INTO cloud_range VALUES(?,?,?,?,?,?,?)", &insert, ret_complaint);
    for (size_t i = 0; i < list->count && error == 0; i++) {
        const struct range_row *row = &list->rows[i];
        const uint32_t texts[] = {row->service, row->region, row->country};
        (void)sqlite3_bind_text(insert, 1, name->provider, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(insert, 2, name->list, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(insert, 3, row->interval.first);
        (void)sqlite3_bind_int64(insert, 4, row->interval.last);
        for (int t = 0; t < 3; t++)
            (void)sqlite3_bind_text(insert, 5 + t, strings + texts[t], -1, SQLITE_STATIC);
        error = feed_step(database, insert, ret_complaint);
    }
    (void)sqlite3_finalize(insert);
    return error;
}

// A list takes the place of what it said before; a source of which nothing is left is none any more.
static int list_store(struct feed_input *input, const struct range_list *list, const struct list_name *name,
                      sqlite3 *database, struct complaint *ret_complaint)
{
    int64_t lists = 0;
    int64_t published = list->published[0] != 0 ? list->published[0] : input->published;
    if (list->count == 0)
        return feed_complain(input, "holds no IPv4 network");
    input->published = published;
    int error = statement_run(database, "DELETE FROM cloud_range WHERE provider = ? AND list = ?", name, NULL, 0,
                              ret_complaint);
    if (error == 0)
        error = statement_run(database, "INSERT OR REPLACE INTO cloud_list VALUES(?,?,?,?)", name, input->name,
                              published, ret_complaint);
    if (error == 0)
        error = rows_store(list, name, database, ret_complaint);
    if (error == 0)
        error = feeds_rows(database, "SELECT count(*) FROM cloud_list", &lists, ret_complaint);
    if (error == 0 && lists > RANGES_PROVIDERS_MAX)
        error = feed_complain(input, "would be list %lld of ranges, expected at most %d", (long long)lists,
                              (int)RANGES_PROVIDERS_MAX);
    if (error == 0 && sqlite3_exec(database, "DELETE FROM feed WHERE source NOT IN (SELECT source FROM cloud_list)",
                                   NULL, NULL, NULL) != SQLITE_OK)
        error = feed_fail(database, ret_complaint);
    return error;
}

static int clouds_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    struct range_list list;
    struct input text;
    struct list_name name;
    int error = file_read(input, &text);
    if (error != 0)
        return error;
    list_name_make(input, text.text, &name);
    error = range_list_init(&list);
    if (error == 0)
        error = range_list_read(&list, name.provider, input->name, &text, ret_complaint);
    if (error == 0)
        error = list_store(input, &list, &name, database, ret_complaint);
    range_list_fini(&list);
    input_fini(&text);
    return error;
}

// ---- What they are known by

static bool ranges_recognise(const char *head, size_t length)
{
    char text[FEED_HEAD_BYTES + 1];
    bool whole;
    length = length < FEED_HEAD_BYTES ? length : FEED_HEAD_BYTES;
    memcpy(text, head, length);
    text[length] = '\0';
    return range_file_provider(text, &whole) != NULL;
}

const struct feed_format feed_format_cloud_ranges = {
    .name = "provider's ranges", .kind = INTEL_CLOUDS, .recognise = ranges_recognise, .parse = clouds_parse};

// The first line that is no comment; false when there is none in the file's beginning.
static bool line_first(const char *head, size_t length, char ret_line[static LINE_BYTES])
{
    const char *end = head + length;
    for (const char *at = head; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t bytes = (size_t)((newline != NULL ? newline : end) - at);
        const char *line = at;
        at = newline != NULL ? newline + 1 : end;
        while (bytes > 0 && (*line == ' ' || *line == '\t' || *line == '\r')) {
            line++;
            bytes--;
        }
        if (bytes == 0 || *line == '#')
            continue;
        bytes = bytes < LINE_BYTES - 1 ? bytes : LINE_BYTES - 1;
        memcpy(ret_line, line, bytes);
        ret_line[bytes] = '\0';
        return true;
    }
    return false;
}

static bool is_network(char *text, size_t length)
{
    struct interval interval;
    text[length] = '\0';
    int error = prefix_parse_cidr(text, &interval);
    return error == 0 || error == -EAFNOSUPPORT || error == -ERANGE;
}

// "prefix,CC,region,city,postal": a country or none, and a region's comma behind it.
static bool geofeed_recognise(const char *head, size_t length)
{
    char line[LINE_BYTES];
    if (!line_first(head, length, line))
        return false;
    size_t prefix = strcspn(line, ",");
    const char *country = line + prefix + (line[prefix] == ',');
    size_t letters = strspn(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return line[prefix] == ',' && (letters == 2 || letters == 0) && country[letters] == ',' && is_network(line, prefix);
}

const struct feed_format feed_format_geofeed = {
    .name = "geofeed", .kind = INTEL_CLOUDS, .recognise = geofeed_recognise, .parse = clouds_parse};

// Nothing in it says that it is no list of malicious addresses: it is one of ranges when who imports says so.
static bool list_recognise(const char *head, size_t length)
{
    char line[LINE_BYTES];
    return line_first(head, length, line) && is_network(line, strcspn(line, " \t\r#,"));
}

const struct feed_format feed_format_cloud_list = {
    .name = "list of networks", .kind = INTEL_CLOUDS, .recognise = list_recognise, .parse = clouds_parse};

const struct feed_kind feed_kind_clouds = {.kind = INTEL_CLOUDS,
                                           .schema = schema,
                                           .rows = "SELECT count(*) FROM cloud_range",
                                           .old_days = 14,
                                           .build = clouds_build,
                                           .grows = true};
