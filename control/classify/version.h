// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Versions as banners and NVD write them, in order. Functions of their arguments, no allocation; any thread.

#include <stdbool.h>
#include <stddef.h>

enum { VERSION_BYTES = 64 };

// A version and its patch level: "7.2p2", and 7.2 with update "p2", are both ("7.2", "p2"). An update of one letter, or
// of what comes before a release, belongs to the version: "1.3.3a", and 1.3.3 with update "a", are both ("1.3.3a", "").
// Lower case.
struct version {
    char number[VERSION_BYTES];
    char update[VERSION_BYTES]; // "" when there is none
};

// Takes a version, and an update that stands apart ("" or NULL: none; it wins). False when one is too long, or the
// version holds no digit: then there is nothing to compare.
bool version_make(const char *number, const char *update, struct version *ret_version);

// Runs of digits and runs of letters in turn, other characters only between them. Digits by their value; letters by the
// alphabet; digits above letters; what is missing below what is there, but above what comes before a release (alpha,
// beta, pre, rc, dev ...). Below 0, 0 or above 0. A total order.
int version_text_compare(const char *a, const char *b);

// Numbers first, then updates: a missing one is below any but those before a release.
int version_compare(const struct version *a, const struct version *b);

// Whether a version is one with this bound, whose update counts only where it has one: 9.6p1 is 9.6.
int version_bound_compare(const struct version *version, const struct version *bound);
