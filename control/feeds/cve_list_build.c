// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/cve_list.h"

#include <stdio.h>
#include <string.h>

#include "control/classify/cpe.h"
#include "control/classify/intel_build.h"

int cve_list_prepare(sqlite3 *database, sqlite3_stmt **ret_rows, struct complaint *ret_complaint)
{
    sqlite3_stmt *any = NULL;
    *ret_rows = NULL;
    // A file that an earlier release has made has none.
    int error =
        feed_prepare(database, "SELECT 1 FROM sqlite_master WHERE name = 'cve_list_range'", &any, ret_complaint);
    bool has = error == 0 && sqlite3_step(any) == SQLITE_ROW;
    (void)sqlite3_finalize(any);
    return has ? feed_prepare(database,
                              "SELECT vendor, product, cpe, start, \"end\", end_included, exact, overrules FROM "
                              "cve_list_range WHERE cve = ? ORDER BY number",
                              ret_rows, ret_complaint)
               : error;
}

static const char *text_at(sqlite3_stmt *rows, int column)
{
    const unsigned char *text = sqlite3_column_text(rows, column);
    return text == NULL ? "" : (const char *)text;
}

// Its names as products.json has them. False for a range of what has no name.
static bool match_make(sqlite3_stmt *rows, const struct cpe_names *names, struct intel_builder *builder,
                       struct intel_match *ret_match)
{
    struct cpe cpe;
    char vendor[CPE_BYTES];
    char name[CPE_BYTES];
    bool has_cpe = cpe_read(text_at(rows, 2), &cpe);
    (void)snprintf(vendor, sizeof(vendor), "%s", has_cpe ? cpe.texts[CPE_VENDOR] : text_at(rows, 0));
    (void)snprintf(name, sizeof(name), "%s", has_cpe ? cpe.texts[CPE_PRODUCT] : text_at(rows, 1));
    if (vendor[0] == '\0' || name[0] == '\0')
        return false;
    cpe_names_canonical(names, vendor, name);
    bool exact = sqlite3_column_int(rows, 6) != 0;
    const char *start = text_at(rows, 3);
    const char *end = text_at(rows, 4);
    uint32_t flags = INTEL_MATCH_VULNERABLE | (exact ? 0 : INTEL_MATCH_VERSION_ANY | INTEL_MATCH_START_INCLUDED) |
                     (sqlite3_column_int(rows, 5) != 0 ? INTEL_MATCH_END_INCLUDED : 0) |
                     (sqlite3_column_int(rows, 7) != 0 ? INTEL_MATCH_VENDOR : INTEL_MATCH_ASSIGNER);
    *ret_match = (struct intel_match){.vendor = intel_builder_string(builder, vendor),
                                      .name = intel_builder_string(builder, name),
                                      .version = intel_builder_string(builder, exact ? start : ""),
                                      .start = intel_builder_string(builder, exact ? "" : start),
                                      .end = intel_builder_string(builder, end),
                                      .part_flags = (uint32_t)'a' << 24 | flags};
    return true;
}

int cve_list_read(sqlite3_stmt *rows, const char *cve, const struct cpe_names *names, struct intel_builder *builder,
                  struct cve_list_matches *ret_matches, struct complaint *ret_complaint)
{
    int got = SQLITE_DONE;
    ret_matches->count = 0;
    if (rows == NULL)
        return 0;
    (void)sqlite3_bind_text(rows, 1, cve, -1, SQLITE_TRANSIENT);
    while (ret_matches->count < CVE_LIST_MATCHES_MAX && (got = sqlite3_step(rows)) == SQLITE_ROW)
        if (match_make(rows, names, builder, &ret_matches->items[ret_matches->count]))
            ret_matches->count++;
    int error = got == SQLITE_ROW || got == SQLITE_DONE ? 0 : feed_fail(sqlite3_db_handle(rows), ret_complaint);
    (void)sqlite3_reset(rows);
    return error;
}

bool cve_list_overrules(const struct cve_list_matches *matches, uint32_t vendor, uint32_t name)
{
    for (size_t i = 0; i < matches->count; i++)
        if ((matches->items[i].part_flags & INTEL_MATCH_VENDOR) != 0 && matches->items[i].vendor == vendor &&
            matches->items[i].name == name)
            return true;
    return false;
}

uint32_t cve_list_append(const struct cve_list_matches *matches, bool alone, struct intel_builder *builder)
{
    struct intel_node node = {.first_match = (uint32_t)intel_builder_count(builder, INTEL_SECTION_MATCHES)};
    for (size_t i = 0; i < matches->count; i++)
        if (alone || (matches->items[i].part_flags & INTEL_MATCH_VENDOR) != 0) {
            (void)intel_builder_append(builder, INTEL_SECTION_MATCHES, &matches->items[i], 1);
            node.match_count++;
        }
    if (node.match_count == 0)
        return 0;
    const struct intel_configuration made = {.first_node = (uint32_t)intel_builder_count(builder, INTEL_SECTION_NODES),
                                             .node_count = 1};
    (void)intel_builder_append(builder, INTEL_SECTION_NODES, &node, 1);
    (void)intel_builder_append(builder, INTEL_SECTION_CONFIGURATIONS, &made, 1);
    return 1;
}
