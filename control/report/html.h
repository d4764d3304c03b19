// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The report as a page for a browser: headlines, the study's tables and figures, a part for every provider, the worst
// hosts and what to do, how it was counted, and what it was made of. It carries totals and the first lines of long
// tables, and says so: its size does not grow with the records.

#include "control/classify/intel.h"
#include "control/report/evidence.h"
#include "control/report/report.h"
#include "control/report/scans.h"

struct html_report {
    const struct report_heading *heading;
    const struct results *results;
    const struct findings *findings;
    const struct worst *worst;
    const struct evidence *evidence;
    const struct scans *scans;
    const struct intel *intel; // what this machine has; NULL = nothing
    uint32_t feeds_path;       // where the facts have the digests of the feeds that judged a record (facts_ask)
};

// Writes the page to the file `path`. Returns 0, or -errno with "PATH: why" in message.
int report_html(const struct html_report *report, const char *path, char message[static 512]);
