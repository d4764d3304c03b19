// SPDX-License-Identifier: BSD-3-Clause
// CVE records of NVD: its API 2.0, its yearly files of that form, and the yearly feeds of form 1.1 that it published
// until 2023.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/feeds/cve_list.h"
#include "control/feeds/feed_formats.h"
#include "control/feeds/json_stream.h"
#include "control/feeds/nvd_build.h"

enum { SUMMARY_BYTES = 256, MATCHES_MAX = 100000 };

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS cve(id TEXT PRIMARY KEY, year INTEGER, number INTEGER, published INTEGER, modified "
    "INTEGER, status TEXT, summary TEXT, cvss2 REAL, cvss2_severity TEXT, cvss3 REAL, cvss3_severity TEXT, cvss4 REAL, "
    "cvss4_severity TEXT, disputed INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS cpe_match(cve TEXT, configuration INTEGER, all_nodes INTEGER, node INTEGER, "
    "all_matches "
    "INTEGER, match INTEGER, vulnerable INTEGER, criteria TEXT, start_including TEXT, start_excluding TEXT, "
    "end_including TEXT, end_excluding TEXT, PRIMARY KEY(cve, configuration, node, match)) WITHOUT "
    "ROWID;" CVE_LIST_SCHEMA;

struct parsing {
    struct feed_input *input;
    sqlite3 *database;
    struct complaint *complaint;
    sqlite3_stmt *known;
    sqlite3_stmt *forget;
    sqlite3_stmt *forget_matches;
    sqlite3_stmt *cve;
    sqlite3_stmt *match;
    size_t matches; // of this CVE
};

// One CVE, of either form.
struct entry {
    const char *id;
    const char *published;
    const char *modified;
    const char *status;
    char summary[SUMMARY_BYTES];
    const json_t *scores[3]; // cvssData of versions 2, 3 and 4
    const char *severities[3];
    bool disputed;
};

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

// ---- Rows
// -------------------------------------------------------------------------------------------------------------

static void score_bind(sqlite3_stmt *statement, int at, const json_t *score, const char *severity)
{
    double value = json_number_value(json_object_get(score, "baseScore"));
    if (score == NULL || value < 0 || value > 10) {
        (void)sqlite3_bind_null(statement, at);
        (void)sqlite3_bind_null(statement, at + 1);
        return;
    }
    (void)sqlite3_bind_double(statement, at, value);
    (void)sqlite3_bind_text(statement, at + 1, severity, -1, SQLITE_TRANSIENT);
}

static int entry_store(struct parsing *parsing, const struct entry *entry, uint32_t year, uint32_t number)
{
    sqlite3_stmt *cve = parsing->cve;
    (void)sqlite3_bind_text(cve, 1, entry->id, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(cve, 2, year);
    (void)sqlite3_bind_int64(cve, 3, number);
    (void)sqlite3_bind_int64(cve, 4, feed_time(entry->published));
    (void)sqlite3_bind_int64(cve, 5, feed_time(entry->modified));
    (void)sqlite3_bind_text(cve, 6, entry->status, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(cve, 7, entry->summary, -1, SQLITE_TRANSIENT);
    for (int i = 0; i < 3; i++)
        score_bind(cve, 8 + 2 * i, entry->scores[i], entry->severities[i]);
    (void)sqlite3_bind_int(cve, 14, entry->disputed);
    return feed_step(parsing->database, cve, parsing->complaint);
}

// Where one entry of a configuration stands.
struct place {
    const char *id;
    int configuration;
    bool all_nodes;
    int node;
    bool all_matches;
};

static int match_store(struct parsing *parsing, const struct place *place, int at, const json_t *match, bool is_11)
{
    static const char *const bounds[] = {"versionStartIncluding", "versionStartExcluding", "versionEndIncluding",
                                         "versionEndExcluding"};
    const char *criteria = text_of(match, is_11 ? "cpe23Uri" : "criteria");
    sqlite3_stmt *statement = parsing->match;
    if (criteria == NULL)
        return feed_complain(parsing->input, "%s: an entry without its CPE name", place->id);
    if (++parsing->matches > MATCHES_MAX)
        return feed_complain(parsing->input, "%s: more than %d entries", place->id, MATCHES_MAX);
    (void)sqlite3_bind_text(statement, 1, place->id, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int(statement, 2, place->configuration);
    (void)sqlite3_bind_int(statement, 3, place->all_nodes);
    (void)sqlite3_bind_int(statement, 4, place->node);
    (void)sqlite3_bind_int(statement, 5, place->all_matches);
    (void)sqlite3_bind_int(statement, 6, at);
    (void)sqlite3_bind_int(statement, 7, json_is_true(json_object_get(match, "vulnerable")));
    (void)sqlite3_bind_text(statement, 8, criteria, -1, SQLITE_TRANSIENT);
    for (int i = 0; i < 4; i++)
        (void)sqlite3_bind_text(statement, 9 + i, text_of(match, bounds[i]), -1, SQLITE_TRANSIENT);
    return feed_step(parsing->database, statement, parsing->complaint);
}

static bool is_and(const json_t *object)
{
    const char *word = text_of(object, "operator");
    return word != NULL && strcmp(word, "AND") == 0;
}

static int node_store(struct parsing *parsing, struct place *place, const json_t *node, bool is_11)
{
    size_t i;
    json_t *match;
    int error = 0;
    if (json_is_true(json_object_get(node, "negate")))
        return feed_complain(parsing->input, "%s: a negated node, which NVD has never used", place->id);
    place->all_matches = is_and(node);
    json_array_foreach(json_object_get(node, is_11 ? "cpe_match" : "cpeMatch"), i, match)
    {
        if (error == 0)
            error = match_store(parsing, place, (int)i, match, is_11);
    }
    place->node++;
    return error;
}

// Form 2.0: configurations, of nodes, of entries.
static int configurations_store(struct parsing *parsing, const char *id, const json_t *configurations)
{
    size_t i;
    size_t j;
    json_t *configuration;
    json_t *node;
    int error = 0;
    json_array_foreach(configurations, i, configuration)
    {
        struct place place = {.id = id, .configuration = (int)i, .all_nodes = is_and(configuration)};
        json_array_foreach(json_object_get(configuration, "nodes"), j, node)
        {
            if (error == 0)
                error = node_store(parsing, &place, node, false);
        }
    }
    return error;
}

// Form 1.1: each outermost node is a configuration; where it has children these are its nodes.
static int nodes_store(struct parsing *parsing, const char *id, const json_t *nodes)
{
    size_t i;
    size_t j;
    json_t *node;
    json_t *child;
    int error = 0;
    json_array_foreach(nodes, i, node)
    {
        const json_t *children = json_object_get(node, "children");
        bool has = json_array_size(children) > 0;
        struct place place = {.id = id, .configuration = (int)i, .all_nodes = has && is_and(node)};
        if (error == 0 && !has)
            error = node_store(parsing, &place, node, true);
        json_array_foreach(children, j, child)
        {
            if (error == 0)
                error = node_store(parsing, &place, child, true);
        }
    }
    return error;
}

// ---- Entries
// ----------------------------------------------------------------------------------------------------------

// The first sentence of the description, or as much of it as fits.
static void summary_take(struct entry *entry, const json_t *descriptions)
{
    size_t i;
    json_t *description;
    const char *text = NULL;
    json_array_foreach(descriptions, i, description)
    {
        const char *language = text_of(description, "lang");
        if (text == NULL && language != NULL && strcmp(language, "en") == 0)
            text = text_of(description, "value");
    }
    if (text == NULL)
        return;
    const char *end = strstr(text, ". ");
    size_t length = end == NULL ? strlen(text) : (size_t)(end - text) + 1;
    if (length >= SUMMARY_BYTES) {
        length = SUMMARY_BYTES - 1;
        // Whole characters of UTF-8.
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    memcpy(entry->summary, text, length);
    entry->summary[length] = '\0';
    entry->disputed = entry->disputed || strstr(text, "** DISPUTED **") != NULL;
}

// The primary score of a version, or the first.
static void metric_take(struct entry *entry, size_t version, const json_t *metrics, bool outside)
{
    size_t i;
    json_t *metric;
    json_array_foreach(metrics, i, metric)
    {
        const char *type = text_of(metric, "type");
        bool primary = type != NULL && strcmp(type, "Primary") == 0;
        if (entry->scores[version] != NULL && !primary)
            continue;
        const json_t *data = json_object_get(metric, "cvssData");
        const char *severity = text_of(outside ? metric : data, "baseSeverity");
        entry->scores[version] = data;
        entry->severities[version] = severity;
        if (primary)
            return;
    }
}

static bool tags_dispute(const json_t *cve)
{
    size_t i;
    size_t j;
    json_t *source;
    json_t *tag;
    json_array_foreach(json_object_get(cve, "cveTags"), i, source)
    {
        json_array_foreach(json_object_get(source, "tags"), j, tag)
        {
            if (json_is_string(tag) && strcmp(json_string_value(tag), "disputed") == 0)
                return true;
        }
    }
    return false;
}

static void entry_read(const json_t *cve, struct entry *entry)
{
    const json_t *metrics = json_object_get(cve, "metrics");
    *entry = (struct entry){.id = text_of(cve, "id"),
                            .published = text_of(cve, "published"),
                            .modified = text_of(cve, "lastModified"),
                            .status = text_of(cve, "vulnStatus"),
                            .disputed = tags_dispute(cve)};
    summary_take(entry, json_object_get(cve, "descriptions"));
    metric_take(entry, 0, json_object_get(metrics, "cvssMetricV2"), true);
    metric_take(entry, 1, json_object_get(metrics, "cvssMetricV31"), false);
    if (entry->scores[1] == NULL)
        metric_take(entry, 1, json_object_get(metrics, "cvssMetricV30"), false);
    metric_take(entry, 2, json_object_get(metrics, "cvssMetricV40"), false);
}

static void entry_read_11(const json_t *item, struct entry *entry)
{
    const json_t *cve = json_object_get(item, "cve");
    const json_t *impact = json_object_get(item, "impact");
    const json_t *version2 = json_object_get(impact, "baseMetricV2");
    const json_t *version3 = json_object_get(impact, "baseMetricV3");
    *entry = (struct entry){.id = text_of(json_object_get(cve, "CVE_data_meta"), "ID"),
                            .published = text_of(item, "publishedDate"),
                            .modified = text_of(item, "lastModifiedDate"),
                            .status = ""};
    summary_take(entry, json_object_get(json_object_get(cve, "description"), "description_data"));
    entry->scores[0] = json_object_get(version2, "cvssV2");
    entry->severities[0] = text_of(version2, "severity");
    entry->scores[1] = json_object_get(version3, "cvssV3");
    entry->severities[1] = text_of(entry->scores[1], "baseSeverity");
    if (strncmp(entry->summary, "** REJECT **", 12) == 0)
        entry->status = "Rejected";
}

// What is there already in a later form stays. *ret_newer: this one is to be stored.
static int known_judge(struct parsing *parsing, const struct entry *entry, bool *ret_newer)
{
    (void)sqlite3_bind_text(parsing->known, 1, entry->id, -1, SQLITE_TRANSIENT);
    int got = sqlite3_step(parsing->known);
    *ret_newer = got == SQLITE_DONE || sqlite3_column_int64(parsing->known, 0) <= feed_time(entry->modified);
    (void)sqlite3_reset(parsing->known);
    return got == SQLITE_ROW || got == SQLITE_DONE ? 0 : feed_fail(parsing->database, parsing->complaint);
}

static int cve_forget(struct parsing *parsing, const char *id)
{
    (void)sqlite3_bind_text(parsing->forget, 1, id, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(parsing->forget_matches, 1, id, -1, SQLITE_TRANSIENT);
    int error = feed_step(parsing->database, parsing->forget, parsing->complaint);
    return error == 0 ? feed_step(parsing->database, parsing->forget_matches, parsing->complaint) : error;
}

static int element_take(void *context, const json_t *element, size_t number)
{
    struct parsing *parsing = context;
    bool is_11 = json_object_get(element, "impact") != NULL || json_object_get(element, "publishedDate") != NULL;
    const json_t *cve = json_object_get(element, "cve");
    struct entry entry;
    uint32_t year;
    uint32_t serial;
    bool newer = false;
    if (!json_is_object(cve))
        return feed_complain(parsing->input, "element %zu: expected an object with a \"cve\"", number);
    if (is_11)
        entry_read_11(element, &entry);
    else
        entry_read(cve, &entry);
    if (entry.id == NULL || !feed_cve_read(entry.id, &year, &serial))
        return feed_complain(parsing->input, "element %zu: \"%.40s\" is no name of a CVE", number,
                             entry.id == NULL ? "" : entry.id);
    int error = known_judge(parsing, &entry, &newer);
    if (error != 0 || !newer)
        return error;
    parsing->matches = 0;
    error = cve_forget(parsing, entry.id);
    // A rejected one was no vulnerability.
    if (error != 0 || (entry.status != NULL && strcmp(entry.status, "Rejected") == 0))
        return error;
    error = entry_store(parsing, &entry, year, serial);
    if (error != 0)
        return error;
    return is_11 ? nodes_store(parsing, entry.id, json_object_get(json_object_get(element, "configurations"), "nodes"))
                 : configurations_store(parsing, entry.id, json_object_get(cve, "configurations"));
}

static int statements_prepare(struct parsing *parsing)
{
    const struct {
        const char *sql;
        sqlite3_stmt **ret;
    } statements[] = {
        {"SELECT modified FROM cve WHERE id = ?", &parsing->known},
        {"DELETE FROM cve WHERE id = ?", &parsing->forget},
        {"DELETE FROM cpe_match WHERE cve = ?", &parsing->forget_matches},
        {"INSERT INTO cve VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)", &parsing->cve},
        {"INSERT OR REPLACE INTO cpe_match VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", &parsing->match},
    };
    int error = 0;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && error == 0; i++)
        error = feed_prepare(parsing->database, statements[i].sql, statements[i].ret, parsing->complaint);
    return error;
}

static int parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint, const char *array)
{
    struct parsing parsing = {.input = input, .database = database, .complaint = ret_complaint};
    int error = statements_prepare(&parsing);
    if (error == 0)
        error = json_stream_read(
            input,
            &(struct json_stream_use){.array = array, .element = element_take, .repeated = true, .context = &parsing});
    sqlite3_stmt *statements[] = {parsing.known, parsing.forget, parsing.forget_matches, parsing.cve, parsing.match};
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        (void)sqlite3_finalize(statements[i]);
    return error;
}

static int parse_20(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return parse(input, database, ret_complaint, "vulnerabilities");
}

static int parse_11(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return parse(input, database, ret_complaint, "CVE_Items");
}

static bool recognise_20(const char *head, size_t length)
{
    return memmem(head, length, "\"NVD_CVE\"", 9) != NULL && memmem(head, length, "\"vulnerabilities\"", 17) != NULL;
}

static bool recognise_11(const char *head, size_t length)
{
    return memmem(head, length, "\"CVE_data_type\"", 15) != NULL && memmem(head, length, "\"CVE_Items\"", 11) != NULL;
}

const struct feed_format feed_format_nvd = {
    .name = "NVD 2.0", .kind = INTEL_NVD, .recognise = recognise_20, .parse = parse_20};
const struct feed_format feed_format_nvd_11 = {
    .name = "NVD 1.1", .kind = INTEL_NVD, .recognise = recognise_11, .parse = parse_11};

const struct feed_kind feed_kind_nvd = {.kind = INTEL_NVD,
                                        .schema = schema,
                                        .rows = "SELECT count(*) FROM cve",
                                        .old_days = 7,
                                        .build = nvd_build,
                                        .grows = true};
