// SPDX-License-Identifier: BSD-3-Clause
// A page's part for every provider, or whatever the tables' columns are: its headlines beside everybody's, and the
// first lines of its tables. The numbers are those of the tables, by column.
#include <string.h>

#include "control/report/html_page.h"
#include "control/report/html_parts.h"
#include "control/report/html_table.h"

enum { GROUPS_MAX = 16, GROUP_LINES = 5 };

static bool is_table_by(const struct result_table *table, const char *by)
{
    return table->table->among == STUDY_NONE && strcmp(table->table->columns, by) == 0;
}

// The columns of the first table that has any.
const char *html_groups_by(const struct html_report *report)
{
    const struct results *results = report->results;
    for (size_t i = 0; i < results->table_count; i++) {
        const struct result_table *table = &results->tables[i];
        if (table->table->columns[0] != '\0' && table->table->among == STUDY_NONE && wording_columns(table, 2) > 1)
            return table->table->columns;
    }
    return NULL;
}

static size_t column_of(const struct result_table *table, uint32_t value)
{
    for (size_t c = 1; c < table->column_count; c++)
        if (table->columns[c].value == value)
            return c;
    return 0;
}

// Those of a table's units that are the group's: a column's, or, where the groups are its lines, a line's. NULL: the
// table does not tell them apart.
static const struct result_cell *units_of(const struct result_table *table, const char *by, uint32_t value)
{
    size_t column = is_table_by(table, by) ? column_of(table, value) : 0;
    if (column > 0)
        return &table->columns[column].units;
    if (strcmp(table->table->rows, by) != 0 || table->table->percent != STUDY_PERCENT_ROW)
        return NULL;
    for (size_t i = 0; i < table->line_count; i++)
        if (table->lines[i].value == value)
            return &table->lines[i].cells[0];
    return NULL;
}

struct groups {
    const char *by;
    uint32_t values[GROUPS_MAX];
    size_t count;
    size_t left_off;
};

// The values of all tables' columns; those of tables that count every host come in the order of their hosts.
static void groups_find(const struct results *results, struct groups *groups)
{
    for (int all = 1; all >= 0; all--)
        for (size_t i = 0; i < results->table_count; i++) {
            const struct result_table *table = &results->tables[i];
            if (!is_table_by(table, groups->by) || (table->table->of == STUDY_NONE) != (all == 1))
                continue;
            for (size_t c = 1; c < table->column_count; c++) {
                size_t at = 0;
                while (at < groups->count && groups->values[at] != table->columns[c].value)
                    at++;
                if (at == groups->count && groups->count < GROUPS_MAX)
                    groups->values[groups->count++] = table->columns[c].value;
                else if (at == groups->count)
                    groups->left_off++;
            }
        }
}

static void lines_write(const struct result_table *table, const struct facts *facts, size_t column, FILE *out)
{
    size_t written = 0;
    for (size_t i = 0; i < table->line_count && written < GROUP_LINES; i++) {
        size_t length;
        const char *value = wording_value(facts, table->lines[i].value, &length);
        if (table->lines[i].cells[column].yes == 0)
            continue;
        (void)fputs("<tr><th scope=\"row\">", out);
        html_text(out, value, length);
        (void)fputs("</th>", out);
        html_cell(table, i, column, out);
        html_cell(table, i, 0, out);
        (void)fputs("</tr>\n", out);
        written++;
    }
}

static bool has_lines(const struct result_table *table, size_t column)
{
    if (table->table->rows[0] == '\0')
        return false;
    for (size_t i = 0; i < table->line_count; i++)
        if (table->lines[i].cells[column].yes > 0)
            return true;
    return false;
}

static void group_table_write(const struct result_table *table, const struct facts *facts, size_t column, size_t group,
                              FILE *out)
{
    char id[WORDING_BYTES];
    size_t length;
    const char *value = wording_column(table, facts, column, &length);
    (void)snprintf(id, sizeof(id), "part-%zu-%s", group + 1, table->table->id);
    (void)fputs("<h4>", out);
    html_words(out, table->table->title);
    (void)fputs("</h4>\n", out);
    html_table_begin(out, id, "part", id);
    (void)fputs("<thead><tr><th scope=\"col\">", out);
    html_words(out, table->table->rows);
    (void)fputs("</th><th scope=\"col\">", out);
    html_text(out, value, length);
    (void)fputs("</th><th scope=\"col\">all</th></tr></thead>\n<tbody>\n", out);
    lines_write(table, facts, column, out);
    (void)fputs("</tbody>\n", out);
    html_table_end(out);
}

static void group_write(const struct html_report *report, const struct groups *groups, size_t group, FILE *out)
{
    const struct results *results = report->results;
    const struct facts *facts = report->heading->facts;
    size_t length;
    const char *name = wording_value(facts, groups->values[group], &length);
    (void)fprintf(out, "<section class=\"part\" id=\"part-%zu\"><h3>", group + 1);
    html_text(out, name, length);
    (void)fputs("</h3>\n<ul class=\"cards\">\n", out);
    for (size_t i = 0; i < results->table_count; i++) {
        const struct result_cell *units = units_of(&results->tables[i], groups->by, groups->values[group]);
        if (units != NULL)
            html_headline(report->heading, &results->tables[i], units, out);
    }
    (void)fputs("</ul>\n", out);
    for (size_t i = 0; i < results->table_count; i++) {
        const struct result_table *table = &results->tables[i];
        size_t column = is_table_by(table, groups->by) ? column_of(table, groups->values[group]) : 0;
        if (column > 0 && has_lines(table, column))
            group_table_write(table, facts, column, group, out);
    }
    (void)fputs("</section>\n", out);
}

void html_groups(const struct html_report *report, FILE *out)
{
    struct groups groups = {.by = html_groups_by(report)};
    if (groups.by == NULL)
        return;
    groups_find(report->results, &groups);
    (void)fputs("<section id=\"parts\"><h2>By ", out);
    html_words(out, groups.by);
    (void)fprintf(out, "</h2>\n<p class=\"note\">The first %d lines of each table, beside everybody's.</p>\n<ul>\n",
                  GROUP_LINES);
    for (size_t i = 0; i < groups.count; i++) {
        size_t length;
        const char *name = wording_value(report->heading->facts, groups.values[i], &length);
        (void)fprintf(out, "<li><a href=\"#part-%zu\">", i + 1);
        html_text(out, name, length);
        (void)fputs("</a></li>\n", out);
    }
    (void)fputs("</ul>\n", out);
    if (groups.left_off > 0)
        (void)fprintf(out, "<p>There are more than these %d; --json and --csv have all.</p>\n", GROUPS_MAX);
    for (size_t i = 0; i < groups.count; i++)
        group_write(report, &groups, i, out);
    (void)fputs("</section>\n", out);
}
