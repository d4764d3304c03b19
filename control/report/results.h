// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The tables of a study, counted: what the report prints, whatever it prints to.

#include "control/report/host_groups.h"
#include "control/report/statistics.h"

// Of the units in one line and column: those whom the table is about, those of whom it is not so, and those of whom it
// was not learnt. In a table over rows (`each`) `yes` counts the rows.
struct result_cell {
    uint64_t yes;
    uint64_t no;
    uint64_t unknown;
};

enum { RESULT_NUMBERS_MAX = 4096 }; // a unit's rows beyond this count as so many

struct result_column {
    uint32_t value;           // of facts->values; 0 = not known. Column 0 of a table is all together.
    bool among;               // of a table with `among`: those of whom it holds
    struct result_cell units; // those in `of`: of a table over rows `yes` are units with any
    uint64_t items;           // all that the lines count
    uint64_t *numbers;        // [numbers_length] of a table with `number`: how many units have so many rows
    size_t numbers_length;
};

struct result_line {
    uint32_t value;
    struct result_cell *cells; // [column_count]
};

struct result_table {
    const struct study_table *table;
    struct result_column *columns; // the first is all together; the others in the order of their units, most first
    size_t column_count;
    struct result_line *lines; // in the table's order, at most `top`
    size_t line_count;
    size_t lines_left_off;
    uint64_t among_unknown; // units of whom `among` was not learnt
};

struct results {
    const struct facts *facts;
    struct result_table *tables; // in the study's order
    size_t table_count;
    uint64_t hosts;
    uint64_t services;
    uint64_t repeated;
};

// Counts with as many threads as given, at most 16. facts and hosts outlive it. Returns 0 and results for results_fini,
// or -ENOMEM.
int results_count(const struct facts *facts, const struct host_groups *hosts, unsigned int threads,
                  struct results *ret_results);
void results_fini(struct results *results);

// A cell's share by the table's `percent`: *ret_of is the denominator. False when there is none.
bool result_share(const struct result_table *table, size_t line, size_t column, uint64_t *ret_count, uint64_t *ret_of);

// The histogram of a column's numbers.
struct histogram result_numbers(const struct result_column *column);

// The first group over the second of a table with `among`: their shares, means and ranks. A test that cannot be made
// leaves its false.
struct result_comparison {
    bool has_shares;
    bool has_means;
    bool has_ranks;
    struct comparison shares;
    struct comparison means;
    struct comparison ranks;
};
bool result_compare(const struct result_table *table, struct result_comparison *ret_comparison);
