// SPDX-License-Identifier: BSD-3-Clause
// Debian's verdicts: the security tracker's JSON, of every package, CVE and release; and the lists of its advisories
// (DSA, and DLA of long-term support), of what was fixed when.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/feeds/distribution.h"
#include "control/feeds/feed_formats.h"
#include "control/feeds/json_stream.h"

enum { LINE_BYTES = 64 << 10, PACKAGE_BYTES = 128, ADVISORY_BYTES = 32, CVES_MAX = 4096, NAME_BYTES = 24 };

static const char schema[] = "CREATE TABLE IF NOT EXISTS verdict(" DISTRIBUTION_VERDICT
                             ", PRIMARY KEY(package, year, number, release)) WITHOUT ROWID;" DISTRIBUTION_KNOWN;

struct parsing {
    struct feed_input *input;
    sqlite3 *database;
    sqlite3_stmt *insert;
    sqlite3_stmt *known; // versions, of the tracker
    struct complaint *complaint;
};

static int row_store(struct parsing *parsing, const char *package, const char *cve, const char *release,
                     const char *const values[2])
{
    uint32_t year;
    uint32_t number;
    // The tracker names what has no CVE yet TEMP-...; nobody else knows these.
    if (!feed_cve_read(cve, &year, &number))
        return 0;
    (void)sqlite3_bind_text(parsing->insert, 1, package, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(parsing->insert, 2, year);
    (void)sqlite3_bind_int64(parsing->insert, 3, number);
    (void)sqlite3_bind_text(parsing->insert, 4, release, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(parsing->insert, 5, values[0], -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(parsing->insert, 6, values[1], -1, SQLITE_TRANSIENT);
    return feed_step(parsing->database, parsing->insert, parsing->complaint);
}

// ---- The tracker
// ------------------------------------------------------------------------------------------------------

// {"stretch": "1:7.4p1-10+deb9u6", "stretch-security": ...}: what the release has now. What is unstable today is
// somebody's stable release later, and another version by then.
static int repositories_take(struct parsing *parsing, const char *package, const char *release, const json_t *verdict)
{
    const char *repository;
    json_t *version;
    int error = 0;
    if (strcmp(release, "sid") == 0 || strcmp(release, "experimental") == 0)
        return 0;
    json_object_foreach(json_object_get(verdict, "repositories"), repository, version)
    {
        if (error == 0 && json_is_string(version) && json_string_value(version)[0] != '\0')
            error = distribution_known_store(parsing->known, package, json_string_value(version), release,
                                             parsing->complaint);
    }
    return error;
}

static int package_take(void *context, const char *package, const json_t *cves)
{
    struct parsing *parsing = context;
    const char *cve;
    const char *release;
    json_t *entry;
    json_t *verdict;
    int error = 0;
    json_object_foreach((json_t *)(uintptr_t)cves, cve, entry)
    {
        json_t *releases = json_object_get(entry, "releases");
        if (!json_is_object(releases))
            return feed_complain(parsing->input, "%.60s.%.30s.releases: expected an object", package, cve);
        json_object_foreach(releases, release, verdict)
        {
            const char *values[2] = {json_string_value(json_object_get(verdict, "status")),
                                     json_string_value(json_object_get(verdict, "fixed_version"))};
            if (error == 0 && values[0] == NULL)
                error = feed_complain(parsing->input, "%.60s.%.30s.releases.%.30s.status: expected a text", package,
                                      cve, release);
            if (error == 0)
                error = row_store(parsing, package, cve, release, values);
            if (error == 0)
                error = repositories_take(parsing, package, release, verdict);
        }
    }
    return error;
}

static int tracker_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    struct parsing parsing = {.input = input, .database = database, .complaint = ret_complaint};
    // What the tracker does not say any more is not so any more.
    int error = sqlite3_exec(database, "UPDATE verdict SET status = NULL, fixed = NULL", NULL, NULL, NULL) == SQLITE_OK
                    ? distribution_known_prepare(database, &parsing.known, ret_complaint)
                    : feed_fail(database, ret_complaint);
    if (error == 0)
        error =
            feed_prepare(database,
                         "INSERT INTO verdict(package, year, number, release, status, fixed) VALUES(?,?,?,?,?,?) ON "
                         "CONFLICT DO UPDATE SET status = excluded.status, fixed = excluded.fixed",
                         &parsing.insert, ret_complaint);
    if (error == 0)
        error = json_stream_read(input, &(struct json_stream_use){.container = package_take, .context = &parsing});
    (void)sqlite3_finalize(parsing.insert);
    (void)sqlite3_finalize(parsing.known);
    return error;
}

static bool tracker_recognise(const char *head, size_t length)
{
    return length > 0 && head[0] == '{' && memmem(head, length, "\"releases\"", 10) != NULL &&
           (memmem(head, length, "\"debianbug\"", 11) != NULL || memmem(head, length, "\"scope\"", 7) != NULL);
}

const struct feed_format feed_format_debian = {
    .name = "Debian tracker", .kind = INTEL_DEBIAN, .recognise = tracker_recognise, .parse = tracker_parse};

// ---- The lists
// --------------------------------------------------------------------------------------------------------

// An advisory while its lines come: "[25 Mar 2019] DLA-1728-1 openssh - security update", "{CVE-.. CVE-..}",
// "[jessie] - openssh 1:6.7p1-5+deb8u8".
struct advisory {
    char name[ADVISORY_BYTES];
    char (*cves)[NAME_BYTES];
    size_t count;
};

static int advisory_begin(struct parsing *parsing, const char *line, struct advisory *advisory)
{
    const char *name = strchr(line, ']');
    advisory->count = 0;
    advisory->name[0] = '\0';
    if (name == NULL || name[1] != ' ')
        return feed_complain(parsing->input, "expected \"[date] DSA-...\"");
    size_t length = strcspn(name + 2, " ");
    if (length == 0 || length >= ADVISORY_BYTES ||
        (strncmp(name + 2, "DSA-", 4) != 0 && strncmp(name + 2, "DLA-", 4) != 0))
        return feed_complain(parsing->input, "expected DSA-... or DLA-... behind the date");
    memcpy(advisory->name, name + 2, length);
    advisory->name[length] = '\0';
    return 0;
}

static int cves_take(struct parsing *parsing, const char *text, struct advisory *advisory)
{
    for (text += strspn(text, "{ "); *text != '\0' && *text != '}'; text += strspn(text, " ")) {
        size_t length = strcspn(text, " }");
        if (advisory->count == CVES_MAX)
            return feed_complain(parsing->input, "more than %d CVEs in one advisory", CVES_MAX);
        if (length < NAME_BYTES) {
            memcpy(advisory->cves[advisory->count], text, length);
            advisory->cves[advisory->count++][length] = '\0';
        }
        text += length;
    }
    return 0;
}

// "[jessie] - openssh 1:6.7p1-5+deb8u8"; notes, and packages without a version (<end-of-life>), are passed over.
static int release_take(struct parsing *parsing, const char *text, const struct advisory *advisory)
{
    char release[PACKAGE_BYTES];
    char package[PACKAGE_BYTES];
    char version[PACKAGE_BYTES];
    int error = 0;
    if (sscanf(text, "[%127[^]]] - %127s %127s", release, package, version) != 3 || version[0] == '<')
        return 0;
    for (size_t i = 0; i < advisory->count && error == 0; i++)
        error =
            row_store(parsing, package, advisory->cves[i], release, (const char *const[2]){advisory->name, version});
    return error;
}

static int list_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    struct parsing parsing = {.input = input, .database = database, .complaint = ret_complaint};
    struct advisory advisory = {.cves = calloc(CVES_MAX, NAME_BYTES)};
    char *line = malloc(LINE_BYTES);
    ssize_t length = 0;
    int error = line == NULL || advisory.cves == NULL ? -ENOMEM : 0;
    // The file begins with the newest: of several advisories of one CVE the first fix stays.
    if (error == 0)
        error =
            feed_prepare(database,
                         "INSERT INTO verdict(package, year, number, release, advisory, advisory_fixed) "
                         "VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET advisory = excluded.advisory, advisory_fixed "
                         "= excluded.advisory_fixed",
                         &parsing.insert, ret_complaint);
    while (error == 0 && (length = feed_input_line(input, line, LINE_BYTES)) >= 0) {
        const char *text = line + strspn(line, " \t");
        if (line[0] == '[')
            error = advisory_begin(&parsing, line, &advisory);
        else if (*text == '{')
            error = cves_take(&parsing, text, &advisory);
        else if (*text == '[')
            error = release_take(&parsing, text, &advisory);
    }
    (void)sqlite3_finalize(parsing.insert);
    free(line);
    free(advisory.cves);
    return error != 0 ? error : length == -ENODATA ? 0 : (int)length;
}

static bool list_recognise(const char *head, size_t length)
{
    return length > 0 && head[0] == '[' &&
           (memmem(head, length, "] DSA-", 6) != NULL || memmem(head, length, "] DLA-", 6) != NULL);
}

const struct feed_format feed_format_debian_list = {
    .name = "Debian advisories", .kind = INTEL_DEBIAN, .recognise = list_recognise, .parse = list_parse};

// ---- The image
// --------------------------------------------------------------------------------------------------------

static int build(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
                 struct complaint *ret_complaint)
{
    return distribution_build(database, "debian", names, builder, ret_complaint);
}

const struct feed_kind feed_kind_debian = {.kind = INTEL_DEBIAN,
                                           .schema = schema,
                                           .rows = "SELECT count(*) FROM verdict",
                                           .old_days = 7,
                                           .build = build,
                                           .grows = true};
