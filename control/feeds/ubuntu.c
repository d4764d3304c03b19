// SPDX-License-Identifier: BSD-3-Clause
// Ubuntu's verdicts as OVAL: one file a release (com.ubuntu.RELEASE.cve.oval.xml, or .pkg.), in which the comment of
// each criterion says what is so of a source package. Its notices' OVAL (.usn.) names binary packages only and is
// refused.
#include "control/feeds/ubuntu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/feeds/feed_formats.h"
#include "control/feeds/xml_stream.h"

enum { NAME_BYTES = 128, ADVISORY_BYTES = 32 };

static const char schema[] = "CREATE TABLE IF NOT EXISTS verdict(" DISTRIBUTION_VERDICT
                             ", form TEXT, PRIMARY KEY(package, year, number, release)) WITHOUT ROWID;"
                             "CREATE INDEX IF NOT EXISTS verdict_cve ON verdict(year, number);" DISTRIBUTION_KNOWN;

// ---- Rows
// -------------------------------------------------------------------------------------------------------------

int ubuntu_rows_begin(sqlite3 *database, const char *form, struct ubuntu_rows *ret_rows,
                      struct complaint *ret_complaint)
{
    *ret_rows = (struct ubuntu_rows){.complaint = ret_complaint};
    int error = feed_prepare(database,
                             "INSERT INTO verdict(package, year, number, release, status, fixed, advisory, form) "
                             "VALUES(?,?,?,?,?,?,?,?8) ON CONFLICT DO UPDATE SET status = excluded.status, fixed = "
                             "excluded.fixed, advisory = coalesce(excluded.advisory, advisory), form = excluded.form",
                             &ret_rows->verdict, ret_complaint);
    if (error == 0)
        error = feed_prepare(database,
                             "INSERT INTO verdict(package, year, number, release, advisory_fixed, advisory) "
                             "VALUES(?,?,?,?,?6,?7) ON CONFLICT DO UPDATE SET advisory = excluded.advisory, "
                             "advisory_fixed = excluded.advisory_fixed",
                             &ret_rows->notice, ret_complaint);
    if (error == 0)
        (void)sqlite3_bind_text(ret_rows->verdict, 8, form, -1, SQLITE_STATIC);
    return error;
}

void ubuntu_rows_finish(struct ubuntu_rows *rows)
{
    (void)sqlite3_finalize(rows->verdict);
    (void)sqlite3_finalize(rows->notice);
}

static int row_bind_and_step(sqlite3_stmt *insert, const struct ubuntu_row *row, struct complaint *complaint)
{
    (void)sqlite3_bind_text(insert, 1, row->package, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(insert, 2, row->year);
    (void)sqlite3_bind_int64(insert, 3, row->number);
    (void)sqlite3_bind_text(insert, 4, row->release, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(insert, 5, row->status, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(insert, 6, row->fixed, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(insert, 7, row->advisory, -1, SQLITE_TRANSIENT);
    return feed_step(sqlite3_db_handle(insert), insert, complaint);
}

int ubuntu_row_store(const struct ubuntu_rows *rows, const struct ubuntu_row *row)
{
    return row_bind_and_step(rows->verdict, row, rows->complaint);
}

int ubuntu_notice_store(const struct ubuntu_rows *rows, const struct ubuntu_row *row)
{
    return row_bind_and_step(rows->notice, row, rows->complaint);
}

// ---- A comment
// --------------------------------------------------------------------------------------------------------

// "potrace package in bionic, is related to the CVE in some way and has been fixed (note: '1.14-2')."
struct comment {
    char package[NAME_BYTES];
    char fixed[NAME_BYTES]; // "" when it names none
    const char *status;
};

// The first whose words it holds is meant. NULL: nothing is said of the package.
static const struct {
    const char *words;
    const char *status;
} comments[] = {
    {"does not exist", NULL},
    {"is not affected", "not-affected"},
    {"has been fixed, but no release version", "undetermined"},
    {"has been fixed", "resolved"},
    {"pending publication", "resolved"},
    {"may need fixing", "undetermined"},
    {"needs fixing", "open"},
    {"decision has been made to defer", "open"},
    {"decision has been made to ignore", "open"},
    {"", "undetermined"},
};

// Copies [from, from + length) without quotes and spaces around it. False when nothing or too much is left.
static bool name_copy(const char *from, size_t length, char ret_name[static NAME_BYTES])
{
    while (length > 0 && (*from == ' ' || *from == '\'')) {
        from++;
        length--;
    }
    while (length > 0 && (from[length - 1] == ' ' || from[length - 1] == '\''))
        length--;
    if (length == 0 || length >= NAME_BYTES || memchr(from, ' ', length) != NULL)
        return false;
    memcpy(ret_name, from, length);
    ret_name[length] = '\0';
    return true;
}

// The word before " package in": "(CVE-2014-2686) ansible package in ...", "The 'php-openid' package in ...", "openssh
// source package in ...", "While related to the CVE in some way, the 'x' package in ..."; or "apache2: while related
// ...".
static bool package_read(const char *text, char ret_name[static NAME_BYTES])
{
    const char *end = strstr(text, " source package in ");
    end = end != NULL ? end : strstr(text, " package in ");
    end = end != NULL ? end : strstr(text, ": while related to the CVE");
    if (end == NULL)
        return false;
    const char *space = memrchr(text, ' ', (size_t)(end - text));
    text = space == NULL ? text : space + 1;
    return name_copy(text, (size_t)(end - text), ret_name);
}

static bool comment_read(const char *text, struct comment *ret_comment)
{
    struct comment comment = {.fixed = ""};
    if (!package_read(text, comment.package))
        return false;
    size_t i = 0;
    while (strstr(text, comments[i].words) == NULL)
        i++;
    comment.status = comments[i].status;
    const char *note = strstr(text, "(note: '");
    const char *end = note == NULL ? NULL : strrchr(note, '\'');
    bool is_version = note != NULL && end > note + 8 && note[8] >= '0' && note[8] <= '9';
    if (is_version && !name_copy(note + 8, (size_t)(end - note - 8), comment.fixed))
        comment.fixed[0] = '\0';
    // An update that has not come out, and has no number, has mended nothing.
    if (comment.status != NULL && strcmp(comment.status, "resolved") == 0 && comment.fixed[0] == '\0')
        comment.status = strstr(text, "pending publication") != NULL ? "open" : "undetermined";
    *ret_comment = comment;
    return comment.status != NULL;
}

// ---- OVAL
// -------------------------------------------------------------------------------------------------------------

struct parsing {
    struct feed_input *input;
    sqlite3 *database;
    struct ubuntu_rows rows;
    sqlite3_stmt *forget;
    char release[NAME_BYTES];
    char cve[NAME_BYTES];          // of the definition, "" where its criteria name theirs
    char advisory[ADVISORY_BYTES]; // the notice that the definition names
    size_t advisories;             // with several it is not told which is which release's
    size_t rows_stored;
    bool notices;
};

// "oval:com.ubuntu.bionic:def:..." is of bionic. What this file says of it is all that OVAL says of it.
static int release_take(struct parsing *parsing, const char *id)
{
    static const char before[] = "com.ubuntu.";
    const char *at = id == NULL ? NULL : strstr(id, before);
    char release[NAME_BYTES];
    if (at == NULL)
        return feed_complain(parsing->input, "expected a definition's id with com.ubuntu.RELEASE in it");
    at += strlen(before);
    const char *end = at + strcspn(at, ":");
    const char *slash = memrchr(at, '_', (size_t)(end - at)); // "esm-infra_xenial"
    at = slash == NULL ? at : slash + 1;
    if (!name_copy(at, (size_t)(end - at), release))
        return feed_complain(parsing->input, "expected a definition's id with com.ubuntu.RELEASE in it");
    if (strcmp(release, parsing->release) == 0)
        return 0;
    memcpy(parsing->release, release, sizeof(release));
    (void)sqlite3_bind_text(parsing->forget, 1, release, -1, SQLITE_TRANSIENT);
    return feed_step(parsing->database, parsing->forget, parsing->rows.complaint);
}

// Any text with CVE-... in it.
static void cve_take(struct parsing *parsing, const char *text)
{
    const char *at = strstr(text, "CVE-");
    size_t length = at == NULL ? 0 : 4 + strspn(at + 4, "0123456789-");
    if (length == 0 || length >= sizeof(parsing->cve) || parsing->cve[0] != '\0')
        return;
    memcpy(parsing->cve, at, length);
    parsing->cve[length] = '\0';
}

// ".../security/notices/USN-3809-1", "https://usn.ubuntu.com/3809-1", "/usn/usn-3809-1".
static void advisory_take(struct parsing *parsing, const char *text)
{
    const char *at = strcasestr(text, "usn-");
    at = at != NULL ? at + 4 : strstr(text, "usn.ubuntu.com/");
    at = at != NULL && *at == 'u' ? at + strlen("usn.ubuntu.com/") : at;
    size_t length = at == NULL ? 0 : strspn(at, "0123456789-");
    char advisory[ADVISORY_BYTES];
    if (length == 0 || length > 16)
        return;
    (void)snprintf(advisory, sizeof(advisory), "USN-%.*s", (int)length, at);
    if (strcmp(advisory, parsing->advisory) == 0)
        return;
    memcpy(parsing->advisory, advisory, sizeof(advisory));
    parsing->advisories++;
}

static int criterion_take(struct parsing *parsing, const char *text)
{
    struct comment comment;
    struct ubuntu_row row = {.release = parsing->release};
    char cve[NAME_BYTES];
    if (text == NULL || !comment_read(text, &comment))
        return 0;
    size_t length = text[0] == '(' ? strcspn(text + 1, ")") : 0;
    if (length >= sizeof(cve))
        return 0;
    memcpy(cve, text + 1, length);
    cve[length] = '\0';
    if (!feed_cve_read(length > 0 ? cve : parsing->cve, &row.year, &row.number))
        return 0;
    row.package = comment.package;
    row.status = comment.status;
    row.fixed = strcmp(comment.status, "resolved") == 0 ? comment.fixed : NULL;
    row.advisory = row.fixed != NULL && parsing->advisories == 1 ? parsing->advisory : NULL;
    parsing->rows_stored++;
    return ubuntu_row_store(&parsing->rows, &row);
}

static int element_begin(void *context, const char *name, const char *const *attributes)
{
    struct parsing *parsing = context;
    if (strcmp(name, "definition") == 0) {
        const char *class = xml_attribute(attributes, "class");
        parsing->cve[0] = '\0';
        parsing->advisory[0] = '\0';
        parsing->advisories = 0;
        parsing->notices = parsing->notices || (class != NULL && strcmp(class, "patch") == 0);
        return release_take(parsing, xml_attribute(attributes, "id"));
    }
    if (strcmp(name, "reference") == 0 && xml_attribute(attributes, "ref_id") != NULL) {
        cve_take(parsing, xml_attribute(attributes, "ref_id"));
        advisory_take(parsing, xml_attribute(attributes, "ref_id"));
    }
    return strcmp(name, "criterion") == 0 ? criterion_take(parsing, xml_attribute(attributes, "comment")) : 0;
}

static int element_end(void *context, const char *name, const char *text)
{
    struct parsing *parsing = context;
    if (strcmp(name, "title") == 0)
        cve_take(parsing, text);
    if (strcmp(name, "ref") == 0)
        advisory_take(parsing, text);
    return 0;
}

static int oval_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    struct parsing parsing = {.input = input, .database = database};
    int error = ubuntu_rows_begin(database, "oval", &parsing.rows, ret_complaint);
    if (error == 0)
        error =
            feed_prepare(database,
                         "UPDATE verdict SET status = NULL, fixed = NULL, advisory = iif(advisory_fixed IS NULL, NULL, "
                         "advisory) WHERE release = ? AND form = 'oval'",
                         &parsing.forget, ret_complaint);
    if (error == 0)
        error = xml_stream_read(
            input, &(struct xml_stream_use){.begin = element_begin, .end = element_end, .context = &parsing});
    if (error == 0 && parsing.rows_stored == 0)
        error = feed_complain(input, "%s",
                              parsing.notices ? "is the OVAL of notices, which names binary packages: take the one of "
                                                "CVEs (com.ubuntu.RELEASE.cve.oval.xml)"
                                              : "holds no package of Ubuntu");
    (void)sqlite3_finalize(parsing.forget);
    ubuntu_rows_finish(&parsing.rows);
    return error;
}

static bool oval_recognise(const char *head, size_t length)
{
    return length > 0 && head[0] == '<' && memmem(head, length, "<oval_definitions", 17) != NULL &&
           (memmem(head, length, "Canonical", 9) != NULL || memmem(head, length, "com.ubuntu.", 11) != NULL);
}

const struct feed_format feed_format_ubuntu_oval = {
    .name = "Ubuntu OVAL", .kind = INTEL_UBUNTU, .recognise = oval_recognise, .parse = oval_parse};

// ---- The image
// --------------------------------------------------------------------------------------------------------

static int build(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
                 struct complaint *ret_complaint)
{
    return distribution_build(database, "ubuntu", names, builder, ret_complaint);
}

const struct feed_kind feed_kind_ubuntu = {.kind = INTEL_UBUNTU,
                                           .schema = schema,
                                           .rows = "SELECT count(*) FROM verdict",
                                           .old_days = 7,
                                           .build = build,
                                           .grows = true};
