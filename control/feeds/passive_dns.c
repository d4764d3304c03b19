// SPDX-License-Identifier: BSD-3-Clause
// Passive DNS: names that were seen on addresses, as its common output format tells them (COF,
// draft-dulaunoy-dnsop-passive-dns-cof): JSON lines with rrname, rrtype, rdata, time_first and time_last. A records of
// IPv4 are kept; each sighting with its time, so that names can be counted in any year.
#include <errno.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config/prefix.h"
#include "control/feeds/feed_formats.h"
#include "control/feeds/json_stream.h"

enum { NAME_BYTES = 254, YEAR_SECONDS = 365 * 86400, SPANS_MAX = 1 << 22 };

static const int64_t latest_time = INT64_C(1) << 40;

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS sighting(address INTEGER, name TEXT, first INTEGER, last INTEGER, "
    "PRIMARY KEY(address, name, first)) WITHOUT ROWID;";

// ---- Reading

struct parsing {
    struct feed_input *input;
    sqlite3 *database;
    sqlite3_stmt *insert;
    struct complaint *complaint;
};

struct sighting {
    char name[NAME_BYTES];
    int64_t first;
    int64_t last;
};

// A time in seconds: a number, or one as a text, as older servers write it. False when there is none.
static bool time_read(const json_t *row, const char *name, int64_t *ret_time)
{
    const json_t *value = json_object_get(row, name);
    const char *text = json_string_value(value);
    char *end = NULL;
    if (json_is_integer(value)) {
        *ret_time = json_integer_value(value);
        return true;
    }
    if (json_is_real(value)) {
        double seconds = json_real_value(value);
        *ret_time = seconds >= 0 && seconds < (double)latest_time ? (int64_t)seconds : -1;
        return true;
    }
    if (text == NULL || text[0] == '\0')
        return false;
    errno = 0;
    *ret_time = strtoll(text, &end, 10);
    if (*end != '\0' || errno != 0)
        *ret_time = -1;
    return true;
}

// The time of the sensors, else that of the zone files. False when the row has neither.
static bool times_read(const json_t *row, struct sighting *sighting)
{
    static const char *const names[][2] = {{"time_first", "time_last"}, {"zone_time_first", "zone_time_last"}};
    for (size_t i = 0; i < 2; i++) {
        bool first = time_read(row, names[i][0], &sighting->first);
        bool last = time_read(row, names[i][1], &sighting->last);
        if (!first && last)
            sighting->first = sighting->last;
        if (first && !last)
            sighting->last = sighting->first;
        if (first || last)
            return true;
    }
    return false;
}

// As names are compared: small letters, without the root's dot.
static bool name_read(const char *text, char ret_name[static NAME_BYTES])
{
    size_t length = text == NULL ? 0 : strlen(text);
    if (length > 1 && text[length - 1] == '.')
        length--;
    if (length == 0 || length >= NAME_BYTES)
        return false;
    for (size_t i = 0; i < length; i++)
        ret_name[i] = (char)tolower((unsigned char)text[i]);
    ret_name[length] = '\0';
    return true;
}

static int sighting_store(struct parsing *parsing, const struct sighting *sighting, const json_t *value, size_t number)
{
    struct interval interval;
    const char *text = json_string_value(value);
    int error = text == NULL ? -EINVAL : prefix_parse_cidr(text, &interval);
    if (error == -EAFNOSUPPORT)
        return 0;
    if (error != 0 || interval.first != interval.last)
        return feed_complain(parsing->input, "row %zu: \"%.60s\" is no address", number, text == NULL ? "" : text);
    sqlite3_stmt *insert = parsing->insert;
    (void)sqlite3_bind_int64(insert, 1, interval.first);
    (void)sqlite3_bind_text(insert, 2, sighting->name, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(insert, 3, sighting->first);
    (void)sqlite3_bind_int64(insert, 4, sighting->last);
    return feed_step(parsing->database, insert, parsing->complaint);
}

static int row_take(void *context, const json_t *row, size_t number)
{
    struct parsing *parsing = context;
    struct sighting sighting;
    const char *type = json_string_value(json_object_get(row, "rrtype"));
    const json_t *data = json_object_get(row, "rdata");
    size_t i;
    json_t *value;
    int error = 0;
    data = data != NULL ? data : json_object_get(row, "rrdata");
    if (type == NULL || data == NULL)
        return feed_complain(parsing->input, "row %zu: expected an object with \"rrname\", \"rrtype\" and \"rdata\"",
                             number);
    if (strcmp(type, "A") != 0)
        return 0;
    if (!name_read(json_string_value(json_object_get(row, "rrname")), sighting.name))
        return feed_complain(parsing->input, "row %zu: expected a name of 1 to 253 bytes in \"rrname\"", number);
    // Without a time it is in no year.
    if (!times_read(row, &sighting))
        return 0;
    if (sighting.first < 0 || sighting.last < sighting.first || sighting.last > latest_time)
        return feed_complain(parsing->input, "row %zu: expected \"time_first\" at or before \"time_last\", in seconds",
                             number);
    if (!json_is_array(data))
        return sighting_store(parsing, &sighting, data, number);
    json_array_foreach(data, i, value)
    {
        if (error == 0)
            error = sighting_store(parsing, &sighting, value, number);
    }
    return error;
}

static int cof_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    struct parsing parsing = {.input = input, .database = database, .complaint = ret_complaint};
    int error = feed_prepare(
        database, "INSERT INTO sighting VALUES(?,?,?,?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)",
        &parsing.insert, ret_complaint);
    if (error == 0)
        error = json_stream_read(input,
                                 &(struct json_stream_use){.sequence = true, .element = row_take, .context = &parsing});
    (void)sqlite3_finalize(parsing.insert);
    return error;
}

static bool cof_recognise(const char *head, size_t length)
{
    return memmem(head, length, "\"rrname\"", 8) != NULL && memmem(head, length, "\"rrtype\"", 8) != NULL;
}

const struct feed_format feed_format_passive_dns = {
    .name = "passive DNS (COF)", .kind = INTEL_PASSIVE_DNS, .recognise = cof_recognise, .parse = cof_parse};

// ---- Counting

// A name that was seen from `first` to `last` is one of those of every year that begins in [first - year + 1, last].
struct span {
    int64_t from;
    int64_t until;
};

// The years of one address in which it had each of its names; those of one name do not overlap.
struct counting {
    struct intel_builder *builder;
    uint32_t address;
    uint32_t names;
    size_t count;
    size_t room;
    int64_t *begins;
    int64_t *ends;
};

static int time_compare(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a;
    int64_t second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

// The most spans that overlap, and where they first do.
static uint32_t overlap_most(struct counting *counting, int64_t *ret_from)
{
    size_t ended = 0;
    uint32_t most = 0;
    qsort(counting->begins, counting->count, sizeof(counting->begins[0]), time_compare);
    qsort(counting->ends, counting->count, sizeof(counting->ends[0]), time_compare);
    for (size_t i = 0; i < counting->count; i++) {
        while (counting->ends[ended] < counting->begins[i])
            ended++;
        if (i + 1 - ended > most) {
            most = (uint32_t)(i + 1 - ended);
            *ret_from = counting->begins[i];
        }
    }
    return most;
}

static void address_end(struct counting *counting)
{
    struct intel_names names = {.address = counting->address, .names = counting->names};
    if (counting->names == 0)
        return;
    names.names_in_a_year = overlap_most(counting, &names.year_from);
    (void)intel_builder_append(counting->builder, INTEL_SECTION_NAMES, &names, 1);
    counting->names = 0;
    counting->count = 0;
}

// The last span of the same name grows where the new one touches it: sightings come in the order of their beginnings.
static int span_add(struct counting *counting, struct span span, bool same_name)
{
    if (same_name && span.from <= counting->ends[counting->count - 1]) {
        if (span.until > counting->ends[counting->count - 1])
            counting->ends[counting->count - 1] = span.until;
        return 0;
    }
    counting->names += !same_name;
    // Beyond, an address has very many names in any case.
    if (counting->count == SPANS_MAX)
        return 0;
    if (counting->count == counting->room) {
        size_t room = counting->room == 0 ? 1024 : counting->room * 2;
        int64_t *begins = reallocarray(counting->begins, room, sizeof(begins[0]));
        counting->begins = begins != NULL ? begins : counting->begins;
        int64_t *ends = reallocarray(counting->ends, room, sizeof(ends[0]));
        counting->ends = ends != NULL ? ends : counting->ends;
        if (begins == NULL || ends == NULL)
            return -ENOMEM;
        counting->room = room;
    }
    counting->begins[counting->count] = span.from;
    counting->ends[counting->count++] = span.until;
    return 0;
}

static int sighting_count(struct counting *counting, sqlite3_stmt *row, char before[static NAME_BYTES])
{
    int64_t address = sqlite3_column_int64(row, 0);
    const char *name = (const char *)sqlite3_column_text(row, 1);
    struct span span = {.from = sqlite3_column_int64(row, 2) - YEAR_SECONDS + 1, .until = sqlite3_column_int64(row, 3)};
    // The file may be anybody's.
    if (address < 0 || address > UINT32_MAX || name == NULL || strlen(name) >= NAME_BYTES || span.until < span.from)
        return 0;
    if (counting->names > 0 && counting->address != (uint32_t)address)
        address_end(counting);
    counting->address = (uint32_t)address;
    bool same = counting->names > 0 && strcmp(name, before) == 0;
    memcpy(before, name, strlen(name) + 1);
    return span_add(counting, span, same);
}

static int names_build(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
                       struct complaint *ret_complaint)
{
    struct counting counting = {.builder = builder};
    char before[NAME_BYTES] = "";
    sqlite3_stmt *rows = NULL;
    int got = SQLITE_DONE;
    (void)names;
    int error = feed_prepare(database, "SELECT address, name, first, last FROM sighting ORDER BY address, name, first",
                             &rows, ret_complaint);
    while (error == 0 && (got = sqlite3_step(rows)) == SQLITE_ROW)
        error = sighting_count(&counting, rows, before);
    if (error == 0 && got != SQLITE_DONE)
        error = feed_fail(database, ret_complaint);
    if (error == 0)
        address_end(&counting);
    (void)sqlite3_finalize(rows);
    free(counting.begins);
    free(counting.ends);
    return error;
}

const struct feed_kind feed_kind_passive_dns = {.kind = INTEL_PASSIVE_DNS,
                                                .schema = schema,
                                                .rows = "SELECT count(*) FROM sighting",
                                                .old_days = 30,
                                                .build = names_build,
                                                .grows = true};
