// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The CVE List's records beside NVD's: their tables, and what they make of a CVE's configurations in the image.

#include "control/feeds/feed.h"

// In the file of the kind nvd. cve_list has a row for each record that was read, cve_list_range one for each range of
// it that can be used. vendor and product are written as CPE names write them; cpe is NULL where the record gives none.
#define CVE_LIST_SCHEMA                                                                                                \
    "CREATE TABLE IF NOT EXISTS cve_list(cve TEXT PRIMARY KEY, modified INTEGER) WITHOUT ROWID;"                       \
    "CREATE TABLE IF NOT EXISTS cve_list_range(cve TEXT, number INTEGER, vendor TEXT, product TEXT, cpe TEXT, start "  \
    "TEXT, \"end\" TEXT, end_included INTEGER, exact INTEGER, overrules INTEGER, PRIMARY KEY(cve, number)) WITHOUT "   \
    "ROWID;"

enum { CVE_LIST_MATCHES_MAX = 512 };

// The ranges of one CVE as entries of the image, all of them vulnerable: INTEL_MATCH_VENDOR where they overrule NVD's,
// else INTEL_MATCH_ASSIGNER.
struct cve_list_matches {
    struct intel_match items[CVE_LIST_MATCHES_MAX];
    size_t count;
};

// The statement that cve_list_read takes; NULL with 0 where the file has no such tables or they are empty. Returns 0,
// or -ENOMEM or -EIO with a complaint.
int cve_list_prepare(sqlite3 *database, sqlite3_stmt **ret_rows, struct complaint *ret_complaint);

// Returns 0, or -EIO with a complaint.
int cve_list_read(sqlite3_stmt *rows, const char *cve, const struct cpe_names *names, struct intel_builder *builder,
                  struct cve_list_matches *ret_matches, struct complaint *ret_complaint);

// Whether one of them overrules what NVD says of this product (strings of the builder).
bool cve_list_overrules(const struct cve_list_matches *matches, uint32_t vendor, uint32_t name);

// Appends a configuration of those that count: all where NVD has none, else those that overrule it. Returns how many
// configurations there are now more: 0 or 1.
uint32_t cve_list_append(const struct cve_list_matches *matches, bool alone, struct intel_builder *builder);
