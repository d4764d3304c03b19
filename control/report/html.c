// SPDX-License-Identifier: BSD-3-Clause
// A report for a browser. The page has no script, so that nothing a host chose can ever run in it; its one style sheet
// is named by digest in the page's Content-Security-Policy (CSP Level 3, 2.3.1), which forbids everything else.
#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include "config/figures.h"
#include "config/printable.h"
#include "control/report/output_file.h"
#include "control/report/wording.h"

// A page stays small whatever the records hold: what is beyond is said to be, and stands in --json and --csv.
enum { LINES_SHOWN = 200, COLUMNS_SHOWN = 16, VALUE_BYTES = 256 };

static const char style[] =
    ":root{color-scheme:light dark;--back:#fff;--text:#1b1f24;--soft:#59626c;--line:#d0d7de;--bar:#2563a8}"
    "@media(prefers-color-scheme:dark){:root{--back:#14181d;--text:#e6e9ec;--soft:#a3adb8;--line:#39424c;--bar:#79b0ea}"
    "}"
    "body{margin:0 auto;max-width:72rem;padding:1rem;background:var(--back);color:var(--text);"
    "font:1rem/1.5 system-ui,sans-serif}"
    "h1,h2{line-height:1.2}a{color:inherit}.soft{color:var(--soft)}"
    ".wide{overflow-x:auto}.wide:focus-visible,a:focus-visible{outline:2px solid var(--bar);outline-offset:2px}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;color:var(--soft)}"
    "th,td{padding:.25rem .75rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top;"
    "white-space:nowrap}"
    "tbody th,thead th:first-child,tfoot th{text-align:left;font-weight:normal;white-space:normal;"
    "overflow-wrap:anywhere;min-width:8rem}"
    "thead th{border-bottom:2px solid var(--line)}"
    "svg{display:block;margin-left:auto;height:.4rem;width:8rem}rect{fill:var(--bar)}"
    "@media print{body{max-width:none;font-size:9pt}nav{display:none}.wide{overflow:visible}"
    "section{break-inside:avoid-page}rect{print-color-adjust:exact}}";

// Text of strangers: first as on a terminal (no control characters, no marks that turn the direction of writing), then
// the five characters that mean something in HTML, in text and in quoted attributes.
static void text_write(FILE *out, const char *bytes, size_t length)
{
    char cut[VALUE_BYTES + 1];
    char text[PRINTABLE_GROWTH * VALUE_BYTES + 1];
    (void)snprintf(cut, sizeof(cut), "%.*s", (int)(length < VALUE_BYTES ? length : VALUE_BYTES), bytes);
    (void)printable(cut, text, sizeof(text));
    for (const char *at = text; *at != '\0'; at++) {
        const char *entity = *at == '&'    ? "&amp;"
                             : *at == '<'  ? "&lt;"
                             : *at == '>'  ? "&gt;"
                             : *at == '"'  ? "&quot;"
                             : *at == '\'' ? "&#39;"
                                           : NULL;
        if (entity != NULL)
            (void)fputs(entity, out);
        else
            (void)fputc(*at, out);
    }
    if (length > VALUE_BYTES)
        (void)fputs("...", out);
}

static void words_write(FILE *out, const char *text)
{
    text_write(out, text, strlen(text));
}

static int head_write(FILE *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char base64[2 * EVP_MAX_MD_SIZE];
    unsigned int length;
    if (EVP_Digest(style, sizeof(style) - 1, digest, &length, EVP_sha256(), NULL) != 1)
        return -ENOMEM;
    (void)EVP_EncodeBlock(base64, digest, (int)length);
    (void)fprintf(out,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%s'; "
                  "base-uri 'none'; form-action 'none'\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<title>Exposure study</title>\n<style>%s</style>\n</head>\n<body>\n",
                  (const char *)base64, style);
    return 0;
}

static void count_write(FILE *out, const char *before, uint64_t count, const char *after)
{
    char number[FIGURE_MAX];
    (void)fprintf(out, "%s%s%s", before, figure_count(count, number), after);
}

static void sentence_write(void *out, const char *sentence)
{
    (void)fputs("<li>", out);
    words_write(out, sentence);
    (void)fputs("</li>\n", out);
}

static void heading_write(const struct report_heading *heading, const struct results *results, FILE *out)
{
    char text[WORDING_BYTES];
    (void)fprintf(out, "<header><h1>Exposure study</h1>\n<p>%s.</p>\n<ul>\n", wording_read(heading, results, text));
    wording_left_out(heading, results, sentence_write, out);
    for (size_t i = 0; i < heading->tally->complaint_count; i++)
        sentence_write(out, heading->tally->complaints[i]);
    (void)fputs("</ul></header>\n", out);
}

static void headline_write(const struct result_table *table, FILE *out)
{
    struct wording_headline headline;
    if (table->table->headline[0] == '\0')
        return;
    (void)fputs("<li>", out);
    if (wording_headline(table, 0, &headline)) {
        (void)fprintf(out, "<strong>%s</strong> ", headline.share);
        words_write(out, table->table->headline);
        (void)fprintf(out, " <span class=\"soft\">(%s)</span>", headline.detail);
    } else {
        words_write(out, table->table->headline);
        (void)fputs(": nothing was learnt of any", out);
    }
    (void)fputs("</li>\n", out);
}

// The exact numbers stand in data- attributes too, for who reads the page with a program.
static void cell_open(const struct result_cell *cell, FILE *out)
{
    (void)fprintf(out, "<td data-yes=\"%llu\" data-no=\"%llu\" data-unknown=\"%llu\">", (unsigned long long)cell->yes,
                  (unsigned long long)cell->no, (unsigned long long)cell->unknown);
}

static void cell_write(const struct result_table *table, size_t line, size_t column, FILE *out)
{
    char text[WORDING_BYTES];
    uint64_t count = 0;
    uint64_t of = 0;
    cell_open(&table->lines[line].cells[column], out);
    (void)fputs(wording_cell(table, line, column, text), out);
    if (column == 0 && table->table->figure != STUDY_FIGURE_NONE && wording_has_share(table) &&
        result_share(table, line, column, &count, &of))
        (void)fprintf(out,
                      "<svg viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
                      "<rect width=\"%.1f\" height=\"4\"/></svg>",
                      100.0 * (double)count / (double)of);
    (void)fputs("</td>", out);
}

static void column_heads_write(const struct result_table *table, const struct facts *facts, size_t shown, FILE *out)
{
    (void)fputs("<thead><tr><th scope=\"col\">", out);
    words_write(out, table->table->rows[0] != '\0' ? table->table->rows : "what");
    (void)fputs("</th>", out);
    for (size_t c = 0; c < shown; c++) {
        size_t length;
        const char *value = wording_column(table, facts, c, &length);
        (void)fputs("<th scope=\"col\">", out);
        text_write(out, value, length);
        (void)fputs("</th>", out);
    }
    (void)fputs("</tr></thead>\n", out);
}

static void totals_write(const struct result_table *table, size_t shown, FILE *out)
{
    (void)fprintf(out, "<tfoot><tr><th scope=\"row\">%s</th>", wording_units(table));
    for (size_t c = 0; c < shown; c++) {
        char text[WORDING_BYTES];
        cell_open(&table->columns[c].units, out);
        (void)fprintf(out, "%s</td>", wording_total(table, c, text));
    }
    if (wording_has_unknown(table))
        (void)fprintf(out, "</tr>\n<tr><th scope=\"row\">%s</th>", wording_unknown);
    for (size_t c = 0; c < shown && wording_has_unknown(table); c++)
        count_write(out, "<td>", table->columns[c].units.unknown, "</td>");
    (void)fputs("</tr></tfoot>\n", out);
}

static void table_write(const struct result_table *table, const struct facts *facts, FILE *out)
{
    size_t columns = wording_columns(table, COLUMNS_SHOWN);
    size_t lines = table->line_count < LINES_SHOWN ? table->line_count : LINES_SHOWN;
    (void)fputs("<section id=\"", out);
    words_write(out, table->table->id);
    (void)fputs("\"><h2>", out);
    words_write(out, table->table->id);
    (void)fputs(" ", out);
    words_write(out, table->table->title);
    (void)fputs("</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Table ", out);
    words_write(out, table->table->id);
    (void)fputs("\"><table>\n", out);
    if (table->table->note[0] != '\0') {
        (void)fputs("<caption>", out);
        words_write(out, table->table->note);
        (void)fputs("</caption>\n", out);
    }
    column_heads_write(table, facts, columns, out);
    (void)fputs("<tbody>\n", out);
    for (size_t i = 0; i < lines; i++) {
        size_t length;
        if (!wording_line_shown(table, i))
            continue;
        const char *value = wording_value(facts, table->lines[i].value, &length);
        (void)fputs("<tr><th scope=\"row\">", out);
        text_write(out, value, length);
        (void)fputs("</th>", out);
        for (size_t c = 0; c < columns; c++)
            cell_write(table, i, c, out);
        (void)fputs("</tr>\n", out);
    }
    (void)fputs("</tbody>\n", out);
    totals_write(table, columns, out);
    (void)fputs("</table></div>\n", out);
    if (table->line_count + table->lines_left_off > lines)
        count_write(out, "<p>And ", table->line_count + table->lines_left_off - lines, " more lines.</p>\n");
    if (table->column_count > COLUMNS_SHOWN)
        count_write(out, "<p>And ", table->column_count - columns, " more columns (--csv and --json have all).</p>\n");
    (void)fputs("</section>\n", out);
}

static int page_write(const struct report_heading *heading, const struct results *results, FILE *out)
{
    int error = head_write(out);
    errno = 0;
    if (error != 0)
        return error;
    heading_write(heading, results, out);
    (void)fputs("<main>\n<section><h2>Headlines</h2>\n<ul>\n", out);
    for (size_t i = 0; i < results->table_count; i++)
        headline_write(&results->tables[i], out);
    (void)fputs(
        "</ul>\n<p class=\"soft\">Every share is of those of whom it was learnt; intervals are Wilson's at 95 %."
        "</p></section>\n<nav aria-label=\"Tables\"><ul>\n",
        out);
    for (size_t i = 0; i < results->table_count; i++) {
        (void)fputs("<li><a href=\"#", out);
        words_write(out, results->tables[i].table->id);
        (void)fputs("\">", out);
        words_write(out, results->tables[i].table->title);
        (void)fputs("</a></li>\n", out);
    }
    (void)fputs("</ul></nav>\n", out);
    for (size_t i = 0; i < results->table_count; i++)
        table_write(&results->tables[i], heading->facts, out);
    (void)fputs("</main>\n</body>\n</html>\n", out);
    if (ferror(out) == 0)
        return 0;
    return errno != 0 ? -errno : -EIO; // every write after the first that failed has failed for the same reason
}

int report_html(const struct report_heading *heading, const struct results *results, const char *path,
                char message[static 512])
{
    struct output_file file;
    int error = output_file_open(path, &file);
    if (error == 0)
        error = output_file_finish(&file, page_write(heading, results, file.stream));
    if (error != 0)
        (void)snprintf(message, 512, "%.400s: %.100s", path, strerror(-error));
    return error;
}
