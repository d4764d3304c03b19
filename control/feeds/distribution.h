// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a distribution says of its source packages, in the same tables for all of them, and their way into the image.
// A release is a code name ("stretch", "xenial").

#include "control/feeds/feed.h"

// The versions that a release has or had of a package: which release a banner's version is of is told by them.
#define DISTRIBUTION_KNOWN                                                                                             \
    "CREATE TABLE IF NOT EXISTS known(package TEXT, version TEXT, release TEXT, PRIMARY KEY(package, version, "        \
    "release)) WITHOUT ROWID;"

// A table `verdict` has these columns and maybe more. status: "resolved" from version `fixed` on ("0": never affected),
// "open", "not-affected", or any other word, or NULL: not known. advisory: what fixed it, in version advisory_fixed,
// which holds where status says nothing.
#define DISTRIBUTION_VERDICT                                                                                           \
    "package TEXT, year INTEGER, number INTEGER, release TEXT, status TEXT, fixed TEXT, advisory TEXT, "               \
    "advisory_fixed TEXT"

// A statement that takes package, version and release into `known`, and doing so.
int distribution_known_prepare(sqlite3 *database, sqlite3_stmt **ret_insert, struct complaint *ret_complaint);
int distribution_known_store(sqlite3_stmt *insert, const char *package, const char *version, const char *release,
                             struct complaint *ret_complaint);

// Appends the packages of a distribution that products are known to come in (cpe_names), their verdicts and versions.
// Distributions are built in the order of their names. Returns 0 or -errno, with a complaint.
int distribution_build(sqlite3 *database, const char *distribution, const struct cpe_names *names,
                       struct intel_builder *builder, struct complaint *ret_complaint);
