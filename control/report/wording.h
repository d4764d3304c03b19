// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a report says in words and in figures, once for every form that it is printed in. Texts may hold what a host
// chose, as it came: who prints them sees to that. Each function writes into the caller's text and returns it.

#include "control/report/report.h"

enum { WORDING_BYTES = 512 };

// Takes one sentence, without a full stop; it is good until it returns.
typedef void wording_take(void *context, const char *sentence);

// What a line or column stands for: "(not known)" for 0.
const char *wording_value(const struct facts *facts, uint32_t value, size_t *ret_length);

// "all", what `among` says, or the column's value.
const char *wording_column(const struct result_table *table, const struct facts *facts, size_t column,
                           size_t *ret_length);

// What a line stands for: its value, or what is counted where a table has but one.
const char *wording_line(const struct result_table *table, const struct facts *facts, size_t line, size_t *ret_length);

// "2026-11-26 02:04"; "" for a time that no calendar has.
const char *wording_time(int64_t seconds, char text[static WORDING_BYTES]);

// "3,000 hosts with 7,412 services, of 7,500 records in 3 files, heard from ... to ... UTC"
const char *wording_read(const struct report_heading *heading, const struct results *results,
                         char text[static WORDING_BYTES]);

// "asked was 1 in 100 of 6,400,000 pairs of address and port; in all there are some 12,300 services (95 %: 11,900 to
// 12,700)", of a sample. False when it was none.
bool wording_sample(const struct report_heading *heading, const struct results *results,
                    char text[static WORDING_BYTES]);

// The filters, and what was not counted and why. The tally's complaints are for the caller.
void wording_left_out(const struct report_heading *heading, const struct results *results, wording_take *take,
                      void *context);

// What a headline says of some of a table's units, a column's or a line's: "32.1 %" and "964 of 3,000; 95 %: 30.5 to
// 33.8 %; not learnt of 12", of services in a sample also "some 96,400 in all (90,500 to 102,000)". False when nothing
// was learnt of any.
struct wording_headline {
    char share[16];
    char detail[WORDING_BYTES];
};
bool wording_headline(const struct report_heading *heading, const struct result_table *table,
                      const struct result_cell *units, struct wording_headline *ret_headline);

// A cell: "1,234", "1,234 (12.3 %)" or "1,234 (12.3 % of 10,000)".
const char *wording_cell(const struct result_table *table, size_t line, size_t column, char text[static WORDING_BYTES]);

// Whether a cell of the table has a share beside its number.
bool wording_has_share(const struct result_table *table);

// The last lines: "hosts in all" and a column's; of how many it was not learnt, which has_unknown says is a line.
const char *wording_units(const struct result_table *table);
const char *wording_total(const struct result_table *table, size_t column, char text[static WORDING_BYTES]);
bool wording_has_unknown(const struct result_table *table);
extern const char wording_unknown[];

// "1.4 each, of those with any 3.2; half have at most 0, nine in ten at most 5": of a column of a table with `number`.
// False when nobody has any.
bool wording_numbers(const struct result_column *column, char text[static WORDING_BYTES]);

// The tests of a table with `among`, a sentence each.
void wording_comparison(const struct result_table *table, wording_take *take, void *context);

// A table of those of whom something is so has no lines for values of which it is so of nobody.
bool wording_line_shown(const struct result_table *table, size_t line);

// A single column of which nothing is known says the same as all together. How many to show of at most `room`.
size_t wording_columns(const struct result_table *table, size_t room);
