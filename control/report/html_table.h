// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One table of a study in a page: its section with the chart's place, its lines, its distribution and its tests. The
// exact numbers of a cell stand in data- attributes, for the page's script and for who reads the page with a program.

#include "control/report/wording.h"

// A page stays small whatever the records hold: what is beyond is said to be, and stands in --json and --csv.
enum { HTML_LINES = 200, HTML_COLUMNS = 16 };

void html_table_section(const struct result_table *table, const struct facts *facts, FILE *out);

// A card of the table's headline, if it has one, for these of its units.
void html_headline(const struct report_heading *heading, const struct result_table *table,
                   const struct result_cell *units, FILE *out);

// <td> with a cell's numbers and its words.
void html_cell(const struct result_table *table, size_t line, size_t column, FILE *out);
