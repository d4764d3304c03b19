// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/distribution.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RELEASE_COLUMN = 2, STATUS_COLUMN = 3 };

int distribution_known_prepare(sqlite3 *database, sqlite3_stmt **ret_insert, struct complaint *ret_complaint)
{
    return feed_prepare(database, "INSERT OR IGNORE INTO known VALUES(?,?,?)", ret_insert, ret_complaint);
}

int distribution_known_store(sqlite3_stmt *insert, const char *package, const char *version, const char *release,
                             struct complaint *ret_complaint)
{
    (void)sqlite3_bind_text(insert, 1, package, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(insert, 2, version, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_text(insert, 3, release, -1, SQLITE_TRANSIENT);
    return feed_step(sqlite3_db_handle(insert), insert, ret_complaint);
}

struct building {
    sqlite3 *database;
    struct intel_builder *builder;
    sqlite3_stmt *verdicts; // of one package
    sqlite3_stmt *versions;
    struct complaint *complaint;
};

static struct intel_verdict verdict_make(sqlite3_stmt *row, struct intel_builder *builder)
{
    const char *texts[4]; // status, fixed, advisory, advisory_fixed
    for (int i = 0; i < 4; i++)
        texts[i] = (const char *)sqlite3_column_text(row, STATUS_COLUMN + i);
    const char *status = texts[0];
    const char *fixed = status != NULL && texts[1] != NULL ? texts[1] : texts[3];
    bool resolved = status == NULL || strcmp(status, "resolved") == 0;
    struct intel_verdict verdict = {
        .year = (uint32_t)sqlite3_column_int64(row, 0),
        .number = (uint32_t)sqlite3_column_int64(row, 1),
        .release = intel_builder_string(builder, (const char *)sqlite3_column_text(row, RELEASE_COLUMN)),
        .advisory = intel_builder_string(builder, texts[2] == NULL ? "" : texts[2]),
    };
    if ((resolved && fixed != NULL && strcmp(fixed, "0") == 0) ||
        (status != NULL && strcmp(status, "not-affected") == 0))
        verdict.status = INTEL_VERDICT_NOT_AFFECTED;
    else if (resolved && fixed != NULL) {
        verdict.status = INTEL_VERDICT_FIXED;
        verdict.fixed = intel_builder_string(builder, fixed);
    } else if (status != NULL && strcmp(status, "open") == 0)
        verdict.status = INTEL_VERDICT_OPEN;
    return verdict;
}

// Starts a statement for one package; what it gives is read with sqlite3_step until it is not SQLITE_ROW.
static void rows_begin(sqlite3_stmt *rows, const char *package)
{
    (void)sqlite3_reset(rows);
    (void)sqlite3_bind_text(rows, 1, package, -1, SQLITE_STATIC);
}

static int package_build(const struct building *building, const char *distribution, const char *name)
{
    struct intel_builder *builder = building->builder;
    struct intel_package package = {.distribution = intel_builder_string(builder, distribution),
                                    .name = intel_builder_string(builder, name)};
    int got;
    package.first_verdict = (uint32_t)intel_builder_count(builder, INTEL_SECTION_VERDICTS);
    package.first_version = (uint32_t)intel_builder_count(builder, INTEL_SECTION_VERSIONS);
    rows_begin(building->verdicts, name);
    while ((got = sqlite3_step(building->verdicts)) == SQLITE_ROW) {
        const struct intel_verdict verdict = verdict_make(building->verdicts, builder);
        (void)intel_builder_append(builder, INTEL_SECTION_VERDICTS, &verdict, 1);
        package.verdict_count++;
    }
    if (got != SQLITE_DONE)
        return feed_fail(building->database, building->complaint);
    rows_begin(building->versions, name);
    while (package.verdict_count > 0 && (got = sqlite3_step(building->versions)) == SQLITE_ROW) {
        const char *texts[] = {(const char *)sqlite3_column_text(building->versions, 0),
                               (const char *)sqlite3_column_text(building->versions, 1)};
        const struct intel_version version = {.version = intel_builder_string(builder, texts[0]),
                                              .release = intel_builder_string(builder, texts[1])};
        (void)intel_builder_append(builder, INTEL_SECTION_VERSIONS, &version, 1);
        package.version_count++;
    }
    if (got != SQLITE_DONE)
        return feed_fail(building->database, building->complaint);
    if (package.verdict_count > 0)
        (void)intel_builder_append(builder, INTEL_SECTION_PACKAGES, &package, 1);
    return 0;
}

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int distribution_build(sqlite3 *database, const char *distribution, const struct cpe_names *names,
                       struct intel_builder *builder, struct complaint *ret_complaint)
{
    struct building building = {.database = database, .builder = builder, .complaint = ret_complaint};
    const char **packages = calloc(json_object_size(names->packages) + 1, sizeof(packages[0]));
    size_t count = 0;
    const char *product;
    json_t *package;
    int error = packages == NULL ? -ENOMEM : 0;
    json_object_foreach(names->packages, product, package)
    {
        if (packages != NULL && json_is_string(package))
            packages[count++] = json_string_value(package);
    }
    if (error == 0)
        error = feed_prepare(database,
                             "SELECT year, number, release, status, fixed, advisory, advisory_fixed FROM verdict WHERE "
                             "package = ? ORDER BY year, number, release",
                             &building.verdicts, ret_complaint);
    if (error == 0)
        error = feed_prepare(database, "SELECT version, release FROM known WHERE package = ? ORDER BY version, release",
                             &building.versions, ret_complaint);
    if (error == 0)
        qsort(packages, count, sizeof(packages[0]), names_compare);
    // Several products may come in one package.
    for (size_t i = 0; i < count && error == 0; i++)
        if (i == 0 || strcmp(packages[i - 1], packages[i]) != 0)
            error = package_build(&building, distribution, packages[i]);
    (void)sqlite3_finalize(building.verdicts);
    (void)sqlite3_finalize(building.versions);
    free(packages);
    return error;
}
