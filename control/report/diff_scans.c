// SPDX-License-Identifier: BSD-3-Clause
// What is told of the two scans of a difference: how each ended, and what it is expected to have missed.
#include <stdio.h>
#include <string.h>

#include "config/figures.h"
#include "control/report/diff_report.h"

enum { NUMBER_BYTES = 32 };

bool diff_missed(const struct diff_report *report, size_t which, struct diff_missed *ret_missed)
{
    double share[3]; // of the positions that answer: estimate, low, high
    if (report->scans[which].count == 0)
        return false;
    const json_t *summary = report->scans[which].scans[0].summary;
    if (!scans_number(summary, "coverage.all_attempts.estimate", &share[0]) ||
        !scans_number(summary, "coverage.all_attempts.low", &share[1]) ||
        !scans_number(summary, "coverage.all_attempts.high", &share[2]))
        return false;
    for (size_t i = 0; i < 3; i++)
        if (!(share[i] >= 0 && share[i] <= 1))
            return false;
    uint64_t others = report->diff->services[1 - which];
    uint64_t unasked = report->counts[which == 1 ? DIFF_NOT_SCANNED : DIFF_NEWLY_SCANNED];
    uint64_t of = others > unasked ? others - unasked : 0;
    *ret_missed = (struct diff_missed){.of = of,
                                       .coverage = share[0],
                                       .value = (double)of * (1 - share[0]),
                                       .low = (double)of * (1 - share[2]),
                                       .high = (double)of * (1 - share[1])};
    return true;
}

// Services are whole, but where less than ten are expected a tenth tells more.
static const char *services_text(double services, char text[static NUMBER_BYTES])
{
    (void)snprintf(text, NUMBER_BYTES, services < 10 ? "%.1f" : "%.0f", services);
    return text;
}

void diff_scan_words(const struct diff_report *report, size_t which, char ret_text[static DIFF_SCAN_BYTES])
{
    struct diff_missed missed;
    char numbers[3][NUMBER_BYTES];
    char of[FIGURE_MAX];
    char outcome[64] = "";
    char attempts[64] = "";
    size_t at = 0;
    uint64_t alone = report->counts[which == 1 ? DIFF_DISAPPEARED : DIFF_APPEARED]; // what it has not
    ret_text[0] = '\0';
    if (report->scans[which].count > 0) {
        const json_t *summary = report->scans[which].scans[0].summary;
        (void)scans_text(summary, "outcome", outcome, sizeof(outcome));
        (void)scans_text(summary, "coverage.attempts", attempts, sizeof(attempts));
    }
    if (outcome[0] != '\0' && strcmp(outcome, "complete") != 0)
        at += (size_t)snprintf(ret_text + at, DIFF_SCAN_BYTES - at, "%.400s did not end by itself: %s. ",
                               report->paths[which], outcome);
    // Its coverage is that of all attempts, which a scan that ended early has not made.
    if (strcmp(outcome, "complete") == 0 && alone > 0 && diff_missed(report, which, &missed))
        at += (size_t)snprintf(ret_text + at, DIFF_SCAN_BYTES - at,
                               "%.400s has a coverage of %.2f %% (attempts: %s): of %s services that it was asked and "
                               "that the other has, it is expected to miss %s (95 %% interval %s to %s). ",
                               report->paths[which], missed.coverage * 100, attempts, figure_count(missed.of, of),
                               services_text(missed.value, numbers[0]), services_text(missed.low, numbers[1]),
                               services_text(missed.high, numbers[2]));
    else if (alone > 0)
        at += (size_t)snprintf(ret_text + at, DIFF_SCAN_BYTES - at,
                               "How many services %.400s missed is not known: no estimate of its coverage. ",
                               report->paths[which]);
    if (alone > 0 && report->unknown[which][0] != '\0')
        at += (size_t)snprintf(ret_text + at, DIFF_SCAN_BYTES - at,
                               "What %.400s has asked is not known: %.400s; what it has not may not have been asked. ",
                               report->paths[which], report->unknown[which]);
    if (at > 0 && at < DIFF_SCAN_BYTES)
        ret_text[at - 1] = '\0';
}
