// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/report_print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/printable.h"
#include "control/command/columns.h"
#include "control/scan/figures.h"

enum { CELL_BYTES = 256, COLUMNS_SHOWN = 8, NUMBERS_SHOWN = 10 };

const char *report_value(const struct facts *facts, uint32_t value, size_t *ret_length)
{
    static const char unknown[] = "(not known)";
    if (value != 0)
        return facts_value(facts, value, ret_length);
    *ret_length = sizeof(unknown) - 1;
    return unknown;
}

const char *report_column(const struct result_table *table, const struct facts *facts, size_t column,
                          size_t *ret_length)
{
    const char *text = column == 0 ? "all" : table->columns[column].among ? "of whom it is so" : "the others";
    if (column > 0 && table->table->among == STUDY_NONE)
        return report_value(facts, table->columns[column].value, ret_length);
    *ret_length = strlen(text);
    return text;
}

static const char *value_text(const char *bytes, size_t length, char ret_text[static CELL_BYTES])
{
    (void)snprintf(ret_text, CELL_BYTES, "%.*s", (int)(length < 200 ? length : 200), bytes);
    return ret_text;
}

// "1,234 (12.3 %)"
static const char *share_text(uint64_t count, uint64_t of, char ret_text[static CELL_BYTES])
{
    char number[FIGURE_MAX];
    figure_count(count, number);
    if (of == 0)
        (void)snprintf(ret_text, CELL_BYTES, "%s", number);
    else
        (void)snprintf(ret_text, CELL_BYTES, "%s (%.1f %%)", number, 100.0 * (double)count / (double)of);
    return ret_text;
}

static uint64_t cell_all(const struct result_cell *cell)
{
    return cell->yes + cell->no + cell->unknown;
}

// ---- What was read
// ----------------------------------------------------------------------------------------------------

static void time_print(const char *before, int64_t seconds, FILE *out)
{
    char text[32];
    time_t at = (time_t)seconds;
    struct tm day;
    if (gmtime_r(&at, &day) != NULL && strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &day) > 0)
        (void)fprintf(out, "%s%s", before, text);
}

static void faults_print(const struct records_tally *tally, FILE *out)
{
    char number[FIGURE_MAX];
    for (size_t i = 0; i < RECORDS_FAULT_COUNT; i++)
        if (tally->faults[i] > 0)
            (void)fprintf(out, "  left out: %s %s\n", figure_count(tally->faults[i], number), records_fault_names[i]);
    for (size_t i = 0; i < tally->complaint_count; i++) {
        char text[4 * 512];
        (void)printable(tally->complaints[i], text, sizeof(text));
        (void)fprintf(out, "    %s\n", text);
    }
}

static void heading_print(const struct report_heading *heading, const struct results *results, FILE *out)
{
    char numbers[4][FIGURE_MAX];
    (void)fprintf(out, "%s hosts with %s services, of %s records in %s %s", figure_count(results->hosts, numbers[0]),
                  figure_count(results->services, numbers[1]), figure_count(heading->tally->records, numbers[2]),
                  figure_count(heading->tally->files, numbers[3]), heading->tally->files == 1 ? "file" : "files");
    if (heading->facts->last_s > 0) {
        time_print(", heard from ", heading->facts->first_s, out);
        time_print(" to ", heading->facts->last_s, out);
        (void)fprintf(out, " UTC");
    }
    (void)fprintf(out, "\n");
    for (size_t i = 0; i < heading->filter_count; i++)
        (void)fprintf(out, "  only where %s\n", heading->filters[i]);
    if (results->repeated > 0)
        (void)fprintf(out, "  left out: %s of an address and port of which there is a later record\n",
                      figure_count(results->repeated, numbers[0]));
    if (heading->facts->aside > 0)
        (void)fprintf(out, "  set aside: %s that only seem to be services (`aside` of the study)\n",
                      figure_count(heading->facts->aside, numbers[0]));
    if (heading->facts->other > 0)
        (void)fprintf(out, "  left out: %s without an IPv4 address, a port or a time\n",
                      figure_count(heading->facts->other, numbers[0]));
    faults_print(heading->tally, out);
}

// ---- Headlines
// --------------------------------------------------------------------------------------------------------

static void headline_print(const struct result_table *table, FILE *out)
{
    char numbers[3][FIGURE_MAX];
    const struct result_cell *units = &table->columns[0].units;
    uint64_t of = units->yes + units->no;
    if (table->table->headline[0] == '\0')
        return;
    if (of == 0) {
        (void)fprintf(out, "  -       %s: nothing was learnt of any\n", table->table->headline);
        return;
    }
    struct confidence interval = share_interval(units->yes, of);
    (void)fprintf(out, "  %5.1f %% %s (%s of %s; 95 %%: %.1f to %.1f %%", 100.0 * (double)units->yes / (double)of,
                  table->table->headline, figure_count(units->yes, numbers[0]), figure_count(of, numbers[1]),
                  100 * interval.low, 100 * interval.high);
    if (units->unknown > 0)
        (void)fprintf(out, "; not learnt of %s", figure_count(units->unknown, numbers[2]));
    (void)fprintf(out, ")\n");
}

// ---- Tables
// -----------------------------------------------------------------------------------------------------------

// A single column of which nothing is known says the same as all together.
static size_t shown_columns(const struct result_table *table)
{
    if (table->column_count == 2 && table->columns[1].value == 0 && table->table->among == STUDY_NONE)
        return 1;
    return table->column_count < COLUMNS_SHOWN ? table->column_count : COLUMNS_SHOWN;
}

// A table of those of whom something is so has no lines for values of which it is so of nobody.
static bool line_shown(const struct result_table *table, size_t line)
{
    return table->table->percent == STUDY_PERCENT_ROW || table->lines[line].cells[0].yes > 0;
}

static void head_add(struct columns *columns, const struct result_table *table, const struct facts *facts)
{
    char cells[COLUMNS_MAX][CELL_BYTES];
    const char *texts[COLUMNS_MAX];
    size_t shown = shown_columns(table);
    (void)snprintf(cells[0], CELL_BYTES, "%s", table->table->rows);
    for (size_t c = 0; c < shown; c++) {
        size_t length;
        const char *text = report_column(table, facts, c, &length);
        (void)value_text(text, length, cells[c + 1]);
    }
    for (size_t c = 0; c <= shown; c++)
        texts[c] = cells[c];
    columns_add(columns, texts);
}

static void line_add(struct columns *columns, const struct result_table *table, size_t line, const struct facts *facts)
{
    char cells[COLUMNS_MAX][CELL_BYTES];
    const char *texts[COLUMNS_MAX];
    size_t length;
    size_t shown = shown_columns(table);
    const char *value = report_value(facts, table->lines[line].value, &length);
    texts[0] = value_text(value, length, cells[0]);
    for (size_t c = 0; c < shown; c++) {
        uint64_t count = 0;
        uint64_t of = 0;
        (void)result_share(table, line, c, &count, &of);
        bool share = table->table->percent != STUDY_PERCENT_ROW || table->table->when != STUDY_NONE;
        texts[c + 1] = share_text(count, share ? of : 0, cells[c + 1]);
        if (table->table->percent == STUDY_PERCENT_ROW && share && of > 0) {
            char number[FIGURE_MAX];
            (void)snprintf(cells[c + 1] + strlen(cells[c + 1]), CELL_BYTES - strlen(cells[c + 1]), " of %s",
                           figure_count(of, number));
        }
    }
    columns_add(columns, texts);
}

static void units_add(struct columns *columns, const struct result_table *table)
{
    char cells[COLUMNS_MAX][CELL_BYTES];
    const char *texts[COLUMNS_MAX];
    const char *unit = table->table->unit == STUDY_HOSTS ? "hosts" : "services";
    size_t shown = shown_columns(table);
    bool has_when = table->table->when != STUDY_NONE;
    (void)snprintf(cells[0], CELL_BYTES, "%s%s", unit, has_when || table->table->each[0] != '\0' ? " in all" : "");
    for (size_t c = 0; c < shown; c++) {
        const struct result_cell *cell = &table->columns[c].units;
        bool of = has_when || table->table->each[0] != '\0';
        (void)share_text(of ? cell->yes : cell_all(cell), of ? cell->yes + cell->no : 0, cells[c + 1]);
    }
    for (size_t c = 0; c <= shown; c++)
        texts[c] = cells[c];
    columns_add(columns, texts);
    if (!has_when)
        return;
    (void)snprintf(cells[0], CELL_BYTES, "not learnt of");
    for (size_t c = 0; c < shown; c++)
        (void)figure_count(table->columns[c].units.unknown, cells[c + 1]);
    columns_add(columns, texts);
}

static void numbers_print(const struct result_table *table, const struct facts *facts, FILE *out)
{
    for (size_t c = 0; c < shown_columns(table); c++) {
        struct histogram numbers = result_numbers(&table->columns[c]);
        char text[CELL_BYTES];
        size_t length;
        const char *value = report_column(table, facts, c, &length);
        uint64_t none = numbers.length > 0 ? numbers.counts[0] : 0;
        uint64_t all = histogram_total(&numbers);
        if (all > none)
            (void)fprintf(out,
                          "    %s: %.1f each, of those with any %.1f; half have at most %zu, nine in ten at most %zu\n",
                          value_text(value, length, text), histogram_mean(&numbers),
                          histogram_mean(&numbers) * (double)all / (double)(all - none),
                          histogram_quantile(&numbers, 0.5), histogram_quantile(&numbers, 0.9));
    }
}

static void test_print(const char *what, const struct comparison *comparison, bool points, FILE *out)
{
    char p[32];
    (void)snprintf(p, sizeof(p), comparison->p < 0.0001 ? "p < 0.0001" : "p = %.4f", comparison->p);
    (void)fprintf(out, "    %s: %+.*f%s, %s\n", what, points ? 1 : 2, comparison->effect * (points ? 100 : 1),
                  points ? " points" : "", p);
}

static void comparison_print(const struct result_table *table, FILE *out)
{
    struct result_comparison comparison;
    if (!result_compare(table, &comparison))
        return;
    if (comparison.has_shares)
        test_print("difference of the shares (two-proportion z)", &comparison.shares, true, out);
    if (comparison.has_means)
        test_print("difference of the means (Welch)", &comparison.means, false, out);
    if (comparison.has_ranks)
        test_print("chance that one of the first has more (Mann-Whitney)", &comparison.ranks, false, out);
}

static int table_print(const struct result_table *table, const struct facts *facts, FILE *out)
{
    struct columns columns;
    columns_init(&columns, shown_columns(table) + 1, ~1U);
    (void)fprintf(out, "\n%s  %s\n", table->table->id, table->table->title);
    if (table->table->note[0] != '\0')
        (void)fprintf(out, "    %s\n", table->table->note);
    if (cell_all(&table->columns[0].units) == 0) {
        (void)fprintf(out, "    nothing was learnt of any\n");
        return 0;
    }
    head_add(&columns, table, facts);
    for (size_t i = 0; i < table->line_count; i++)
        if (line_shown(table, i))
            line_add(&columns, table, i, facts);
    units_add(&columns, table);
    int error = columns_print(&columns, 4, out);
    columns_fini(&columns);
    if (table->lines_left_off > 0)
        (void)fprintf(out, "    and %zu more lines\n", table->lines_left_off);
    if (table->column_count > COLUMNS_SHOWN)
        (void)fprintf(out, "    and %zu more columns (--csv and --json have all)\n",
                      table->column_count - COLUMNS_SHOWN);
    numbers_print(table, facts, out);
    comparison_print(table, out);
    return error;
}

int report_print(const struct report_heading *heading, const struct results *results, FILE *out)
{
    int error = 0;
    heading_print(heading, results, out);
    (void)fprintf(out, "\n");
    for (size_t i = 0; i < results->table_count; i++)
        headline_print(&results->tables[i], out);
    for (size_t i = 0; i < results->table_count && error == 0; i++)
        error = table_print(&results->tables[i], heading->facts, out);
    return error;
}
