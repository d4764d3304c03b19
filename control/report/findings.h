// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The findings of the catalogues, for those who tell of them: how bad one is, what it means, what to do about it.

#include "config/catalogue_files.h"
#include "control/classify/condition.h"

enum { SEVERITIES = SEVERITY_CRITICAL + 1 };
extern const char *const severity_names[SEVERITIES];

struct findings {
    struct catalogue_storage storage; // findings and their conditions alone
    struct string_table strings;
};

// Returns 0 and findings for findings_fini, or -EINVAL or -ENOMEM with a complaint; findings_fini may follow.
int findings_load(const struct catalogue_places *places, struct findings *ret_findings,
                  struct complaint *ret_complaint);
void findings_fini(struct findings *findings);

// The finding of that id; NULL for one that no catalogue has.
const struct catalogue_finding *findings_find(const struct findings *findings, const char *id, size_t length);

// One of a finding's or a condition's strings.
const char *findings_string(const struct findings *findings, uint32_t offset);
