// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What changed between two scans, told: as lines, as JSON, and as a page for a browser.

#include <jansson.h>

#include "control/report/diff.h"
#include "control/report/findings.h"

enum { DIFF_KINDS = DIFF_MOVED + 1, DIFF_TEXT_BYTES = 1024, DIFF_ROWS = 2000 };

struct diff_report {
    const char *paths[2]; // the old scan and the new one
    const struct study *study;
    const struct facts *facts; // of both
    const struct diff *diff;
    const struct findings *findings;
    int least;     // severity of news, -1: none is
    uint64_t news; // findings of that severity or above which are new
    uint64_t counts[DIFF_KINDS];
};

// Counts the changes and the news. Findings of a service that is new count as those of one that was there.
void diff_report_count(struct diff_report *report);

void diff_report_print(const struct diff_report *report, FILE *out);

// A new object, or NULL when out of memory.
json_t *diff_report_json(const struct diff_report *report);

// Writes the page to the file `path`: its counts, and of the changes at most DIFF_ROWS, those of hosts that moved and
// services that came or went first. Returns 0, or -errno with "PATH: why" in message.
int diff_report_html(const struct diff_report *report, const char *path, char message[static 512]);

// One change in words, each as it came: what it is about ("SSH login methods"; "" of a service that came or went), what
// was and what is ("" where nothing).
struct diff_words {
    const char *title;
    char was[DIFF_TEXT_BYTES];
    char now[DIFF_TEXT_BYTES];
};
void diff_words(const struct diff_report *report, const struct diff_change *change, struct diff_words *ret_words);

// The severity of the finding that this change brought, -1: it brought none.
int diff_severity(const struct diff_report *report, const struct diff_change *change);

extern const char *const diff_kind_names[DIFF_KINDS];
