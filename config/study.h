// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The study as data: config/study.json says which tables a report has. A table counts units (hosts, services, or rows
// of a list such as vulnerabilities) by the values of fields, under conditions of the same form as those of findings.
//
// Besides its `tables` it may have `aside`: a condition; records of which it holds are of hosts that only seem to serve
// something (suspect), and are counted nowhere but in the heading.
//
// A table's terms, all but id, title and unit optional:
//
//   unit      "hosts", "services" (a host's port each)
//   of        condition: the units that are counted at all, the denominator
//   when      condition: those among them that the table is about, the numerator
//   each      path of a field of ROWS ("vulnerabilities.cves"): its rows are counted in place of the units, a host's
//             rows with the same `key` once
//   each_when condition over such a row
//   rows      path whose values are the table's lines; below `each` it may be one of a row's fields
//   columns   path whose values are its columns; `sonde report --by` names another one
//   among     condition in place of columns: those of whom it holds beside those of whom it does not
//   number    true: how many rows a host has is shown as a distribution
//   percent   of what a line's share is taken: "row" (of the same line's units), "column" (of the column's units),
//             "items" (of all that the column's lines count)
//   top       only the first so many lines
//   order     "count" (the most first) or "value"
//   figure    "none", "bars", "stacked", "histogram": how the HTML report draws it
//   headline  what the share is of, as the end of a sentence: "of SSH servers accept passwords"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/catalogue_load.h"
#include "config/image/catalogue.h"

#define STUDY_NONE UINT32_MAX

enum { STUDY_TABLES_MAX = 64, STUDY_CONDITIONS_MAX = 4 * STUDY_TABLES_MAX };

enum study_unit { STUDY_HOSTS = 0, STUDY_SERVICES };
enum study_percent { STUDY_PERCENT_ROW = 0, STUDY_PERCENT_COLUMN, STUDY_PERCENT_ITEMS };
enum study_order { STUDY_ORDER_COUNT = 0, STUDY_ORDER_VALUE };
enum study_figure { STUDY_FIGURE_NONE = 0, STUDY_FIGURE_BARS, STUDY_FIGURE_STACKED, STUDY_FIGURE_HISTOGRAM };

extern const char *const study_figure_names[];

// Texts are strings of the study, "" when not given; conditions are indices into its catalogue's findings, STUDY_NONE
// when not given.
struct study_table {
    const char *id;
    const char *title;
    const char *note;
    const char *headline;
    const char *each;
    const char *key;
    const char *rows;
    const char *columns;
    uint32_t unit;    // enum study_unit
    uint32_t percent; // enum study_percent
    uint32_t order;   // enum study_order
    uint32_t figure;  // enum study_figure
    uint32_t top;     // 0 = all
    uint32_t of;
    uint32_t when;
    uint32_t each_when; // its node is a CONDITION_SOME over `each`
    uint32_t among;
    bool number;
};

struct study {
    struct study_table *tables;
    size_t table_count;
    uint32_t filter;            // condition that a record has to meet to be counted
    uint32_t aside;             // condition that it must not meet; STUDY_NONE: none
    struct catalogue catalogue; // services, for `sensitive`; every condition of the study stands as a finding
    struct catalogue_storage storage;
    struct string_table strings;
};

// What --by and the filters of a report change in it.
struct study_change {
    const char *file;           // another one than study.json; NULL = that
    const char *by;             // path in place of every table's columns; NULL = as they are
    const char *const *filters; // conditions as JSON, all of which have to hold for a record to be counted
    size_t filter_count;
};

// Reads services.json's and study.json's texts. Every path and condition is checked against the fields of records.
// Returns 0 with a study for study_fini, or -EINVAL or -ENOMEM with a complaint and nothing to release.
int study_load(const char *folder, const struct study_change *change, struct study *ret_study,
               struct complaint *ret_complaint);
void study_fini(struct study *study);
