// SPDX-License-Identifier: BSD-3-Clause
// A report for programs, as JSON.
#include <string.h>

#include "control/report/ground.h"
#include "control/report/wording.h"

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
        const char *text = wording_column(table, facts, c, &length);
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
        const char *text = wording_value(facts, table->lines[i].value, &length);
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

// What a sample says of all the services; NULL when it was none.
static json_t *sample_json(const struct report_heading *heading, const struct results *results)
{
    const struct scans_sample *sample = heading->sample;
    if (sample == NULL)
        return NULL;
    struct confidence total = total_interval(results->services, sample->asked, sample->all);
    return json_pack("{s:I,s:I,s:f,s:f,s:f}", "asked", (json_int_t)sample->asked, "all", (json_int_t)sample->all,
                     "services", (double)results->services * (double)sample->all / (double)sample->asked, "low",
                     total.low, "high", total.high);
}

json_t *report_json(const struct report_heading *heading, const struct results *results)
{
    json_t *tables = json_array();
    for (size_t i = 0; i < results->table_count; i++)
        if (json_array_append_new(tables, table_json(&results->tables[i], heading->facts)) != 0) {
            json_decref(tables);
            return NULL;
        }
    return json_pack("{s:i,s:I,s:I,s:I,s:I,s:I,s:o*,s:o*,s:o,s:o}", "schema", 1, "records",
                     (json_int_t)heading->tally->records, "hosts", (json_int_t)results->hosts, "services",
                     (json_int_t)results->services, "first_s", (json_int_t)heading->facts->first_s, "last_s",
                     (json_int_t)heading->facts->last_s, "sample", sample_json(heading, results), "targets",
                     ground_of(heading->scans), "left_out", left_out_json(heading, results), "tables", tables);
}
