// SPDX-License-Identifier: BSD-3-Clause
// A report for a browser. The page has no script, so that nothing a host chose can ever run in it; its one style sheet
// is named by digest in the page's Content-Security-Policy (CSP Level 3, 2.3.1), which forbids everything else.
#include <errno.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "config/printable.h"
#include "control/command/output_file.h"
#include "control/command/report_print.h"
#include "control/scan/figures.h"

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

static void time_write(FILE *out, const char *before, int64_t seconds)
{
    char text[32];
    time_t at = (time_t)seconds;
    struct tm day;
    if (gmtime_r(&at, &day) != NULL && strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &day) > 0)
        (void)fprintf(out, "%s%s", before, text);
}

static void heading_write(const struct report_heading *heading, const struct results *results, FILE *out)
{
    const struct records_tally *tally = heading->tally;
    (void)fputs("<header><h1>Exposure study</h1>\n", out);
    count_write(out, "<p>", results->hosts, " hosts with ");
    count_write(out, "", results->services, " services, of ");
    count_write(out, "", tally->records, " records");
    if (heading->facts->last_s > 0) {
        time_write(out, ", heard from ", heading->facts->first_s);
        time_write(out, " to ", heading->facts->last_s);
        (void)fputs(" UTC", out);
    }
    (void)fputs(".</p>\n<ul>\n", out);
    for (size_t i = 0; i < heading->filter_count; i++) {
        (void)fputs("<li>Only where <code>", out);
        words_write(out, heading->filters[i]);
        (void)fputs("</code></li>\n", out);
    }
    if (results->repeated > 0)
        count_write(out, "<li>Left out: ", results->repeated,
                    " of an address and port of which there is a later record</li>\n");
    if (heading->facts->aside > 0)
        count_write(out, "<li>Set aside: ", heading->facts->aside,
                    " that only seem to be services (`aside` of the study)</li>\n");
    if (heading->facts->other > 0)
        count_write(out, "<li>Left out: ", heading->facts->other, " without an IPv4 address, a port or a time</li>\n");
    for (size_t i = 0; i < RECORDS_FAULT_COUNT; i++)
        if (tally->faults[i] > 0) {
            count_write(out, "<li>Left out: ", tally->faults[i], " ");
            words_write(out, records_fault_names[i]);
            (void)fputs("</li>\n", out);
        }
    for (size_t i = 0; i < tally->complaint_count; i++) {
        (void)fputs("<li><code>", out);
        words_write(out, tally->complaints[i]);
        (void)fputs("</code></li>\n", out);
    }
    (void)fputs("</ul></header>\n", out);
}

static void headline_write(const struct result_table *table, FILE *out)
{
    const struct result_cell *units = &table->columns[0].units;
    uint64_t of = units->yes + units->no;
    if (table->table->headline[0] == '\0')
        return;
    (void)fputs("<li>", out);
    if (of > 0) {
        struct confidence interval = share_interval(units->yes, of);
        (void)fprintf(out, "<strong>%.1f %%</strong> ", 100.0 * (double)units->yes / (double)of);
        words_write(out, table->table->headline);
        count_write(out, " <span class=\"soft\">(", units->yes, "");
        count_write(out, " of ", of, "");
        (void)fprintf(out, "; 95 %%: %.1f to %.1f %%", 100 * interval.low, 100 * interval.high);
        if (units->unknown > 0)
            count_write(out, "; not learnt of ", units->unknown, "");
        (void)fputs(")</span>", out);
    } else {
        words_write(out, table->table->headline);
        (void)fputs(": nothing was learnt of any", out);
    }
    (void)fputs("</li>\n", out);
}

// The exact numbers stand in data- attributes too, for who reads the page with a program.
static void cell_write(const struct result_table *table, size_t line, size_t column, FILE *out)
{
    const struct result_cell *cell = &table->lines[line].cells[column];
    uint64_t count = 0;
    uint64_t of = 0;
    (void)result_share(table, line, column, &count, &of);
    bool share = of > 0 && (table->table->percent != STUDY_PERCENT_ROW || table->table->when != STUDY_NONE);
    (void)fprintf(out, "<td data-yes=\"%llu\" data-no=\"%llu\" data-unknown=\"%llu\">", (unsigned long long)cell->yes,
                  (unsigned long long)cell->no, (unsigned long long)cell->unknown);
    count_write(out, "", count, "");
    if (share) {
        double percent = 100.0 * (double)count / (double)of;
        (void)fprintf(out, " (%.1f %%", percent);
        if (table->table->percent == STUDY_PERCENT_ROW)
            count_write(out, " of ", of, "");
        (void)fputc(')', out);
        if (column == 0 && table->table->figure != STUDY_FIGURE_NONE)
            (void)fprintf(out,
                          "<svg viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
                          "<rect width=\"%.1f\" height=\"4\"/></svg>",
                          percent);
    }
    (void)fputs("</td>", out);
}

static void column_heads_write(const struct result_table *table, const struct facts *facts, size_t shown, FILE *out)
{
    (void)fputs("<thead><tr><th scope=\"col\">", out);
    words_write(out, table->table->rows[0] != '\0' ? table->table->rows : "what");
    (void)fputs("</th>", out);
    for (size_t c = 0; c < shown; c++) {
        size_t length;
        const char *value = report_column(table, facts, c, &length);
        (void)fputs("<th scope=\"col\">", out);
        text_write(out, value, length);
        (void)fputs("</th>", out);
    }
    (void)fputs("</tr></thead>\n", out);
}

static void totals_write(const struct result_table *table, size_t shown, FILE *out)
{
    (void)fprintf(out, "<tfoot><tr><th scope=\"row\">%s</th>",
                  table->table->unit == STUDY_HOSTS ? "hosts in all" : "services in all");
    for (size_t c = 0; c < shown; c++) {
        const struct result_cell *units = &table->columns[c].units;
        (void)fprintf(out, "<td data-yes=\"%llu\" data-no=\"%llu\" data-unknown=\"%llu\">",
                      (unsigned long long)units->yes, (unsigned long long)units->no,
                      (unsigned long long)units->unknown);
        count_write(out, "", units->yes, "");
        count_write(out, " of ", units->yes + units->no, "");
        if (units->unknown > 0)
            count_write(out, "; not learnt of ", units->unknown, "");
        (void)fputs("</td>", out);
    }
    (void)fputs("</tr></tfoot>\n", out);
}

static void table_write(const struct result_table *table, const struct facts *facts, FILE *out)
{
    size_t columns = table->column_count < COLUMNS_SHOWN ? table->column_count : COLUMNS_SHOWN;
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
        const char *value = report_value(facts, table->lines[i].value, &length);
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
    if (table->column_count > columns)
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
