// SPDX-License-Identifier: BSD-3-Clause
// What changed between two scans, as a page for a browser.
#include "control/report/diff_report.h"
#include "control/report/html_page.h"
#include "probes/address.h"

static void card_write(uint64_t count, const char *words, FILE *out)
{
    html_count(out, "<li><strong>", count, "</strong> ");
    html_words(out, words);
    (void)fputs("</li>\n", out);
}

static void cards_write(const struct diff_report *report, FILE *out)
{
    static const char *const words[DIFF_KINDS] = {
        [DIFF_APPEARED] = "services appeared",
        [DIFF_DISAPPEARED] = "services disappeared",
        [DIFF_CHANGED] = "changes of services that both scans have",
        [DIFF_MOVED] = "services of hosts that moved to another address",
        [DIFF_NOT_SCANNED] = "services that were not scanned again",
        [DIFF_NEWLY_SCANNED] = "services that were not scanned before",
    };
    (void)fputs("<section id=\"headlines\"><h2>What changed</h2>\n<ul class=\"cards\">\n", out);
    for (size_t kind = 0; kind < DIFF_KINDS; kind++)
        card_write(report->counts[kind], words[kind], out);
    if (report->least >= 0) { // of DIFF_ANY the cards above say it
        char text[64];
        (void)snprintf(text, sizeof(text), "new findings of severity %s or above", severity_names[report->least]);
        card_write(report->news, text, out);
    }
    (void)fputs("</ul></section>\n", out);
}

static void change_write(const struct diff_report *report, const struct diff_change *change, FILE *out)
{
    char address[ADDRESS_TEXT_MAX];
    struct diff_words words;
    int severity = diff_severity(report, change);
    diff_words(report, change, &words);
    (void)fprintf(out, "<tr><th scope=\"row\" data-order=\"%llu\">%s:%u</th><td class=\"text\">%s</td>",
                  (unsigned long long)change->address << 16 | change->port, address_text(change->address, address),
                  change->port, diff_kind_names[change->kind]);
    (void)fputs("<td class=\"text\">", out);
    html_words(out, change->why != DIFF_ASKED_UNKNOWN ? diff_why_words[change->why] : words.title);
    (void)fputs("</td><td class=\"text\">", out);
    html_words(out, words.was);
    (void)fputs("</td><td class=\"text\">", out);
    html_words(out, words.now);
    (void)fprintf(out, "</td><td class=\"text\" data-order=\"%d\">", severity);
    if (severity >= 0)
        (void)fprintf(out, "<span class=\"severity %s\">%s</span>", severity_names[severity], severity_names[severity]);
    (void)fputs("</td></tr>\n", out);
}

// Of a million changes of certificates, a host that moved is still to be found: the rarer kinds come first.
static void changes_write(const struct diff_report *report, FILE *out)
{
    static const enum diff_kind order[DIFF_KINDS] = {DIFF_MOVED,   DIFF_APPEARED,    DIFF_DISAPPEARED,
                                                     DIFF_CHANGED, DIFF_NOT_SCANNED, DIFF_NEWLY_SCANNED};
    size_t written = 0;
    html_table_begin(out, "changes-table", "data", "Changes");
    (void)fputs("<thead><tr><th scope=\"col\">service</th><th scope=\"col\" class=\"text\">what</th>"
                "<th scope=\"col\" class=\"text\">of what</th><th scope=\"col\" class=\"text\">was</th>"
                "<th scope=\"col\" class=\"text\">is</th><th scope=\"col\" class=\"text\">severity</th></tr></thead>\n"
                "<tbody>\n",
                out);
    for (size_t kind = 0; kind < DIFF_KINDS; kind++)
        for (size_t i = 0; i < report->diff->count && written < DIFF_ROWS; i++)
            if (report->diff->changes[i].kind == order[kind]) {
                change_write(report, &report->diff->changes[i], out);
                written++;
            }
    (void)fputs("</tbody>\n", out);
    html_table_end(out);
    if (report->diff->count > written)
        html_count(out, "<p>And ", report->diff->count - written, " more changes (--json has all).</p>\n");
}

static int page_write(const void *context, FILE *out)
{
    const struct diff_report *report = context;
    int error = html_page_begin("Exposure: what changed", out);
    if (error != 0)
        return error;
    (void)fputs("<header><h1>Exposure: what changed</h1>\n<dl class=\"facts\">\n", out);
    html_fact(out, "Before", report->paths[0]);
    html_fact(out, "Now", report->paths[1]);
    (void)fputs("</dl>\n", out);
    html_count(out, "<p>", report->diff->services[0], " services before, ");
    html_count(out, "", report->diff->services[1], " now.</p></header>\n<main>\n");
    cards_write(report, out);
    (void)fputs("<section id=\"changes\"><h2>Each change</h2>\n", out);
    if (report->diff->count > 0)
        changes_write(report, out);
    else
        (void)fputs("<p>Nothing changed.</p>\n", out);
    (void)fputs("</section>\n<section id=\"method\"><h2>Method and limits</h2>\n<ul>\n", out);
    html_item(out,
              "A service is an address and a port. One that one scan has and the other was not asked for (no target, "
              "another shard, ended before) is not scanned, and neither gone nor new. One that it was asked for and "
              "has not is gone or was missed; its coverage says how many are expected to be missed.");
    for (size_t which = 0; which < 2; which++) {
        char text[DIFF_SCAN_BYTES];
        diff_scan_words(report, which, text);
        if (text[0] != '\0')
            html_item(out, text);
    }
    html_item(out, "A value that is gone because the later conversation came less far than the one before is no "
                   "change: it was not learnt again.");
    html_item(out,
              "A host that appeared with the SSH host key or the certificate of one that disappeared, and of nobody "
              "else, has moved.");
    (void)fputs("</ul></section>\n</main>\n", out);
    html_page_end(out);
    return 0;
}

int diff_report_html(const struct diff_report *report, const char *path, char message[static 512])
{
    return html_page_save(path, page_write, report, message);
}
