// SPDX-License-Identifier: BSD-3-Clause
// A report for programs: JSON and CSV.
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/command/output_file.h"
#include "control/command/report_print.h"

// ---- JSON
// -------------------------------------------------------------------------------------------------------------

// What a host chose may be no UTF-8, which JSON has to be; records' writers have seen to that, and who feeds us other
// files gets the marks of jansson's refusal: an empty text.
static json_t *text_json(const char *bytes, size_t length)
{
    json_t *text = json_stringn(bytes, length);
    return text != NULL ? text : json_string("");
}

static void share_add(json_t *object, uint64_t count, uint64_t of)
{
    if (of == 0)
        return;
    struct confidence interval = share_interval(count < of ? count : of, of);
    (void)json_object_set_new(object, "of", json_integer((json_int_t)of));
    (void)json_object_set_new(object, "share", json_real((double)count / (double)of));
    (void)json_object_set_new(object, "low", json_real(interval.low));
    (void)json_object_set_new(object, "high", json_real(interval.high));
}

static json_t *cell_json(const struct result_cell *cell)
{
    return json_pack("{s:I,s:I,s:I}", "yes", (json_int_t)cell->yes, "no", (json_int_t)cell->no, "unknown",
                     (json_int_t)cell->unknown);
}

static json_t *numbers_json(const struct result_column *column)
{
    json_t *numbers = json_array();
    for (size_t i = 0; i < column->numbers_length; i++)
        (void)json_array_append_new(numbers, json_integer((json_int_t)column->numbers[i]));
    return numbers;
}

static json_t *columns_json(const struct result_table *table, const struct facts *facts)
{
    json_t *columns = json_array();
    for (size_t c = 0; c < table->column_count; c++) {
        const struct result_column *column = &table->columns[c];
        size_t length;
        const char *text = report_column(table, facts, c, &length);
        json_t *object = cell_json(&column->units);
        (void)json_object_set_new(object, "value", text_json(text, length));
        (void)json_object_set_new(object, "items", json_integer((json_int_t)column->items));
        share_add(object, column->units.yes, column->units.yes + column->units.no);
        if (table->table->number)
            (void)json_object_set_new(object, "numbers", numbers_json(column));
        (void)json_array_append_new(columns, object);
    }
    return columns;
}

static json_t *lines_json(const struct result_table *table, const struct facts *facts)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < table->line_count; i++) {
        size_t length;
        const char *text = report_value(facts, table->lines[i].value, &length);
        json_t *cells = json_array();
        for (size_t c = 0; c < table->column_count; c++) {
            uint64_t count = 0;
            uint64_t of = 0;
            json_t *cell = cell_json(&table->lines[i].cells[c]);
            if (result_share(table, i, c, &count, &of))
                share_add(cell, count, of);
            (void)json_array_append_new(cells, cell);
        }
        (void)json_array_append_new(lines, json_pack("{s:o,s:o}", "value", text_json(text, length), "cells", cells));
    }
    return lines;
}

static json_t *test_json(const struct comparison *comparison)
{
    return json_pack("{s:f,s:f,s:f}", "effect", comparison->effect, "statistic", comparison->statistic, "p",
                     comparison->p);
}

static void comparison_add(json_t *object, const struct result_table *table)
{
    struct result_comparison comparison;
    if (!result_compare(table, &comparison))
        return;
    json_t *tests = json_object();
    if (comparison.has_shares)
        (void)json_object_set_new(tests, "shares", test_json(&comparison.shares));
    if (comparison.has_means)
        (void)json_object_set_new(tests, "means", test_json(&comparison.means));
    if (comparison.has_ranks)
        (void)json_object_set_new(tests, "ranks", test_json(&comparison.ranks));
    (void)json_object_set_new(object, "comparison", tests);
}

static json_t *table_json(const struct result_table *table, const struct facts *facts)
{
    const struct study_table *study = table->table;
    json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:I}", "id", study->id, "title", study->title,
                               "note", study->note, "headline", study->headline, "unit",
                               study->unit == STUDY_HOSTS ? "hosts" : "services", "rows", study->rows, "figure",
                               study_figure_names[study->figure], "columns", columns_json(table, facts), "lines",
                               lines_json(table, facts), "lines_left_off", (json_int_t)table->lines_left_off);
    if (object != NULL)
        comparison_add(object, table);
    return object;
}

static json_t *left_out_json(const struct report_heading *heading, const struct results *results)
{
    json_t *object = json_object();
    json_t *complaints = json_array();
    (void)json_object_set_new(object, "repeated", json_integer((json_int_t)results->repeated));
    (void)json_object_set_new(object, "filtered", json_integer((json_int_t)heading->facts->filtered));
    (void)json_object_set_new(object, "aside", json_integer((json_int_t)heading->facts->aside));
    (void)json_object_set_new(object, "without_address", json_integer((json_int_t)heading->facts->other));
    for (size_t i = 0; i < RECORDS_FAULT_COUNT; i++)
        (void)json_object_set_new(object, records_fault_names[i], json_integer((json_int_t)heading->tally->faults[i]));
    for (size_t i = 0; i < heading->tally->complaint_count; i++)
        (void)json_array_append_new(complaints,
                                    text_json(heading->tally->complaints[i], strlen(heading->tally->complaints[i])));
    (void)json_object_set_new(object, "complaints", complaints);
    return object;
}

json_t *report_json(const struct report_heading *heading, const struct results *results)
{
    json_t *tables = json_array();
    for (size_t i = 0; i < results->table_count; i++)
        if (json_array_append_new(tables, table_json(&results->tables[i], heading->facts)) != 0) {
            json_decref(tables);
            return NULL;
        }
    return json_pack("{s:i,s:I,s:I,s:I,s:I,s:I,s:o,s:o}", "schema", 1, "records", (json_int_t)heading->tally->records,
                     "hosts", (json_int_t)results->hosts, "services", (json_int_t)results->services, "first_s",
                     (json_int_t)heading->facts->first_s, "last_s", (json_int_t)heading->facts->last_s, "left_out",
                     left_out_json(heading, results), "tables", tables);
}

// ---- CSV
// --------------------------------------------------------------------------------------------------------------

// RFC 4180. A spreadsheet runs what begins like a formula: an apostrophe in front makes it text.
static void csv_text(FILE *out, const char *bytes, size_t length)
{
    (void)fputc('"', out);
    if (length > 0 && strchr("=+-@\t\r\n|", bytes[0]) != NULL)
        (void)fputc('\'', out);
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '"')
            (void)fputc('"', out);
        (void)fputc(bytes[i] == '\0' ? ' ' : bytes[i], out);
    }
    (void)fputc('"', out);
}

static void csv_share(FILE *out, uint64_t count, uint64_t of)
{
    struct confidence interval = share_interval(count < of ? count : of, of);
    if (of == 0)
        (void)fprintf(out, ",,,,\r\n");
    else
        (void)fprintf(out, ",%llu,%.6f,%.6f,%.6f\r\n", (unsigned long long)of, (double)count / (double)of, interval.low,
                      interval.high);
}

static void csv_table(FILE *out, const struct result_table *table, const struct facts *facts)
{
    (void)fprintf(out, "line,column,count,not,unknown,of,share,low,high\r\n");
    for (size_t c = 0; c < table->column_count; c++) {
        const struct result_cell *units = &table->columns[c].units;
        size_t length;
        const char *column = report_column(table, facts, c, &length);
        csv_text(out, "", 0);
        (void)fputc(',', out);
        csv_text(out, column, length);
        (void)fprintf(out, ",%llu,%llu,%llu", (unsigned long long)units->yes, (unsigned long long)units->no,
                      (unsigned long long)units->unknown);
        csv_share(out, units->yes, units->yes + units->no);
    }
    for (size_t i = 0; i < table->line_count; i++) {
        for (size_t c = 0; c < table->column_count; c++) {
            const struct result_cell *cell = &table->lines[i].cells[c];
            size_t lengths[2];
            const char *line = report_value(facts, table->lines[i].value, &lengths[0]);
            const char *column = report_column(table, facts, c, &lengths[1]);
            uint64_t count = 0;
            uint64_t of = 0;
            (void)result_share(table, i, c, &count, &of);
            csv_text(out, line, lengths[0]);
            (void)fputc(',', out);
            csv_text(out, column, lengths[1]);
            (void)fprintf(out, ",%llu,%llu,%llu", (unsigned long long)cell->yes, (unsigned long long)cell->no,
                          (unsigned long long)cell->unknown);
            csv_share(out, count, of);
        }
    }
}

int report_csv(const struct results *results, const char *folder, char message[static 512])
{
    char path[PATH_MAX] = "";
    int error = mkdir(folder, 0755) != 0 && errno != EEXIST ? -errno : 0;
    (void)snprintf(path, sizeof(path), "%s", folder);
    for (size_t i = 0; i < results->table_count && error == 0; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s.csv", folder, results->tables[i].table->id);
        struct output_file file;
        error = output_file_open(path, &file);
        if (error != 0)
            break;
        csv_table(file.stream, &results->tables[i], results->facts);
        error = output_file_finish(&file, ferror(file.stream) != 0 ? -EIO : 0);
    }
    if (error != 0)
        (void)snprintf(message, 512, "%.400s: %.100s", path, strerror(-error));
    return error;
}
