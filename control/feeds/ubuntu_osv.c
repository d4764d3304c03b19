// SPDX-License-Identifier: BSD-3-Clause
// Ubuntu's verdicts as OSV (the OSV schema of ossf.github.io/osv-schema): records of CVEs (UBUNTU-CVE-...) and notices
// (USN-...), a file each as Canonical publishes them, or any number of them put together. A record lists what is
// affected alone; a release that it does not name may not be affected or not be looked at, so nothing is known of it.
#include "control/feeds/ubuntu.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/feeds/feed_formats.h"
#include "control/feeds/json_stream.h"

enum { RELEASE_BYTES = 32, KEY_BYTES = 256 };

struct parsing {
    struct feed_input *input;
    struct ubuntu_rows rows;
    sqlite3_stmt *forget; // of one CVE
    sqlite3_stmt *known;
    json_t *listed; // "package release": how many of its versions are stored
    struct complaint *complaint;
};

// A record, while its packages are gone through.
struct record {
    struct parsing *parsing;
    const char *id;
    bool is_notice;
    json_t *fixed; // "package release": the version, or "" while it is not fixed
};

static const char *member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

// "pkg:deb/ubuntu/openssh@1:7.2p2-4?arch=source&distro=esm-infra/xenial": xenial. "" for other builds of it (FIPS,
// realtime), which have versions of their own.
static void release_read(const json_t *package, char ret_release[static RELEASE_BYTES])
{
    const char *ecosystem = member(package, "ecosystem");
    const char *distro = strstr(member(package, "purl"), "distro=");
    ret_release[0] = '\0';
    if (strncmp(ecosystem, "Ubuntu:", 7) != 0 || distro == NULL)
        return;
    // "Ubuntu:16.04:LTS", "Ubuntu:Pro:16.04:LTS", "Ubuntu:25.04"; others have a word there.
    const char *number = ecosystem + 7;
    number += strncmp(number, "Pro:", 4) == 0 ? 4 : 0;
    if (*number < '0' || *number > '9')
        return;
    distro += strlen("distro=");
    size_t length = strcspn(distro, "&#");
    const char *slash = memrchr(distro, '/', length);
    size_t skipped = slash == NULL ? 0 : (size_t)(slash + 1 - distro);
    if (length > skipped && length - skipped < RELEASE_BYTES) {
        memcpy(ret_release, distro + skipped, length - skipped);
        ret_release[length - skipped] = '\0';
    }
}

static const char *fixed_read(const json_t *affected)
{
    size_t i;
    size_t e;
    const json_t *range;
    const json_t *event;
    const char *fixed = "";
    json_array_foreach(json_object_get(affected, "ranges"), i, range)
    {
        if (strcmp(member(range, "type"), "ECOSYSTEM") != 0)
            continue;
        json_array_foreach(json_object_get(range, "events"), e, event)
        {
            fixed = member(event, "fixed")[0] != '\0' ? member(event, "fixed") : fixed;
        }
    }
    return fixed;
}

// The list up to a later fix holds the one up to an earlier: what is no longer than one that is stored is in it.
static int versions_store(struct parsing *parsing, const char *key, const char *package, const char *release,
                          const json_t *versions)
{
    size_t i;
    const json_t *version;
    size_t count = json_array_size(versions);
    int error = 0;
    if ((size_t)json_integer_value(json_object_get(parsing->listed, key)) >= count)
        return 0;
    json_array_foreach(versions, i, version)
    {
        if (error == 0 && json_is_string(version))
            error = distribution_known_store(parsing->known, package, json_string_value(version), release,
                                             parsing->complaint);
    }
    if (error == 0 && json_object_set_new(parsing->listed, key, json_integer((json_int_t)count)) != 0)
        error = -ENOMEM;
    return error;
}

// Of the release itself and its extended maintenance, which stand apart, a fix that everybody gets is meant.
static int affected_take(struct record *record, const json_t *affected, size_t number)
{
    const json_t *package = json_object_get(affected, "package");
    const char *name = member(package, "name");
    char release[RELEASE_BYTES];
    char key[KEY_BYTES];
    if (!json_is_object(package) || name[0] == '\0')
        return feed_complain(record->parsing->input, "%.40s: affected[%zu].package: expected an object with a name",
                             record->id, number);
    release_read(package, release);
    if (release[0] == '\0' || strchr(name, ' ') != NULL ||
        snprintf(key, sizeof(key), "%s %s", name, release) >= KEY_BYTES)
        return 0;
    const char *fixed = fixed_read(affected);
    const char *before = json_string_value(json_object_get(record->fixed, key));
    bool is_pro = strncmp(member(package, "ecosystem"), "Ubuntu:Pro:", 11) == 0;
    if (before == NULL || (fixed[0] != '\0' && (before[0] == '\0' || !is_pro)))
        if (json_object_set_new(record->fixed, key, json_string(fixed)) != 0)
            return -ENOMEM;
    return versions_store(record->parsing, key, name, release, json_object_get(affected, "versions"));
}

static int cve_store(const struct record *record, const char *cve)
{
    struct parsing *parsing = record->parsing;
    struct ubuntu_row row = {.advisory = NULL};
    char name[KEY_BYTES];
    const char *key;
    const json_t *fixed;
    // Of an "UBUNTU-CVE-..." the name behind it.
    cve += strncmp(cve, "UBUNTU-", 7) == 0 ? 7 : 0;
    if (!feed_cve_read(cve, &row.year, &row.number))
        return 0;
    int error = 0;
    if (!record->is_notice) {
        (void)sqlite3_bind_int64(parsing->forget, 1, row.year);
        (void)sqlite3_bind_int64(parsing->forget, 2, row.number);
        error = feed_step(sqlite3_db_handle(parsing->forget), parsing->forget, parsing->complaint);
    }
    json_object_foreach((json_t *)(uintptr_t)record->fixed, key, fixed)
    {
        const char *version = json_string_value(fixed);
        const char *space = strchr(key, ' ');
        if (error != 0 || space == NULL || (record->is_notice && version[0] == '\0'))
            continue;
        (void)snprintf(name, sizeof(name), "%.*s", (int)(space - key), key);
        row.package = name;
        row.release = space + 1;
        row.fixed = version[0] == '\0' ? NULL : version;
        row.status = record->is_notice ? NULL : row.fixed == NULL ? "open" : "resolved";
        row.advisory = record->is_notice ? record->id : NULL;
        error = record->is_notice ? ubuntu_notice_store(&parsing->rows, &row) : ubuntu_row_store(&parsing->rows, &row);
    }
    return error;
}

static int cves_store(const struct record *record, const json_t *names)
{
    size_t i;
    const json_t *name;
    int error = 0;
    json_array_foreach(names, i, name)
    {
        if (error == 0 && json_is_string(name))
            error = cve_store(record, json_string_value(name));
    }
    return error;
}

static int record_take(void *context, const json_t *value, size_t number)
{
    struct parsing *parsing = context;
    struct record record = {.parsing = parsing, .id = member(value, "id")};
    size_t i;
    const json_t *affected;
    if (!json_is_object(value) || record.id[0] == '\0')
        return feed_complain(parsing->input, "record %zu: expected an object with an id", number);
    record.is_notice = strncmp(record.id, "USN-", 4) == 0;
    // Others (of the kernel's live patches) stand beside these in what Canonical publishes.
    if ((!record.is_notice && strncmp(record.id, "UBUNTU-CVE-", 11) != 0) ||
        json_object_get(value, "withdrawn") != NULL)
        return 0;
    record.fixed = json_object();
    int error = record.fixed == NULL ? -ENOMEM : 0;
    json_array_foreach(json_object_get(value, "affected"), i, affected)
    {
        if (error == 0)
            error = affected_take(&record, affected, i);
    }
    if (error == 0 && !record.is_notice)
        error = cve_store(&record, record.id);
    // Notices name their CVEs in either, as the schema changed.
    if (error == 0 && record.is_notice)
        error = cves_store(&record, json_object_get(value, "upstream"));
    if (error == 0 && record.is_notice)
        error = cves_store(&record, json_object_get(value, "related"));
    json_decref(record.fixed);
    return error;
}

static int osv_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    struct parsing parsing = {.input = input, .listed = json_object(), .complaint = ret_complaint};
    int error = parsing.listed == NULL ? -ENOMEM : ubuntu_rows_begin(database, "osv", &parsing.rows, ret_complaint);
    if (error == 0)
        error = distribution_known_prepare(database, &parsing.known, ret_complaint);
    if (error == 0)
        error = feed_prepare(database,
                             "UPDATE verdict SET status = NULL, fixed = NULL WHERE year = ? AND number = ? AND form = "
                             "'osv'",
                             &parsing.forget, ret_complaint);
    if (error == 0)
        error = json_stream_read(
            input, &(struct json_stream_use){.sequence = true, .element = record_take, .context = &parsing});
    (void)sqlite3_finalize(parsing.forget);
    (void)sqlite3_finalize(parsing.known);
    ubuntu_rows_finish(&parsing.rows);
    json_decref(parsing.listed);
    return error;
}

static bool osv_recognise(const char *head, size_t length)
{
    return length > 0 && (head[0] == '{' || head[0] == '[') && memmem(head, length, "\"id\"", 4) != NULL &&
           (memmem(head, length, "\"UBUNTU-CVE-", 12) != NULL || memmem(head, length, "\"USN-", 5) != NULL ||
            memmem(head, length, "\"LSN-", 5) != NULL);
}

const struct feed_format feed_format_ubuntu_osv = {
    .name = "Ubuntu OSV", .kind = INTEL_UBUNTU, .recognise = osv_recognise, .parse = osv_parse};
