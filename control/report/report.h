// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A study's results: for people, as JSON, and as one CSV file a table. The same numbers in each, and in the page for a
// browser (control/report/html.h).

#include <stdio.h>

#include <jansson.h>

#include "control/record/records.h"
#include "control/report/results.h"
#include "control/report/scans.h"

// What a report is about, besides its tables.
struct report_heading {
    const struct records_tally *tally;
    const struct facts *facts;
    const char *const *filters; // as JSON
    size_t filter_count;
    const struct scans *scans;         // what the scans say of themselves
    const struct scans_sample *sample; // NULL: the records are of all that there was, or it is not known
};

// Returns 0 or -ENOMEM.
int report_print(const struct report_heading *heading, const struct results *results, FILE *out);

// A new object, or NULL when out of memory.
json_t *report_json(const struct report_heading *heading, const struct results *results);

// Writes FOLDER/ID.csv for every table (RFC 4180), the folder made when it is not there. No value begins as a formula
// of a spreadsheet. Returns 0, or -errno with "PATH: why" in message.
int report_csv(const struct results *results, const char *folder, char message[static 512]);
