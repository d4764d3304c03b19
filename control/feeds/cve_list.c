// SPDX-License-Identifier: BSD-3-Clause
// The CVE List's own records (CVE record format 5): which versions of what are affected, by whoever assigned the CVE.
// Where that is the product's vendor its ranges overrule NVD's; where NVD has none they are better than nothing. A file
// is one record, or any number of them put together. Rows stand beside NVD's, in the same tables.
#include "control/feeds/cve_list.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/classify/version.h"
#include "control/feeds/feed_formats.h"
#include "control/feeds/json_stream.h"

enum { NAME_BYTES = 128, RANGES_MAX = 256 };

struct parsing {
    struct feed_input *input;
    sqlite3 *database;
    struct complaint *complaint;
    sqlite3_stmt *known;
    sqlite3_stmt *forget;
    sqlite3_stmt *forget_ranges;
    sqlite3_stmt *insert;
    sqlite3_stmt *insert_range;
};

// Versions that are affected: from start, up to end. "" where it is open; exact: start alone.
struct range {
    char start[VERSION_BYTES];
    char end[VERSION_BYTES];
    bool end_included;
    bool exact;
};

// What a record says of one product.
struct affected {
    char vendor[NAME_BYTES];
    char product[NAME_BYTES];
    const char *cpe; // NULL: it gives none
    bool own;        // whoever assigned the CVE is its vendor
    bool usable;
    size_t count;
    struct range ranges[RANGES_MAX];
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

// As CPE names write them: lower case, '_' for spaces. Longer ones are no names that we know.
static void name_take(const char *text, char ret_name[static NAME_BYTES])
{
    size_t length = strlen(text);
    ret_name[0] = '\0';
    for (size_t i = 0; i < length && length < NAME_BYTES; i++) {
        ret_name[i] = text[i] == ' ' ? '_' : (char)tolower((unsigned char)text[i]);
        ret_name[i + 1] = '\0';
    }
}

// ---- Whose record it is
// -----------------------------------------------------------------------------------------------

// Whether a word stands in a name between '_', '-' and spaces, in either case.
static bool has_word(const char *name, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = name; length > 0 && *at != '\0'; at += strspn(at, "_- ")) {
        size_t here = strcspn(at, "_- ");
        if (here == length && strncasecmp(at, word, length) == 0)
            return true;
        at += here;
    }
    return false;
}

static bool is_own(const char *assigner, const struct affected *affected)
{
    return has_word(affected->vendor, assigner) || has_word(affected->product, assigner) ||
           has_word(assigner, affected->vendor);
}

// ---- Ranges
// -----------------------------------------------------------------------------------------------------------

// A version that can be compared, and no sentence about versions.
static bool is_version(const char *text)
{
    struct version made;
    size_t length = strlen(text);
    if (length == 0 || length >= VERSION_BYTES || !isdigit((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && strchr(".-+~_", text[i]) == NULL)
            return false;
    return version_make(text, NULL, &made);
}

// Where a range begins that says so with nothing: "", "0", "*", "unspecified", "n/a".
static bool is_open(const char *text)
{
    static const char *const words[] = {"", "0", "*", "unspecified", "n/a", "-"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool range_add(struct affected *affected, const char *start, const char *end, bool end_included, bool exact)
{
    bool from_first = is_open(start);
    bool endless = strcmp(end, "*") == 0 || end[0] == '\0';
    if (affected->count == RANGES_MAX || (exact ? !is_version(start) : !from_first && !is_version(start)) ||
        (!exact && !endless && !is_version(end)) || (!exact && from_first && endless))
        return false;
    struct range *range = &affected->ranges[affected->count++];
    *range = (struct range){.end_included = end_included, .exact = exact};
    (void)snprintf(range->start, VERSION_BYTES, "%s", exact || !from_first ? start : "");
    (void)snprintf(range->end, VERSION_BYTES, "%s", exact || endless ? "" : end);
    return true;
}

// A range whose state changes on the way: "changes" name the versions from which on it is another.
static bool changes_add(struct affected *affected, const json_t *changes, const char *start, const char *end,
                        bool end_included)
{
    size_t i;
    const json_t *change;
    bool is_affected = true;
    json_array_foreach(changes, i, change)
    {
        const char *at = text_of(change, "at");
        bool becomes = strcmp(text_of(change, "status"), "affected") == 0;
        if (!is_version(at) || (is_affected && !becomes && !range_add(affected, start, at, false, false)))
            return false;
        start = becomes && !is_affected ? at : start;
        is_affected = becomes;
    }
    return !is_affected || range_add(affected, start, end, end_included, false);
}

// False for what cannot be compared: then nothing of the product is used. A commit is passed over.
static bool version_add(struct affected *affected, const json_t *version)
{
    const char *start = text_of(version, "version");
    const char *below = text_of(version, "lessThan");
    const char *last = text_of(version, "lessThanOrEqual");
    const json_t *changes = json_object_get(version, "changes");
    bool bounded = below[0] != '\0' || last[0] != '\0';
    if (strcmp(text_of(version, "versionType"), "git") == 0 || strcmp(text_of(version, "status"), "affected") != 0)
        return true;
    if (json_array_size(changes) > 0)
        return changes_add(affected, changes, start, below[0] != '\0' ? below : last, below[0] == '\0');
    return range_add(affected, start, below[0] != '\0' ? below : last, below[0] == '\0', !bounded);
}

static bool range_holds(const struct range *range, const struct version *version)
{
    struct version bound;
    if (range->start[0] != '\0' && version_make(range->start, NULL, &bound)) {
        int order = version_bound_compare(version, &bound);
        if (range->exact ? order != 0 : order < 0)
            return false;
    }
    if (range->end[0] == '\0' || !version_make(range->end, NULL, &bound))
        return true;
    int order = version_bound_compare(version, &bound);
    return order < 0 || (order == 0 && range->end_included);
}

// What is said not to be affected must not lie in what is: such a record says more than we read of it.
static bool contradicts(const struct affected *affected, const json_t *version)
{
    struct version excepted;
    const char *status = text_of(version, "status");
    const char *start = text_of(version, "version");
    if (strcmp(status, "affected") == 0 || !is_version(start) || !version_make(start, NULL, &excepted))
        return false;
    for (size_t i = 0; i < affected->count; i++)
        if (range_holds(&affected->ranges[i], &excepted))
            return true;
    return false;
}

static void affected_read(const json_t *value, const char *assigner, struct affected *ret_affected)
{
    size_t i;
    const json_t *version;
    const json_t *versions = json_object_get(value, "versions");
    *ret_affected =
        (struct affected){.cpe = json_string_value(json_array_get(json_object_get(value, "cpes"), 0)), .usable = true};
    name_take(text_of(value, "vendor"), ret_affected->vendor);
    name_take(text_of(value, "product"), ret_affected->product);
    ret_affected->own = is_own(assigner, ret_affected);
    // All but those listed: not read.
    if (strcmp(text_of(value, "defaultStatus"), "affected") == 0)
        ret_affected->usable = false;
    json_array_foreach(versions, i, version)
    {
        ret_affected->usable = ret_affected->usable && version_add(ret_affected, version);
    }
    json_array_foreach(versions, i, version)
    {
        ret_affected->usable = ret_affected->usable && !contradicts(ret_affected, version);
    }
}

// ---- Rows
// -------------------------------------------------------------------------------------------------------------

static bool has_end(const struct affected *affected)
{
    for (size_t i = 0; i < affected->count; i++)
        if (affected->ranges[i].end[0] != '\0')
            return true;
    return false;
}

// A list of single versions may name what was looked at alone, so it overrules nothing.
static int affected_store(struct parsing *parsing, const char *id, const struct affected *affected, int *number)
{
    sqlite3_stmt *insert = parsing->insert_range;
    bool overrules = affected->own && has_end(affected);
    int error = 0;
    for (size_t i = 0; affected->usable && i < affected->count && error == 0; i++) {
        const struct range *range = &affected->ranges[i];
        (void)sqlite3_bind_text(insert, 1, id, -1, SQLITE_TRANSIENT);
        (void)sqlite3_bind_int(insert, 2, (*number)++);
        (void)sqlite3_bind_text(insert, 3, affected->vendor, -1, SQLITE_TRANSIENT);
        (void)sqlite3_bind_text(insert, 4, affected->product, -1, SQLITE_TRANSIENT);
        (void)sqlite3_bind_text(insert, 5, affected->cpe, -1, SQLITE_TRANSIENT);
        (void)sqlite3_bind_text(insert, 6, range->start, -1, SQLITE_TRANSIENT);
        (void)sqlite3_bind_text(insert, 7, range->end, -1, SQLITE_TRANSIENT);
        (void)sqlite3_bind_int(insert, 8, range->end_included);
        (void)sqlite3_bind_int(insert, 9, range->exact);
        (void)sqlite3_bind_int(insert, 10, overrules);
        error = feed_step(parsing->database, insert, parsing->complaint);
    }
    return error;
}

// What is there already in a later form stays. *ret_newer: this one is to be stored.
static int known_judge(struct parsing *parsing, const char *id, int64_t modified, bool *ret_newer)
{
    (void)sqlite3_bind_text(parsing->known, 1, id, -1, SQLITE_TRANSIENT);
    int got = sqlite3_step(parsing->known);
    *ret_newer = got == SQLITE_DONE || sqlite3_column_int64(parsing->known, 0) <= modified;
    (void)sqlite3_reset(parsing->known);
    return got == SQLITE_ROW || got == SQLITE_DONE ? 0 : feed_fail(parsing->database, parsing->complaint);
}

static int record_begin(struct parsing *parsing, const char *id, int64_t modified)
{
    (void)sqlite3_bind_text(parsing->forget, 1, id, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(parsing->forget_ranges, 1, id, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(parsing->insert, 1, id, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(parsing->insert, 2, modified);
    sqlite3_stmt *steps[] = {parsing->forget, parsing->forget_ranges, parsing->insert};
    int error = 0;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && error == 0; i++)
        error = feed_step(parsing->database, steps[i], parsing->complaint);
    return error;
}

static int record_take(void *context, const json_t *value, size_t number)
{
    struct parsing *parsing = context;
    const json_t *metadata = json_object_get(value, "cveMetadata");
    const char *id = text_of(metadata, "cveId");
    int64_t modified = feed_time(text_of(metadata, "dateUpdated"));
    uint32_t year;
    uint32_t serial;
    bool newer = false;
    int ranges = 0;
    size_t i;
    const json_t *affected;
    static struct affected read; // a child's, and large
    if (!feed_cve_read(id, &year, &serial))
        return feed_complain(parsing->input, "record %zu: cveMetadata.cveId: \"%.40s\" is no name of a CVE", number,
                             id);
    int error = known_judge(parsing, id, modified, &newer);
    if (error == 0 && newer)
        error = record_begin(parsing, id, modified);
    if (error != 0 || !newer || strcmp(text_of(metadata, "state"), "PUBLISHED") != 0)
        return error;
    json_array_foreach(json_object_get(json_object_get(json_object_get(value, "containers"), "cna"), "affected"), i,
                       affected)
    {
        affected_read(affected, text_of(metadata, "assignerShortName"), &read);
        if (error == 0)
            error = affected_store(parsing, id, &read, &ranges);
    }
    return error;
}

// Ranges alone are no CVEs.
static int nvd_expect(struct parsing *parsing)
{
    sqlite3_stmt *any = NULL;
    int error = feed_prepare(parsing->database, "SELECT 1 FROM cve LIMIT 1", &any, parsing->complaint);
    if (error == 0 && sqlite3_step(any) != SQLITE_ROW)
        error = feed_complain(parsing->input, "holds ranges of CVEs that NVD describes: import NVD's records first");
    (void)sqlite3_finalize(any);
    return error;
}

static int parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    struct parsing parsing = {.input = input, .database = database, .complaint = ret_complaint};
    const struct {
        const char *sql;
        sqlite3_stmt **ret;
    } statements[] = {
        {"SELECT modified FROM cve_list WHERE cve = ?", &parsing.known},
        {"DELETE FROM cve_list WHERE cve = ?", &parsing.forget},
        {"DELETE FROM cve_list_range WHERE cve = ?", &parsing.forget_ranges},
        {"INSERT INTO cve_list VALUES(?,?)", &parsing.insert},
        {"INSERT INTO cve_list_range VALUES(?,?,?,?,?,?,?,?,?,?)", &parsing.insert_range},
    };
    size_t count = sizeof(statements) / sizeof(statements[0]);
    int error = nvd_expect(&parsing);
    for (size_t i = 0; i < count && error == 0; i++)
        error = feed_prepare(database, statements[i].sql, statements[i].ret, ret_complaint);
    if (error == 0)
        error = json_stream_read(
            input, &(struct json_stream_use){.sequence = true, .element = record_take, .context = &parsing});
    for (size_t i = 0; i < count; i++)
        (void)sqlite3_finalize(*statements[i].ret);
    return error;
}

static bool recognise(const char *head, size_t length)
{
    return memmem(head, length, "\"CVE_RECORD\"", 12) != NULL && memmem(head, length, "\"dataType\"", 10) != NULL;
}

const struct feed_format feed_format_cve_list = {
    .name = "CVE List 5", .kind = INTEL_NVD, .recognise = recognise, .parse = parse};
