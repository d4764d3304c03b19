// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What changed between two scans, told: as lines, as JSON, and as a page for a browser.

#include <jansson.h>

#include "control/report/diff.h"
#include "control/report/findings.h"
#include "control/report/scans.h"

enum { DIFF_KINDS = DIFF_NEWLY_SCANNED + 1, DIFF_TEXT_BYTES = 1024, DIFF_ROWS = 2000 };

struct diff_report {
    const char *paths[2];  // the old scan and the new one
    struct scans scans[2]; // what each says of itself; none of a file
    char unknown[2][512];  // why it is not known what it has asked, "" = it is
    const struct study *study;
    const struct facts *facts; // of both
    const struct diff *diff;
    const struct findings *findings;
    int least;     // severity of news, -1: none is, DIFF_ANY: every change
    uint64_t news; // findings of that severity or above which are new; of DIFF_ANY: changes
    uint64_t new_findings[SEVERITIES];
    uint64_t counts[DIFF_KINDS];
};

// `least` of a report to which everything is news but what was not asked: whatever came, went, changed or moved.
enum { DIFF_ANY = -2 };

// Counts the changes and the news. Findings of a service that is new, or newly scanned, count as those of one that was
// there.
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

// How many of what the other scan has this one (0: the old, 1: the new) is expected to have missed though it was asked,
// by the coverage that its summary gives: estimate and 95 % interval. False when that is not known.
struct diff_missed {
    uint64_t of; // services of the other scan that it was asked for, as far as is known
    double coverage;
    double value;
    double low;
    double high;
};
bool diff_missed(const struct diff_report *report, size_t which, struct diff_missed *ret_missed);

// A sentence or two about one scan: how it ended, what it is expected to have missed, what is not known. "" when there
// is nothing to say: a scan of which nothing is known, without anything that it alone has not.
enum { DIFF_SCAN_BYTES = 1536 };
void diff_scan_words(const struct diff_report *report, size_t which, char ret_text[static DIFF_SCAN_BYTES]);

// The severity of the finding that this change brought, -1: it brought none.
int diff_severity(const struct diff_report *report, const struct diff_change *change);

extern const char *const diff_kind_names[DIFF_KINDS];
extern const char *const diff_why_words[DIFF_EARLY + 1];
