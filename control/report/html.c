// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/html.h"

#include "control/report/ground.h"
#include "control/report/html_page.h"
#include "control/report/html_parts.h"
#include "control/report/html_table.h"

static void heading_write(const struct html_report *report, FILE *out)
{
    char text[WORDING_BYTES];
    const struct records_tally *tally = report->heading->tally;
    (void)fprintf(out, "<header><h1>Exposure study</h1>\n<p>%s.</p>\n<ul class=\"plain soft\">\n",
                  wording_read(report->heading, report->results, text));
    if (wording_sample(report->heading, report->results, text))
        html_item(out, text);
    wording_left_out(report->heading, report->results, html_item, out);
    for (size_t i = 0; i < tally->complaint_count; i++)
        html_item(out, tally->complaints[i]);
    (void)fputs("</ul></header>\n", out);
}

static void headlines_write(const struct html_report *report, FILE *out)
{
    const struct results *results = report->results;
    (void)fputs("<section id=\"headlines\"><h2>Headlines</h2>\n<ul class=\"cards\">\n", out);
    for (size_t i = 0; i < results->table_count; i++)
        html_headline(report->heading, &results->tables[i], &results->tables[i].columns[0].units, out);
    (void)fputs(
        "</ul>\n<p class=\"soft\">Every share is of those of whom it was learnt; intervals are Wilson's at 95 %."
        "</p></section>\n",
        out);
}

static void link_write(const char *id, const char *title, FILE *out)
{
    (void)fputs("<li><a href=\"#", out);
    html_words(out, id);
    (void)fputs("\">", out);
    html_words(out, title);
    (void)fputs("</a></li>\n", out);
}

static void contents_write(const struct html_report *report, bool has_ground, FILE *out)
{
    char text[WORDING_BYTES];
    const char *by = html_groups_by(report);
    (void)fputs("<nav aria-label=\"Contents\"><ul>\n", out);
    if (has_ground)
        link_write("T1", ground_title, out);
    for (size_t i = 0; i < report->results->table_count; i++)
        link_write(report->results->tables[i].table->id, report->results->tables[i].table->title, out);
    (void)snprintf(text, sizeof(text), "By %s", by == NULL ? "" : by);
    if (by != NULL)
        link_write("parts", text, out);
    link_write("hosts", "The worst hosts", out);
    link_write("remedies", "Findings and what to do", out);
    link_write("method", "Method and limits", out);
    link_write("sources", "Scans and feeds", out);
    (void)fputs("</ul></nav>\n", out);
}

static void ground_row_write(void *context, const struct ground_row *row)
{
    FILE *out = context;
    (void)fputs("<tr><th scope=\"row\">", out);
    html_words(out, row->provider[0] != '\0' ? row->provider : "(no provider)");
    (void)fputs("</th><td>", out);
    html_words(out, row->service[0] != '\0' ? row->service : "all");
    html_count(out, "</td><td>", row->addresses, "</td>");
    html_count(out, "<td>", row->counted_once, "</td></tr>\n");
}

// T1: where the summary of the scan says it.
static void ground_write(json_t *ground, FILE *out)
{
    if (ground == NULL)
        return;
    (void)fprintf(out, "<section id=\"T1\"><h2>T1 %s</h2>\n<p class=\"soft\">%s</p>\n", ground_title, ground_note);
    html_table_begin(out, "T1-table", "", ground_title);
    (void)fputs("<thead><tr><th scope=\"col\">provider</th><th scope=\"col\">cloud service</th><th "
                "scope=\"col\">addresses</th><th scope=\"col\">counted once</th></tr></thead>\n<tbody>\n",
                out);
    ground_each(ground, ground_row_write, out);
    (void)fputs("</tbody>\n", out);
    html_table_end(out);
    (void)fputs("</section>\n", out);
}

static int page_write(const void *context, FILE *out)
{
    const struct html_report *report = context;
    int error = html_page_begin("Exposure study", out);
    if (error != 0)
        return error;
    heading_write(report, out);
    (void)fputs("<main>\n", out);
    headlines_write(report, out);
    json_t *ground = ground_of(report->heading->scans);
    contents_write(report, ground != NULL, out);
    ground_write(ground, out);
    json_decref(ground);
    for (size_t i = 0; i < report->results->table_count; i++)
        html_table_section(&report->results->tables[i], report->heading->facts, out);
    html_groups(report, out);
    html_hosts(report, out);
    html_remedies(report, out);
    html_method(report, out);
    html_sources(report, out);
    (void)fputs("</main>\n", out);
    html_page_end(out);
    return 0;
}

int report_html(const struct html_report *report, const char *path, char message[static 512])
{
    return html_page_save(path, page_write, report, message);
}
