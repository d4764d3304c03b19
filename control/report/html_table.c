// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/html_table.h"

#include <string.h>

#include "config/figures.h"
#include "control/report/html_page.h"

enum { DISTRIBUTION_LINES = 16 };

void html_headline(const struct report_heading *heading, const struct result_table *table,
                   const struct result_cell *units, FILE *out)
{
    struct wording_headline headline;
    if (table->table->headline[0] == '\0')
        return;
    bool known = wording_headline(heading, table, units, &headline);
    (void)fprintf(out, "<li><strong>%s</strong> ", known ? headline.share : "?");
    html_words(out, table->table->headline);
    (void)fprintf(out, " <span class=\"soft\">%s</span></li>\n", known ? headline.detail : "nothing was learnt of any");
}

// ---- Cells
// ------------------------------------------------------------------------------------------------------------

// of = 0: without a share.
static void cell_open(const struct result_cell *cell, uint64_t of, FILE *out)
{
    (void)fprintf(out, "<td data-order=\"%llu\" data-yes=\"%llu\" data-no=\"%llu\" data-unknown=\"%llu\"",
                  (unsigned long long)cell->yes, (unsigned long long)cell->yes, (unsigned long long)cell->no,
                  (unsigned long long)cell->unknown);
    if (of > 0)
        (void)fprintf(out, " data-of=\"%llu\"", (unsigned long long)of);
    (void)fputc('>', out);
}

void html_cell(const struct result_table *table, size_t line, size_t column, FILE *out)
{
    char text[WORDING_BYTES];
    uint64_t count = 0;
    uint64_t of = 0;
    bool has_share = result_share(table, line, column, &count, &of) && wording_has_share(table);
    cell_open(&table->lines[line].cells[column], has_share ? of : 0, out);
    (void)fputs(wording_cell(table, line, column, text), out);
    if (column == 0 && table->table->figure != STUDY_FIGURE_NONE && has_share)
        (void)fprintf(out,
                      "<svg viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
                      "<rect width=\"%.1f\" height=\"4\"/></svg>",
                      100.0 * (double)count / (double)of);
    (void)fputs("</td>", out);
}

static void heads_write(const struct result_table *table, const struct facts *facts, const char *first, size_t shown,
                        FILE *out)
{
    (void)fputs("<thead><tr><th scope=\"col\">", out);
    html_words(out, first);
    (void)fputs("</th>", out);
    for (size_t c = 0; c < shown; c++) {
        size_t length;
        const char *value = wording_column(table, facts, c, &length);
        (void)fputs("<th scope=\"col\">", out);
        html_text(out, value, length);
        (void)fputs("</th>", out);
    }
    (void)fputs("</tr></thead>\n", out);
}

static void totals_write(const struct result_table *table, size_t shown, FILE *out)
{
    (void)fprintf(out, "<tfoot><tr><th scope=\"row\">%s</th>", wording_units(table));
    for (size_t c = 0; c < shown; c++) {
        char text[WORDING_BYTES];
        cell_open(&table->columns[c].units, 0, out);
        (void)fprintf(out, "%s</td>", wording_total(table, c, text));
    }
    if (wording_has_unknown(table))
        (void)fprintf(out, "</tr>\n<tr><th scope=\"row\">%s</th>", wording_unknown);
    for (size_t c = 0; c < shown && wording_has_unknown(table); c++)
        html_count(out, "<td>", table->columns[c].units.unknown, "</td>");
    (void)fputs("</tr></tfoot>\n", out);
}

// Returns how many lines there were room for.
static size_t lines_write(const struct result_table *table, const struct facts *facts, size_t shown, FILE *out)
{
    size_t written = 0;
    size_t at = 0;
    (void)fputs("<tbody>\n", out);
    for (; at < table->line_count && written < HTML_LINES; at++) {
        size_t length;
        const char *value = wording_line(table, facts, at, &length);
        if (!wording_line_shown(table, at))
            continue;
        (void)fputs("<tr><th scope=\"row\">", out);
        html_text(out, value, length);
        (void)fputs("</th>", out);
        for (size_t c = 0; c < shown; c++)
            html_cell(table, at, c, out);
        (void)fputs("</tr>\n", out);
        written++;
    }
    (void)fputs("</tbody>\n", out);
    return at;
}

// ---- Distributions
// ------------------------------------------------------------------------------------------------------

// The numbers of a line of a distribution: 0, 1, 2, 3 to 4, 5 to 8 and so on. Returns the last.
static size_t bin_last(size_t bin)
{
    return bin < 3 ? bin : (size_t)1 << (bin - 1);
}

static uint64_t bin_count(const struct result_column *column, size_t bin)
{
    uint64_t count = 0;
    for (size_t n = bin == 0 ? 0 : bin_last(bin - 1) + 1; n <= bin_last(bin) && n < column->numbers_length; n++)
        count += column->numbers[n];
    return count;
}

static void bin_write(const struct result_table *table, size_t shown, size_t bin, FILE *out)
{
    size_t first = bin == 0 ? 0 : bin_last(bin - 1) + 1;
    if (first == bin_last(bin))
        (void)fprintf(out, "<tr><th scope=\"row\">%zu</th>", first);
    else
        (void)fprintf(out, "<tr><th scope=\"row\">%zu to %zu</th>", first, bin_last(bin));
    for (size_t c = 0; c < shown; c++) {
        char number[FIGURE_MAX];
        const struct result_cell cell = {.yes = bin_count(&table->columns[c], bin)};
        cell_open(&cell, 0, out);
        (void)fprintf(out, "%s</td>", figure_count(cell.yes, number));
    }
    (void)fputs("</tr>\n", out);
}

static void distribution_write(const struct result_table *table, const struct facts *facts, size_t shown, FILE *out)
{
    char id[WORDING_BYTES];
    size_t bins = 0;
    if (!table->table->number || table->columns[0].numbers_length == 0)
        return;
    while (bins < DISTRIBUTION_LINES && (bins == 0 || bin_last(bins - 1) + 1 < table->columns[0].numbers_length))
        bins++;
    (void)snprintf(id, sizeof(id), "%s-numbers", table->table->id);
    html_table_begin(out, id, "numbers", id);
    (void)fprintf(out, "<caption>How many each has, and how many %s have so many</caption>\n",
                  table->table->unit == STUDY_HOSTS ? "hosts" : "services");
    heads_write(table, facts, "each", shown, out);
    (void)fputs("<tbody>\n", out);
    for (size_t bin = 0; bin < bins; bin++)
        bin_write(table, shown, bin, out);
    (void)fputs("</tbody>\n", out);
    html_table_end(out);
}

// ---- A table and what is said of it
// -------------------------------------------------------------------------------------

static void remarks_write(const struct result_table *table, const struct facts *facts, size_t shown, FILE *out)
{
    (void)fputs("<ul class=\"soft\">\n", out);
    for (size_t c = 0; c < shown; c++) {
        char text[WORDING_BYTES];
        size_t length;
        const char *value = wording_column(table, facts, c, &length);
        if (!wording_numbers(&table->columns[c], text))
            continue;
        (void)fputs("<li>", out);
        html_text(out, value, length);
        (void)fprintf(out, ": %s</li>\n", text);
    }
    wording_comparison(table, html_item, out);
    (void)fputs("</ul>\n", out);
}

static void section_open(const struct result_table *table, FILE *out)
{
    const struct study_table *study = table->table;
    (void)fputs("<section id=\"", out);
    html_words(out, study->id);
    (void)fputc('"', out);
    if (study->figure != STUDY_FIGURE_NONE)
        (void)fprintf(out, " data-figure=\"%s\" data-unit=\"%s\"", study_figure_names[study->figure],
                      study->each[0] != '\0' && study->figure != STUDY_FIGURE_HISTOGRAM ? "count"
                      : study->unit == STUDY_HOSTS                                      ? "hosts"
                                                                                        : "services");
    (void)fputs("><h2>", out);
    html_words(out, study->id);
    (void)fputs(" ", out);
    html_words(out, study->title);
    (void)fputs("</h2>\n", out);
    if (study->note[0] == '\0')
        return;
    (void)fputs("<p class=\"note\">", out);
    html_words(out, study->note);
    (void)fputs("</p>\n", out);
}

void html_table_section(const struct result_table *table, const struct facts *facts, FILE *out)
{
    char id[WORDING_BYTES];
    size_t shown = wording_columns(table, HTML_COLUMNS);
    (void)snprintf(id, sizeof(id), "%s-table", table->table->id);
    section_open(table, out);
    html_table_begin(out, id, table->line_count > 1 ? "data" : "", id);
    heads_write(table, facts, table->table->rows[0] != '\0' ? table->table->rows : "what", shown, out);
    size_t lines = lines_write(table, facts, shown, out);
    totals_write(table, shown, out);
    html_table_end(out);
    if (table->line_count + table->lines_left_off > lines)
        html_count(out, "<p>And ", table->line_count + table->lines_left_off - lines, " more lines.</p>\n");
    if (table->column_count > HTML_COLUMNS)
        html_count(out, "<p>And ", table->column_count - HTML_COLUMNS,
                   " more columns (--csv and --json have all).</p>\n");
    distribution_write(table, facts, shown, out);
    if (table->table->number || table->table->among != STUDY_NONE)
        remarks_write(table, facts, shown, out);
    (void)fputs("</section>\n", out);
}
