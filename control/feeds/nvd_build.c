// SPDX-License-Identifier: BSD-3-Clause
// From NVD's tables to the image's: CVEs in the order of their names, what they ask for, and of every product the CVEs
// that name it as vulnerable.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/classify/cpe.h"
#include "control/feeds/cve_list.h"
#include "control/feeds/nvd_build.h"

// A product that a CVE names as vulnerable, before they are sorted. Strings are the builder's.
struct candidate {
    uint32_t vendor;
    uint32_t name;
    uint32_t cve;
};

struct building {
    sqlite3 *database;
    const struct cpe_names *names;
    struct intel_builder *builder;
    struct complaint *complaint;
    sqlite3_stmt *matches;
    sqlite3_stmt *listed; // of the CVE List; NULL: nothing is
    struct cve_list_matches list;
    struct candidate *candidates;
    size_t candidate_count;
    size_t candidate_room;
    uint64_t unreadable; // CPE names
};

static uint32_t string_of(struct building *building, const unsigned char *text)
{
    return intel_builder_string(building->builder, text == NULL ? "" : (const char *)text);
}

static uint8_t tenths_of(sqlite3_stmt *statement, int column)
{
    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return INTEL_SCORE_ABSENT;
    double score = sqlite3_column_double(statement, column);
    return score < 0 || score > 10 ? INTEL_SCORE_ABSENT : (uint8_t)(score * 10 + 0.5);
}

static uint8_t severity_of(sqlite3_stmt *statement, int column)
{
    static const char *const words[] = {"NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"};
    const char *text = (const char *)sqlite3_column_text(statement, column);
    for (uint8_t i = 0; text != NULL && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    return INTEL_SEVERITY_NONE;
}

static int candidate_add(struct building *building, const struct intel_match *match, uint32_t cve)
{
    if (building->candidate_count == building->candidate_room) {
        size_t room = building->candidate_room == 0 ? 4096 : building->candidate_room * 2;
        struct candidate *candidates = reallocarray(building->candidates, room, sizeof(candidates[0]));
        if (candidates == NULL)
            return -ENOMEM;
        building->candidates = candidates;
        building->candidate_room = room;
    }
    building->candidates[building->candidate_count++] =
        (struct candidate){.vendor = match->vendor, .name = match->name, .cve = cve};
    return 0;
}

// One entry of a configuration, or false when its CPE name cannot be read.
static bool match_make(struct building *building, sqlite3_stmt *row, struct intel_match *ret_match)
{
    struct cpe cpe;
    const char *criteria = (const char *)sqlite3_column_text(row, 5);
    if (criteria == NULL || !cpe_read(criteria, &cpe))
        return false;
    cpe_names_canonical(building->names, cpe.texts[CPE_VENDOR], cpe.texts[CPE_PRODUCT]);
    const unsigned char *starts[] = {sqlite3_column_text(row, 6), sqlite3_column_text(row, 7)};
    const unsigned char *ends[] = {sqlite3_column_text(row, 8), sqlite3_column_text(row, 9)};
    struct intel_builder *builder = building->builder;
    *ret_match = (struct intel_match){
        .vendor = intel_builder_string(builder, cpe.texts[CPE_VENDOR]),
        .name = intel_builder_string(builder, cpe.texts[CPE_PRODUCT]),
        .version = intel_builder_string(builder, cpe.texts[CPE_VERSION]),
        .update = intel_builder_string(builder, cpe.texts[CPE_UPDATE]),
        .start = string_of(building, starts[0] != NULL ? starts[0] : starts[1]),
        .end = string_of(building, ends[0] != NULL ? ends[0] : ends[1]),
        .part_flags = (uint32_t)(unsigned char)cpe.texts[CPE_PART][0] << 24,
    };
    const struct {
        bool is;
        uint32_t flag;
    } flags[] = {
        {sqlite3_column_int(row, 4) != 0, INTEL_MATCH_VULNERABLE},
        {cpe.kinds[CPE_VERSION] == CPE_ANY, INTEL_MATCH_VERSION_ANY},
        {cpe.kinds[CPE_VERSION] == CPE_NA, INTEL_MATCH_VERSION_NA},
        {starts[0] != NULL, INTEL_MATCH_START_INCLUDED},
        {ends[0] != NULL, INTEL_MATCH_END_INCLUDED},
        {cpe_is_narrow(&cpe), INTEL_MATCH_PLATFORM},
        {cpe.kinds[CPE_UPDATE] == CPE_NA, INTEL_MATCH_UPDATE_NA},
    };
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        ret_match->part_flags |= flags[i].is ? flags[i].flag : 0;
    return true;
}

// Configurations and nodes of the CVE whose rows come, which are opened as their numbers change.
static int matches_build(struct building *building, const char *id, uint32_t index, struct intel_cve *cve)
{
    struct intel_builder *builder = building->builder;
    int last_configuration = -1;
    int last_node = -1;
    int got;
    cve->first_configuration = (uint32_t)intel_builder_count(builder, INTEL_SECTION_CONFIGURATIONS);
    (void)sqlite3_bind_text(building->matches, 1, id, -1, SQLITE_TRANSIENT);
    while ((got = sqlite3_step(building->matches)) == SQLITE_ROW) {
        struct intel_match match;
        int configuration = sqlite3_column_int(building->matches, 0);
        int node = sqlite3_column_int(building->matches, 2);
        if (configuration != last_configuration) {
            const struct intel_configuration made = {.first_node =
                                                         (uint32_t)intel_builder_count(builder, INTEL_SECTION_NODES),
                                                     .all = sqlite3_column_int(building->matches, 1) != 0};
            (void)intel_builder_append(builder, INTEL_SECTION_CONFIGURATIONS, &made, 1);
            cve->configuration_count++;
            last_node = -1;
        }
        last_configuration = configuration;
        if (node != last_node) {
            const struct intel_node made = {.first_match =
                                                (uint32_t)intel_builder_count(builder, INTEL_SECTION_MATCHES),
                                            .all = sqlite3_column_int(building->matches, 3) != 0};
            (void)intel_builder_append(builder, INTEL_SECTION_NODES, &made, 1);
            struct intel_configuration *configurations = intel_builder_elements(builder, INTEL_SECTION_CONFIGURATIONS);
            if (configurations == NULL)
                return -ENOMEM;
            configurations[intel_builder_count(builder, INTEL_SECTION_CONFIGURATIONS) - 1].node_count++;
        }
        last_node = node;
        if (!match_make(building, building->matches, &match)) {
            building->unreadable++;
            continue;
        }
        if ((match.part_flags & INTEL_MATCH_VULNERABLE) != 0 &&
            cve_list_overrules(&building->list, match.vendor, match.name)) {
            match.part_flags &= ~(uint32_t)INTEL_MATCH_VULNERABLE;
            match.part_flags |= INTEL_MATCH_OVERRULED;
        }
        (void)intel_builder_append(builder, INTEL_SECTION_MATCHES, &match, 1);
        struct intel_node *nodes = intel_builder_elements(builder, INTEL_SECTION_NODES);
        if (nodes == NULL)
            return -ENOMEM;
        nodes[intel_builder_count(builder, INTEL_SECTION_NODES) - 1].match_count++;
        if ((match.part_flags & INTEL_MATCH_VULNERABLE) != 0 && candidate_add(building, &match, index) != 0)
            return -ENOMEM;
    }
    (void)sqlite3_reset(building->matches);
    return got == SQLITE_DONE ? 0 : feed_fail(building->database, building->complaint);
}

// What the CVE's own record says, behind what NVD says.
static int list_build(struct building *building, uint32_t index, struct intel_cve *cve)
{
    bool alone = cve->configuration_count == 0;
    int error = 0;
    if (alone)
        cve->flags |= INTEL_CVE_UNANALYSED;
    if (cve_list_append(&building->list, alone, building->builder) == 0)
        return 0;
    cve->configuration_count++;
    for (size_t i = 0; i < building->list.count && error == 0; i++) {
        const struct intel_match *match = &building->list.items[i];
        bool overrules = (match->part_flags & INTEL_MATCH_VENDOR) != 0;
        if (overrules)
            cve->flags |= INTEL_CVE_VENDOR_RANGES;
        if (alone || overrules)
            error = candidate_add(building, match, index);
    }
    return error;
}

static int cves_build(struct building *building)
{
    sqlite3_stmt *rows = NULL;
    int got = SQLITE_DONE;
    int error = feed_prepare(building->database,
                             "SELECT id, year, number, published, summary, cvss2, cvss2_severity, cvss3, "
                             "cvss3_severity, cvss4, cvss4_severity, disputed FROM cve ORDER BY year, number",
                             &rows, building->complaint);
    while (error == 0 && (got = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *id = (const char *)sqlite3_column_text(rows, 0);
        uint32_t index = (uint32_t)intel_builder_count(building->builder, INTEL_SECTION_CVES);
        struct intel_cve cve = {
            .year = (uint32_t)sqlite3_column_int64(rows, 1),
            .number = (uint32_t)sqlite3_column_int64(rows, 2),
            .published = sqlite3_column_int64(rows, 3),
            .summary = string_of(building, sqlite3_column_text(rows, 4)),
            .epss_millionths = UINT32_MAX,
            .cvss2_tenths = tenths_of(rows, 5),
            .cvss2_severity = severity_of(rows, 6),
            .cvss3_tenths = tenths_of(rows, 7),
            .cvss3_severity = severity_of(rows, 8),
            .cvss4_tenths = tenths_of(rows, 9),
            .cvss4_severity = severity_of(rows, 10),
        };
        if (id == NULL)
            continue;
        if (sqlite3_column_int(rows, 11) != 0)
            cve.flags |= INTEL_CVE_DISPUTED;
        if (cpe_names_client_only(building->names, id))
            cve.flags |= INTEL_CVE_CLIENT_ONLY;
        error = cve_list_read(building->listed, id, building->names, building->builder, &building->list,
                              building->complaint);
        if (error == 0)
            error = matches_build(building, id, index, &cve);
        if (error == 0)
            error = list_build(building, index, &cve);
        (void)intel_builder_append(building->builder, INTEL_SECTION_CVES, &cve, 1);
    }
    if (error == 0 && got != SQLITE_DONE)
        error = feed_fail(building->database, building->complaint);
    (void)sqlite3_finalize(rows);
    return error;
}

static int candidates_compare(const void *a, const void *b, void *argument)
{
    const struct intel_builder *builder = argument;
    const struct candidate *first = a;
    const struct candidate *second = b;
    int order = first->vendor == second->vendor
                    ? 0
                    : strcmp(intel_builder_text(builder, first->vendor), intel_builder_text(builder, second->vendor));
    if (order == 0 && first->name != second->name)
        order = strcmp(intel_builder_text(builder, first->name), intel_builder_text(builder, second->name));
    return order != 0 ? order : (first->cve > second->cve) - (first->cve < second->cve);
}

static void products_build(struct building *building)
{
    struct intel_builder *builder = building->builder;
    struct candidate *candidates = building->candidates;
    size_t count = building->candidate_count;
    if (count > 0)
        qsort_r(candidates, count, sizeof(candidates[0]), candidates_compare, builder);
    for (size_t i = 0; i < count;) {
        struct intel_product product = {
            .vendor = candidates[i].vendor,
            .name = candidates[i].name,
            .package = intel_builder_string(
                builder, cpe_names_package(building->names, intel_builder_text(builder, candidates[i].vendor),
                                           intel_builder_text(builder, candidates[i].name))),
            .first_candidate = (uint32_t)intel_builder_count(builder, INTEL_SECTION_CANDIDATES)};
        uint32_t last = UINT32_MAX;
        for (; i < count && candidates[i].vendor == product.vendor && candidates[i].name == product.name; i++) {
            if (candidates[i].cve == last)
                continue;
            last = candidates[i].cve;
            (void)intel_builder_append(builder, INTEL_SECTION_CANDIDATES, &last, 1);
            product.candidate_count++;
        }
        (void)intel_builder_append(builder, INTEL_SECTION_PRODUCTS, &product, 1);
    }
}

int nvd_build(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
              struct complaint *ret_complaint)
{
    struct building building = {.database = database, .names = names, .builder = builder, .complaint = ret_complaint};
    int error =
        feed_prepare(database,
                     "SELECT configuration, all_nodes, node, all_matches, vulnerable, criteria, "
                     "start_including, start_excluding, end_including, end_excluding FROM cpe_match WHERE cve = "
                     "? ORDER BY configuration, node, match",
                     &building.matches, ret_complaint);
    if (error == 0)
        error = cve_list_prepare(database, &building.listed, ret_complaint);
    if (error == 0)
        error = cves_build(&building);
    if (error == 0)
        products_build(&building);
    (void)sqlite3_finalize(building.listed);
    (void)sqlite3_finalize(building.matches);
    free(building.candidates);
    return error;
}
