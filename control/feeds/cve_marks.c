// SPDX-License-Identifier: BSD-3-Clause
// CISA's catalogue of known exploited vulnerabilities, and FIRST's exploit prediction scores: marks on CVEs.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/feeds/feed_formats.h"
#include "control/feeds/json_stream.h"

enum { EPSS_LINE_BYTES = 256 };

struct parsing {
    struct feed_input *input;
    sqlite3 *database;
    sqlite3_stmt *insert;
    struct complaint *complaint;
};

// ---- KEV
// --------------------------------------------------------------------------------------------------------------

static int kev_take(void *context, const json_t *element, size_t number)
{
    struct parsing *parsing = context;
    const char *id = json_string_value(json_object_get(element, "cveID"));
    const char *added = json_string_value(json_object_get(element, "dateAdded"));
    const char *ransomware = json_string_value(json_object_get(element, "knownRansomwareCampaignUse"));
    const char *name = json_string_value(json_object_get(element, "vulnerabilityName"));
    uint32_t year;
    uint32_t serial;
    if (id == NULL || !feed_cve_read(id, &year, &serial))
        return feed_complain(parsing->input, "vulnerabilities[%zu].cveID: expected the name of a CVE", number);
    if (feed_time(added) == 0)
        return feed_complain(parsing->input, "vulnerabilities[%zu].dateAdded: expected a day", number);
    (void)sqlite3_bind_text(parsing->insert, 1, id, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(parsing->insert, 2, year);
    (void)sqlite3_bind_int64(parsing->insert, 3, serial);
    (void)sqlite3_bind_int64(parsing->insert, 4, feed_time(added));
    (void)sqlite3_bind_int(parsing->insert, 5, ransomware != NULL && strcmp(ransomware, "Known") == 0);
    (void)sqlite3_bind_text(parsing->insert, 6, name, -1, SQLITE_TRANSIENT);
    return feed_step(parsing->database, parsing->insert, parsing->complaint);
}

static int kev_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    struct parsing parsing = {.input = input, .database = database, .complaint = ret_complaint};
    int error =
        feed_prepare(database, "INSERT OR REPLACE INTO kev VALUES(?,?,?,?,?,?)", &parsing.insert, ret_complaint);
    if (error == 0)
        error = json_stream_read(
            input, &(struct json_stream_use){.array = "vulnerabilities", .element = kev_take, .context = &parsing});
    (void)sqlite3_finalize(parsing.insert);
    return error;
}

static bool kev_recognise(const char *head, size_t length)
{
    return memmem(head, length, "\"catalogVersion\"", 16) != NULL && memmem(head, length, "\"cveID\"", 7) != NULL;
}

const struct feed_format feed_format_kev = {
    .name = "CISA KEV", .kind = INTEL_KEV, .recognise = kev_recognise, .parse = kev_parse};

// ---- EPSS
// -------------------------------------------------------------------------------------------------------------

// "cve,epss,percentile" behind a comment with the model's version and date.
static bool epss_recognise(const char *head, size_t length)
{
    return memmem(head, length, "cve,epss,percentile", 19) != NULL;
}

static int epss_line(struct parsing *parsing, char *line)
{
    char *score = strchr(line, ',');
    char *end = NULL;
    uint32_t year;
    uint32_t serial;
    if (score == NULL)
        return feed_complain(parsing->input, "expected cve,epss,percentile");
    *score++ = '\0';
    double value = strtod(score, &end);
    if (!feed_cve_read(line, &year, &serial))
        return feed_complain(parsing->input, "\"%.40s\" is no name of a CVE", line);
    if (end == score || (*end != ',' && *end != '\0') || !(value >= 0 && value <= 1))
        return feed_complain(parsing->input, "\"%.40s\" is no score from 0 to 1", score);
    (void)sqlite3_bind_text(parsing->insert, 1, line, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(parsing->insert, 2, year);
    (void)sqlite3_bind_int64(parsing->insert, 3, serial);
    (void)sqlite3_bind_double(parsing->insert, 4, value);
    return feed_step(parsing->database, parsing->insert, parsing->complaint);
}

static int epss_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    struct parsing parsing = {.input = input, .database = database, .complaint = ret_complaint};
    char line[EPSS_LINE_BYTES];
    ssize_t length = 0;
    int error = feed_prepare(database, "INSERT OR REPLACE INTO epss VALUES(?,?,?,?)", &parsing.insert, ret_complaint);
    while (error == 0 && (length = feed_input_line(input, line, sizeof(line))) >= 0)
        if (length > 0 && line[0] != '#' && strncmp(line, "cve,", 4) != 0)
            error = epss_line(&parsing, line);
    (void)sqlite3_finalize(parsing.insert);
    return error != 0 ? error : length == -ENODATA ? 0 : (int)length;
}

const struct feed_format feed_format_epss = {
    .name = "FIRST EPSS", .kind = INTEL_EPSS, .recognise = epss_recognise, .parse = epss_parse};

// ---- The image
// --------------------------------------------------------------------------------------------------------

static struct intel_cve *cve_find(struct intel_builder *builder, uint32_t year, uint32_t number)
{
    struct intel_cve *cves = intel_builder_elements(builder, INTEL_SECTION_CVES);
    size_t low = 0;
    size_t high = intel_builder_count(builder, INTEL_SECTION_CVES);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct intel_cve *cve = &cves[middle];
        if (cve->year == year && cve->number == number)
            return cve;
        if (cve->year < year || (cve->year == year && cve->number < number))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

// Runs a query of year, number and two values over the CVEs that are there.
static int marks_build(sqlite3 *database, const char *sql, struct intel_builder *builder,
                       void (*mark)(struct intel_cve *cve, sqlite3_stmt *row), struct complaint *ret_complaint)
{
    sqlite3_stmt *rows = NULL;
    int got = SQLITE_DONE;
    int error = feed_prepare(database, sql, &rows, ret_complaint);
    while (error == 0 && (got = sqlite3_step(rows)) == SQLITE_ROW) {
        struct intel_cve *cve =
            cve_find(builder, (uint32_t)sqlite3_column_int64(rows, 0), (uint32_t)sqlite3_column_int64(rows, 1));
        if (cve != NULL)
            mark(cve, rows);
    }
    if (error == 0 && got != SQLITE_DONE)
        error = feed_fail(database, ret_complaint);
    (void)sqlite3_finalize(rows);
    return error;
}

static void kev_mark(struct intel_cve *cve, sqlite3_stmt *row)
{
    cve->kev_added = sqlite3_column_int64(row, 2);
    if (sqlite3_column_int(row, 3) != 0)
        cve->flags |= INTEL_CVE_RANSOMWARE;
}

static int kev_build(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
                     struct complaint *ret_complaint)
{
    (void)names;
    return marks_build(database, "SELECT year, number, added, ransomware FROM kev", builder, kev_mark, ret_complaint);
}

static void epss_mark(struct intel_cve *cve, sqlite3_stmt *row)
{
    double score = sqlite3_column_double(row, 2);
    cve->epss_millionths = score >= 0 && score <= 1 ? (uint32_t)(score * 1e6 + 0.5) : UINT32_MAX;
}

static int epss_build(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
                      struct complaint *ret_complaint)
{
    (void)names;
    return marks_build(database, "SELECT year, number, score, 0 FROM epss", builder, epss_mark, ret_complaint);
}

const struct feed_kind feed_kind_kev = {
    .kind = INTEL_KEV,
    .schema = "CREATE TABLE IF NOT EXISTS kev(id TEXT PRIMARY KEY, year INTEGER, number INTEGER, added INTEGER, "
              "ransomware INTEGER, name TEXT) WITHOUT ROWID;",
    .rows = "SELECT count(*) FROM kev",
    .old_days = 7,
    .build = kev_build};

const struct feed_kind feed_kind_epss = {
    .kind = INTEL_EPSS,
    .schema = "CREATE TABLE IF NOT EXISTS epss(id TEXT PRIMARY KEY, year INTEGER, number INTEGER, score REAL) WITHOUT "
              "ROWID;",
    .rows = "SELECT count(*) FROM epss",
    .old_days = 7,
    .build = epss_build};
