// SPDX-License-Identifier: BSD-3-Clause
// A page's list of the worst hosts, and what to do about what was found.
#include <string.h>

#include "control/report/html_page.h"
#include "control/report/html_parts.h"
#include "control/report/html_table.h"

static void severity_write(enum severity severity, FILE *out)
{
    (void)fprintf(out, "<span class=\"severity %s\">%s</span> ", severity_names[severity], severity_names[severity]);
}

// ---- The table
// --------------------------------------------------------------------------------------------------------

static void host_row_write(const struct worst_host *host, const struct evidence_host *evidence, FILE *out)
{
    char address[ADDRESS_TEXT_MAX];
    (void)address_text(host->address, address);
    (void)fprintf(out, "<tr><th scope=\"row\" data-order=\"%u\"><a href=\"#host-%s\">%s</a></th><td class=\"text\">",
                  host->address, address, address);
    html_words(out, evidence->service_count > 0 ? evidence->services[0]->where : "");
    (void)fprintf(out, "</td><td>%u</td>", host->services);
    for (int severity = SEVERITY_CRITICAL; severity >= 0; severity--)
        (void)fprintf(out, "<td>%u</td>", host->counts[severity]);
    (void)fputs("</tr>\n", out);
}

static void hosts_table_write(const struct html_report *report, FILE *out)
{
    html_table_begin(out, "hosts-table", "data", "The worst hosts");
    (void)fputs("<thead><tr><th scope=\"col\">host</th><th scope=\"col\" class=\"text\">where</th>"
                "<th scope=\"col\">services</th>",
                out);
    for (int severity = SEVERITY_CRITICAL; severity >= 0; severity--)
        (void)fprintf(out, "<th scope=\"col\">%s</th>", severity_names[severity]);
    (void)fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < report->worst->count; i++)
        host_row_write(&report->worst->hosts[i], &report->evidence->hosts[i], out);
    (void)fputs("</tbody>\n", out);
    html_table_end(out);
}

// ---- Each host
// --------------------------------------------------------------------------------------------------------

static void finding_write(const struct evidence_finding *row, const struct findings *findings, FILE *out)
{
    (void)fputs("<li>", out);
    severity_write((enum severity)row->finding->severity, out);
    html_words(out, findings_string(findings, row->finding->title));
    (void)fputs(".<br><span class=\"soft\">Seen:</span> ", out);
    html_words(out, row->values);
    (void)fputs("<br><span class=\"soft\">What to do:</span> ", out);
    html_words(out, findings_string(findings, row->finding->remedy));
    (void)fputs("</li>\n", out);
}

static void cves_write(const struct evidence_service *service, FILE *out)
{
    if (service->cve_count == 0)
        return;
    html_count(out, "<li>Known vulnerabilities: ", service->cve_total, "");
    if (service->cve_total > service->cve_count)
        html_count(out, ", here the first ", service->cve_count, "");
    (void)fputs("<ul>\n", out);
    for (size_t i = 0; i < service->cve_count; i++) {
        (void)fputs("<li><strong>", out);
        html_words(out, service->cves[i].id);
        (void)fputs("</strong> ", out);
        html_words(out, service->cves[i].says);
        (void)fputs("</li>\n", out);
    }
    (void)fputs("</ul></li>\n", out);
}

static void service_write(const struct evidence_service *service, const struct findings *findings, FILE *out)
{
    if (service->finding_total + service->cve_total == 0)
        return;
    (void)fprintf(out, "<h3>Port %u", service->port);
    (void)fputs(service->what[0] != '\0' ? ": " : "", out);
    html_words(out, service->what);
    (void)fputs("</h3>\n<ul>\n", out);
    for (size_t i = 0; i < service->finding_count; i++)
        finding_write(&service->findings[i], findings, out);
    if (service->finding_total > service->finding_count)
        html_count(out, "<li>and ", service->finding_total - service->finding_count, " more findings</li>\n");
    cves_write(service, out);
    (void)fputs("</ul>\n", out);
}

static void host_write(const struct worst_host *host, const struct evidence_host *evidence,
                       const struct findings *findings, FILE *out)
{
    char address[ADDRESS_TEXT_MAX];
    const char *separator = ": ";
    (void)address_text(host->address, address);
    (void)fprintf(out, "<details id=\"host-%s\"><summary>%s", address, address);
    for (int severity = SEVERITY_CRITICAL; severity >= 0; severity--)
        if (host->counts[severity] > 0) {
            (void)fprintf(out, "%s%u %s", separator, host->counts[severity], severity_names[severity]);
            separator = ", ";
        }
    (void)fputs("</summary>\n", out);
    for (size_t i = 0; i < evidence->service_count; i++)
        service_write(evidence->services[i], findings, out);
    if (host->services > evidence->service_count)
        html_count(out, "<p>And ", host->services - evidence->service_count, " more services.</p>\n");
    (void)fputs("</details>\n", out);
}

void html_hosts(const struct html_report *report, FILE *out)
{
    const struct worst *worst = report->worst;
    (void)fputs("<section id=\"hosts\"><h2>The worst hosts</h2>\n<p class=\"note\">", out);
    if (worst->count == 0)
        (void)fputs("No host has a finding.</p></section>\n", out);
    if (worst->count == 0)
        return;
    html_count(out, worst->all > worst->count ? "The first " : "", worst->count, "");
    html_count(out, " of ", worst->all, " hosts with findings, which have ");
    html_count(out, "", worst->findings,
               " in all: who has more critical ones comes first, of those who have as many who has more high ones, and "
               "so on. A finding counts once for each service. All of them stand in the records.</p>\n");
    if (report->evidence->missing)
        (void)fputs("<p>The records came through a pipe, which gives them once: what each finding rests on is not "
                    "shown. A folder or a file can be read again.</p>\n",
                    out);
    hosts_table_write(report, out);
    for (size_t i = 0; i < worst->count; i++)
        host_write(&worst->hosts[i], &report->evidence->hosts[i], report->findings, out);
    (void)fputs("</section>\n", out);
}

// ---- What to do
// -------------------------------------------------------------------------------------------------------

// The table whose lines are findings.
static const struct result_table *findings_table(const struct results *results)
{
    for (size_t i = 0; i < results->table_count; i++)
        if (strcmp(results->tables[i].table->rows, "findings") == 0)
            return &results->tables[i];
    return NULL;
}

static void remedy_write(const struct html_report *report, const struct result_line *line, FILE *out)
{
    size_t length;
    const struct findings *findings = report->findings;
    const char *id = facts_value(report->heading->facts, line->value, &length);
    const struct catalogue_finding *finding = findings_find(findings, id, length);
    if (finding == NULL || line->cells[0].yes == 0)
        return;
    (void)fprintf(out, "<tr><th scope=\"row\" data-order=\"%u\">", finding->severity);
    severity_write((enum severity)finding->severity, out);
    (void)fputs("</th><td class=\"text\">", out);
    html_words(out, findings_string(findings, finding->title));
    (void)fputs(" <span class=\"soft\">(", out);
    html_text(out, id, length);
    (void)fprintf(out, ")</span></td><td data-order=\"%llu\">", (unsigned long long)line->cells[0].yes);
    html_count(out, "", line->cells[0].yes, "</td><td class=\"text\">");
    html_words(out, findings_string(findings, finding->remedy));
    (void)fputs("</td></tr>\n", out);
}

void html_remedies(const struct html_report *report, FILE *out)
{
    const struct result_table *table = findings_table(report->results);
    (void)fputs("<section id=\"remedies\"><h2>Findings and what to do</h2>\n", out);
    if (table != NULL && table->line_count > 0) {
        html_table_begin(out, "remedies-table", "data", "Findings and what to do");
        (void)fputs("<thead><tr><th scope=\"col\">severity</th><th scope=\"col\" class=\"text\">finding</th>"
                    "<th scope=\"col\">",
                    out);
        (void)fputs(table->table->unit == STUDY_HOSTS ? "hosts" : "services", out);
        (void)fputs("</th><th scope=\"col\" class=\"text\">what to do</th></tr></thead>\n<tbody>\n", out);
        for (size_t i = 0; i < table->line_count; i++)
            if (table->lines[i].value != 0)
                remedy_write(report, &table->lines[i], out);
        (void)fputs("</tbody>\n", out);
        html_table_end(out);
    }
    (void)fputs("<p class=\"soft\">What a finding's id means is what the catalogues of this machine say "
                "(sonde help findings).</p></section>\n",
                out);
}
