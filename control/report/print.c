// SPDX-License-Identifier: BSD-3-Clause
// A report for a terminal.
#include <errno.h>
#include <string.h>

#include "config/figures.h"
#include "config/printable.h"
#include "control/report/columns.h"
#include "control/report/ground.h"
#include "control/report/wording.h"

enum { CELL_BYTES = 256, COLUMNS_SHOWN = 8 };

static const char *value_text(const char *bytes, size_t length, char ret_text[static CELL_BYTES])
{
    (void)snprintf(ret_text, CELL_BYTES, "%.*s", (int)(length < 200 ? length : 200), bytes);
    return ret_text;
}

static void heading_take(void *out, const char *sentence)
{
    (void)fprintf(out, "  %s\n", sentence);
}

static void remark_take(void *out, const char *sentence)
{
    (void)fprintf(out, "    %s\n", sentence);
}

static void heading_print(const struct report_heading *heading, const struct results *results, FILE *out)
{
    char text[WORDING_BYTES];
    (void)fprintf(out, "%s\n", wording_read(heading, results, text));
    if (wording_sample(heading, results, text))
        heading_take(out, text);
    wording_left_out(heading, results, heading_take, out);
    for (size_t i = 0; i < heading->tally->complaint_count; i++) {
        char complaint[PRINTABLE_GROWTH * 512];
        (void)printable(heading->tally->complaints[i], complaint, sizeof(complaint));
        remark_take(out, complaint);
    }
}

static void headline_print(const struct report_heading *heading, const struct result_table *table, FILE *out)
{
    struct wording_headline headline;
    if (table->table->headline[0] == '\0')
        return;
    if (wording_headline(heading, table, &table->columns[0].units, &headline))
        (void)fprintf(out, "  %7s %s (%s)\n", headline.share, table->table->headline, headline.detail);
    else
        (void)fprintf(out, "  -       %s: nothing was learnt of any\n", table->table->headline);
}

// ---- Tables
// -----------------------------------------------------------------------------------------------------------

// One row of a table, its cells filled one after the other.
struct row {
    char cells[COLUMNS_MAX][CELL_BYTES];
    size_t count;
};

static void row_put(struct row *row, const char *bytes, size_t length)
{
    (void)value_text(bytes, length, row->cells[row->count++]);
}

static void row_add(struct columns *columns, const struct row *row)
{
    const char *texts[COLUMNS_MAX];
    for (size_t c = 0; c < row->count; c++)
        texts[c] = row->cells[c];
    columns_add(columns, texts);
}

static void head_add(struct columns *columns, const struct result_table *table, const struct facts *facts)
{
    struct row row = {.count = 0};
    row_put(&row, table->table->rows, strlen(table->table->rows));
    for (size_t c = 0; c + 1 < columns->count; c++) {
        size_t length;
        const char *text = wording_column(table, facts, c, &length);
        row_put(&row, text, length);
    }
    row_add(columns, &row);
}

static void line_add(struct columns *columns, const struct result_table *table, size_t line, const struct facts *facts)
{
    struct row row = {.count = 0};
    size_t length;
    const char *value = wording_line(table, facts, line, &length);
    row_put(&row, value, length);
    for (size_t c = 0; c + 1 < columns->count; c++) {
        char text[WORDING_BYTES];
        (void)wording_cell(table, line, c, text);
        row_put(&row, text, strlen(text));
    }
    row_add(columns, &row);
}

static void units_add(struct columns *columns, const struct result_table *table)
{
    struct row totals = {.count = 0};
    struct row unknown = {.count = 0};
    row_put(&totals, wording_units(table), strlen(wording_units(table)));
    row_put(&unknown, wording_unknown, strlen(wording_unknown));
    for (size_t c = 0; c + 1 < columns->count; c++) {
        char text[WORDING_BYTES];
        char number[FIGURE_MAX];
        (void)wording_total(table, c, text);
        row_put(&totals, text, strlen(text));
        (void)figure_count(table->columns[c].units.unknown, number);
        row_put(&unknown, number, strlen(number));
    }
    row_add(columns, &totals);
    if (wording_has_unknown(table))
        row_add(columns, &unknown);
}

static void numbers_print(const struct result_table *table, const struct facts *facts, size_t shown, FILE *out)
{
    for (size_t c = 0; c < shown; c++) {
        char numbers[WORDING_BYTES];
        char raw[CELL_BYTES];
        char text[PRINTABLE_GROWTH * CELL_BYTES];
        size_t length;
        const char *value = wording_column(table, facts, c, &length);
        (void)printable(value_text(value, length, raw), text, sizeof(text));
        if (wording_numbers(&table->columns[c], numbers))
            (void)fprintf(out, "    %s: %s\n", text, numbers);
    }
}

static int table_print(const struct result_table *table, const struct facts *facts, FILE *out)
{
    struct columns columns;
    const struct result_cell *units = &table->columns[0].units;
    size_t shown = wording_columns(table, COLUMNS_SHOWN);
    columns_init(&columns, shown + 1, ~1U);
    (void)fprintf(out, "\n%s  %s\n", table->table->id, table->table->title);
    if (table->table->note[0] != '\0')
        (void)fprintf(out, "    %s\n", table->table->note);
    if (units->yes + units->no + units->unknown == 0) {
        (void)fprintf(out, "    nothing was learnt of any\n");
        return 0;
    }
    head_add(&columns, table, facts);
    for (size_t i = 0; i < table->line_count; i++)
        if (wording_line_shown(table, i))
            line_add(&columns, table, i, facts);
    units_add(&columns, table);
    int error = columns_print(&columns, 4, out);
    columns_fini(&columns);
    if (table->lines_left_off > 0)
        (void)fprintf(out, "    and %zu more lines\n", table->lines_left_off);
    if (table->column_count > COLUMNS_SHOWN)
        (void)fprintf(out, "    and %zu more columns (--csv and --json have all)\n",
                      table->column_count - COLUMNS_SHOWN);
    numbers_print(table, facts, shown, out);
    wording_comparison(table, remark_take, out);
    return error;
}

static void ground_row_add(void *context, const struct ground_row *row)
{
    char addresses[FIGURE_MAX];
    char once[FIGURE_MAX];
    const char *provider = row->service[0] != '\0' ? "" : row->provider[0] != '\0' ? row->provider : "(no provider)";
    columns_add(context, (const char *[]){provider, row->service, figure_count(row->addresses, addresses),
                                          figure_count(row->counted_once, once)});
}

static int ground_print(const struct scans *scans, FILE *out)
{
    struct columns columns;
    json_t *ground = ground_of(scans);
    if (ground == NULL)
        return 0;
    (void)fprintf(out, "\nT1  %s\n    %s\n", ground_title, ground_note);
    columns_init(&columns, 4, 1U << 2 | 1U << 3);
    columns_add(&columns, (const char *[]){"provider", "cloud service", "addresses", "counted once"});
    ground_each(ground, ground_row_add, &columns);
    int error = columns_print(&columns, 4, out);
    columns_fini(&columns);
    json_decref(ground);
    return error;
}

int report_print(const struct report_heading *heading, const struct results *results, FILE *out)
{
    int error = 0;
    heading_print(heading, results, out);
    (void)fprintf(out, "\n");
    for (size_t i = 0; i < results->table_count; i++)
        headline_print(heading, &results->tables[i], out);
    error = ground_print(heading->scans, out);
    for (size_t i = 0; i < results->table_count && error == 0; i++)
        error = table_print(&results->tables[i], heading->facts, out);
    return error;
}
