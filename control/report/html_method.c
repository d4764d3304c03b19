// SPDX-License-Identifier: BSD-3-Clause
// How a report was counted and what it cannot say, and what it was made of.
#include <string.h>

#include "config/figures.h"
#include "control/report/host_groups.h"
#include "control/report/html_page.h"
#include "control/report/html_parts.h"
#include "control/report/html_table.h"

enum { FEEDS_SHOWN = 8 };

static const char *const methods[] = {
    "A host is an IPv4 address, a service an address and a port that accepted a connection. Of several records of one "
    "address and port, the latest counts.",
    "A share is of those of whom it was learnt. What was not learnt is neither yes nor no: it is in no denominator, "
    "and "
    "of how many it was not learnt is said beside the share.",
    "Intervals are Wilson's, at 95 %. Shares are compared by the two-proportion z test, means by Welch's test, "
    "distributions by Mann and Whitney's; p is of both directions, and no correction is made for their number.",
    "A vulnerability counts as affected when the version that a banner names is in its range and no distribution says "
    "that its package is mended; where a distribution may have mended it without changing the version it is unknown, "
    "and counted apart. What a banner conceals is not found, and what it lies about is believed.",
    "Records of hosts that only seem to serve something (any port, tarpits) are set aside where the study says so.",
    "A scan sees what answers from where it was made, in the time that it took. Firewalls, filters and addresses that "
    "change hands make it see less, or other, than there is; its coverage below estimates the loss of packets alone.",
    "The provider, the service and the region of an address are what the provider published when the scan began.",
};

void html_method(const struct html_report *report, FILE *out)
{
    (void)fputs("<section id=\"method\"><h2>Method and limits</h2>\n<ul>\n", out);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        html_item(out, methods[i]);
    (void)fprintf(out,
                  "<li>This page has at most %d lines and %d columns of a table and the %d worst hosts; sonde report "
                  "--json and --csv have every number, and the records every host.</li>\n",
                  HTML_LINES, HTML_COLUMNS, WORST_HOSTS);
    if (report->heading->facts->crowded > 0)
        html_count(out, "<li>Values were too many to be told apart ", report->heading->facts->crowded,
                   " times: they count as (other).</li>\n");
    (void)fputs("</ul></section>\n", out);
}

// ---- Scans
// ------------------------------------------------------------------------------------------------------------

static void coverage_write(const json_t *summary, FILE *out)
{
    double value;
    double low;
    double high;
    char text[WORDING_BYTES];
    if (!scans_number(summary, "coverage.all_attempts.estimate", &value) ||
        !scans_number(summary, "coverage.all_attempts.low", &low) ||
        !scans_number(summary, "coverage.all_attempts.high", &high))
        return;
    (void)snprintf(text, sizeof(text), "%.3f %% of what answers (95 %%: %.3f to %.3f %%)", 100 * value, 100 * low,
                   100 * high);
    html_fact(out, "Coverage", text);
}

static void rate_write(const json_t *summary, FILE *out)
{
    double rate;
    char text[FIGURE_MAX];
    if (scans_number(summary, "plan.rate_pps", &rate) && rate > 0)
        html_fact(out, "Rate", figure_scaled(rate, "pps", text));
}

static void scan_write(const char *folder, const json_t *summary, FILE *out)
{
    static const struct {
        const char *name;
        const char *path;
    } rows[] = {
        {"Outcome", "outcome"},
        {"Failure", "failure"},
        {"Lost", "lost"},
        {"Started", "started"},
        {"Ended", "ended"},
        {"sonde", "versions.sonde"},
        {"DPDK", "versions.dpdk"},
        {"OpenSSL", "versions.openssl"},
        {"Plan", "plan.path"},
        {"Addresses", "plan.addresses"},
        {"Ports", "plan.ports"},
        {"Positions", "plan.positions"},
        {"Swept", "plan.swept"},
        {"Attempts", "plan.attempts"},
        {"Probes", "plan.probes"},
        {"Source", "source.address"},
        {"Contact", "plan.contact"},
        {"Probes sent", "dataplane.probes_sent"},
        {"Records", "control.records"},
    };
    char text[WORDING_BYTES];
    (void)fputs("<h3>Scan ", out);
    html_words(out, scans_text(summary, "scan", text, sizeof(text)));
    (void)fputs("</h3>\n<dl class=\"facts\">\n", out);
    html_fact(out, "Folder", folder);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (scans_text(summary, rows[i].path, text, sizeof(text))[0] != '\0')
            html_fact(out, rows[i].name, text);
    rate_write(summary, out);
    coverage_write(summary, out);
    (void)fputs("</dl>\n", out);
}

static void scans_write(const struct scans *scans, FILE *out)
{
    for (size_t i = 0; i < scans->count; i++)
        scan_write(scans->scans[i].folder, scans->scans[i].summary, out);
    if (scans->count == 0)
        (void)fputs("<p>Beside the records there is no summary.json, which says how a scan was made.</p>\n", out);
    if (scans->left_off > 0)
        html_count(out, "<p>And ", scans->left_off, " more folders.</p>\n");
}

// ---- Feeds
// ------------------------------------------------------------------------------------------------------------

struct feeds_used {
    uint32_t digests[FEEDS_SHOWN]; // values
    uint64_t counts[FEEDS_SHOWN];
    size_t count;
    uint64_t others;
};

static void digest_count(struct feeds_used *used, uint32_t digest)
{
    size_t at = 0;
    while (at < used->count && used->digests[at] != digest)
        at++;
    if (at == FEEDS_SHOWN) {
        used->others++;
        return;
    }
    used->digests[at] = digest;
    used->counts[at]++;
    used->count += at == used->count;
}

static void feeds_find(const struct facts *facts, uint32_t path, struct feeds_used *ret_used)
{
    *ret_used = (struct feeds_used){.count = 0};
    for (size_t at = 0; at < facts->count;) {
        size_t latest;
        at = host_groups_latest(facts, at, &latest);
        struct shape shape = facts_shape(facts, facts->items[latest].shape);
        struct shape_values digests = shape_path(facts, &shape, path);
        if (digests.count > 0)
            digest_count(ret_used, digests.values[0]);
    }
}

// Days as "2026-11-25"; "-" where the feed does not say.
static void day_write(int64_t seconds, FILE *out)
{
    char text[WORDING_BYTES];
    (void)fprintf(out, "<td>%.10s</td>", seconds > 0 ? wording_time(seconds, text) : "-");
}

static void intel_write(const struct intel *intel, FILE *out)
{
    static const char *const words[INTEL_KIND_COUNT] = {
#define X(enumerator, word, help) help,
        INTEL_KINDS(X)
#undef X
    };
    html_table_begin(out, "feeds-table", "", "Feeds");
    (void)fputs("<thead><tr><th scope=\"col\">feed</th><th scope=\"col\">rows</th><th scope=\"col\">published</th>"
                "<th scope=\"col\">imported</th></tr></thead>\n<tbody>\n",
                out);
    for (size_t i = 0; i < intel->feed_count; i++) {
        const struct intel_feed *feed = &intel->feeds[i];
        (void)fputs("<tr><th scope=\"row\">", out);
        html_words(out, feed->kind < INTEL_KIND_COUNT ? words[feed->kind] : "");
        html_count(out, "</th><td>", feed->rows, "</td>");
        day_write(feed->published, out);
        day_write(feed->imported, out);
        (void)fputs("</tr>\n", out);
    }
    (void)fputs("</tbody>\n", out);
    html_table_end(out);
}

static void feeds_write(const struct html_report *report, FILE *out)
{
    struct feeds_used used;
    bool is_ours = false;
    feeds_find(report->heading->facts, report->feeds_path, &used);
    (void)fputs("<h3>Feeds</h3>\n<ul>\n", out);
    for (size_t i = 0; i < used.count; i++) {
        size_t length;
        const char *digest = facts_value(report->heading->facts, used.digests[i], &length);
        bool same = report->intel != NULL && strlen(report->intel->digest) == length &&
                    memcmp(report->intel->digest, digest, length) == 0;
        html_count(out, "<li>", used.counts[i], " services were judged by feeds ");
        html_text(out, digest, length);
        (void)fputs(same ? ": those below</li>\n" : ", which this machine does not have</li>\n", out);
        is_ours = is_ours || same;
    }
    if (used.others > 0)
        html_count(out, "<li>and ", used.others, " by others</li>\n");
    if (used.count == 0)
        (void)fputs("<li>No record was judged by feeds: nothing is said of vulnerabilities. sonde feeds and sonde "
                    "classify make up for it.</li>\n",
                    out);
    (void)fputs("</ul>\n", out);
    if (is_ours)
        intel_write(report->intel, out);
}

void html_sources(const struct html_report *report, FILE *out)
{
    (void)fputs("<section id=\"sources\"><h2>Scans and feeds</h2>\n", out);
    scans_write(report->scans, out);
    feeds_write(report, out);
    (void)fputs("</section>\n", out);
}
