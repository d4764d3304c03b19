// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/diff_report.h"

#include <stdio.h>
#include <string.h>

#include "config/figures.h"
#include "config/printable.h"
#include "probes/address.h"

enum { SHOWN_VALUES = 16, NEWS_VALUES = 256 };

const char *const diff_kind_names[DIFF_KINDS] = {"appeared", "disappeared", "changed",
                                                 "moved",    "not_scanned", "newly_scanned"};
const char *const diff_why_words[DIFF_EARLY + 1] = {
    [DIFF_ASKED_UNKNOWN] = "",
    [DIFF_ASKED] = "",
    [DIFF_OUTSIDE] = "no target of that scan",
    [DIFF_SHARE] = "in another shard or outside the sample",
    [DIFF_EARLY] = "that scan ended before its turn",
};

// ---- Counting
// ---------------------------------------------------------------------------------------------------------

static size_t findings_table(const struct study *study)
{
    size_t table = 0;
    while (table < study->table_count && strcmp(study->tables[table].id, "findings") != 0)
        table++;
    return table;
}

static int severity_of(const struct diff_report *report, uint32_t value)
{
    size_t length;
    const char *id = facts_value(report->facts, value, &length);
    const struct catalogue_finding *finding = findings_find(report->findings, id, length);
    return finding == NULL ? -1 : (int)finding->severity;
}

int diff_severity(const struct diff_report *report, const struct diff_change *change)
{
    bool is_finding =
        change->kind == DIFF_CHANGED && change->table == findings_table(report->study) && change->added != 0;
    return is_finding ? severity_of(report, change->added) : -1;
}

static bool is_new(enum diff_kind kind)
{
    return kind == DIFF_APPEARED || kind == DIFF_NEWLY_SCANNED;
}

static void news_count(struct diff_report *report, int severity)
{
    if (severity >= 0)
        report->new_findings[severity]++;
    report->news += report->least >= 0 && severity >= report->least;
}

void diff_report_count(struct diff_report *report)
{
    size_t findings = findings_table(report->study);
    for (size_t i = 0; i < report->diff->count; i++) {
        const struct diff_change *change = &report->diff->changes[i];
        uint32_t values[NEWS_VALUES];
        report->counts[change->kind]++;
        report->news += report->least == DIFF_ANY && change->kind <= DIFF_MOVED;
        news_count(report, diff_severity(report, change));
        if (!is_new(change->kind) || findings == report->study->table_count)
            continue;
        size_t count = diff_values(report->facts, change->shape, findings, values, NEWS_VALUES);
        for (size_t v = 0; v < count; v++)
            news_count(report, severity_of(report, values[v]));
    }
}

// ---- Words
// ------------------------------------------------------------------------------------------------------------

static void value_put(const struct diff_report *report, uint32_t value, const char *before,
                      char text[static DIFF_TEXT_BYTES])
{
    size_t at = strlen(text);
    size_t length;
    const char *bytes = facts_value(report->facts, value, &length);
    (void)snprintf(text + at, DIFF_TEXT_BYTES - at, "%s%.*s", before, (int)(length < 200 ? length : 200), bytes);
}

// "ssh openssh 9.2": what a service is in short, its first tables' values.
static void service_put(const struct diff_report *report, uint32_t shape, char text[static DIFF_TEXT_BYTES])
{
    static const char *const shown[] = {"service", "product", "version", "findings"};
    for (size_t table = 0; table < report->study->table_count; table++) {
        uint32_t values[SHOWN_VALUES];
        bool is_shown = false;
        for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
            is_shown = is_shown || strcmp(shown[i], report->study->tables[table].id) == 0;
        size_t count = is_shown ? diff_values(report->facts, shape, table, values, SHOWN_VALUES) : 0;
        for (size_t v = 0; v < count; v++)
            value_put(report, values[v], v > 0 ? ", " : text[0] == '\0' ? "" : " ", text);
    }
}

void diff_words(const struct diff_report *report, const struct diff_change *change, struct diff_words *ret_words)
{
    char address[ADDRESS_TEXT_MAX];
    bool is_of_table = change->kind == DIFF_CHANGED || change->kind == DIFF_MOVED;
    ret_words->title =
        is_of_table && change->table < report->study->table_count ? report->study->tables[change->table].title : "";
    ret_words->was[0] = '\0';
    ret_words->now[0] = '\0';
    if (is_new(change->kind))
        service_put(report, change->shape, ret_words->now);
    if (change->kind == DIFF_DISAPPEARED || change->kind == DIFF_NOT_SCANNED)
        service_put(report, change->shape, ret_words->was);
    if (change->kind == DIFF_MOVED)
        (void)snprintf(ret_words->was, DIFF_TEXT_BYTES, "%s", address_text(change->other, address));
    if (change->kind == DIFF_CHANGED && change->removed != 0)
        value_put(report, change->removed, "", ret_words->was);
    if (change->kind == DIFF_CHANGED && change->added != 0)
        value_put(report, change->added, "", ret_words->now);
}

// ---- For people
// -------------------------------------------------------------------------------------------------------

static void change_print(const struct diff_report *report, const struct diff_change *change, FILE *out)
{
    char address[ADDRESS_TEXT_MAX];
    char was[PRINTABLE_GROWTH * DIFF_TEXT_BYTES];
    char now[PRINTABLE_GROWTH * DIFF_TEXT_BYTES];
    struct diff_words words;
    diff_words(report, change, &words);
    (void)printable(words.was, was, sizeof(was));
    (void)printable(words.now, now, sizeof(now));
    (void)fprintf(out, "%s:%u ", address_text(change->address, address), change->port);
    const char *service = is_new(change->kind) ? now : was;
    if (change->kind == DIFF_NOT_SCANNED || change->kind == DIFF_NEWLY_SCANNED)
        (void)fprintf(out, "%s (%s):%s%s\n",
                      change->kind == DIFF_NOT_SCANNED ? "not scanned again" : "not scanned before",
                      diff_why_words[change->why], service[0] == '\0' ? "" : " ", service);
    else if (change->kind == DIFF_APPEARED || change->kind == DIFF_DISAPPEARED)
        (void)fprintf(out, "%s:%s%s\n", diff_kind_names[change->kind], service[0] == '\0' ? "" : " ", service);
    else if (change->kind == DIFF_MOVED)
        (void)fprintf(out, "has the %s that %s had\n", words.title, was);
    else if (change->removed != 0 && change->added != 0)
        (void)fprintf(out, "%s: %s, was %s\n", words.title, now, was);
    else
        (void)fprintf(out, "%s: %s %s\n", words.title, change->added != 0 ? "+" : "-", change->added != 0 ? now : was);
}

static void scan_print(const struct diff_report *report, size_t which, FILE *out)
{
    char text[DIFF_SCAN_BYTES];
    char shown[PRINTABLE_GROWTH * DIFF_SCAN_BYTES];
    diff_scan_words(report, which, text);
    (void)printable(text, shown, sizeof(shown));
    if (shown[0] != '\0')
        (void)fprintf(out, "%s\n", shown);
}

// "new findings: 2 high, 1 low"
static void findings_print(const struct diff_report *report, FILE *out)
{
    const char *before = "new findings: ";
    for (int i = SEVERITIES - 1; i >= 0; i--) {
        char number[FIGURE_MAX];
        if (report->new_findings[i] == 0)
            continue;
        (void)fprintf(out, "%s%s %s", before, figure_count(report->new_findings[i], number), severity_names[i]);
        before = ", ";
    }
    if (before[0] == ',')
        (void)fputc('\n', out);
}

void diff_report_print(const struct diff_report *report, FILE *out)
{
    char numbers[6][FIGURE_MAX];
    for (size_t i = 0; i < report->diff->count; i++)
        change_print(report, &report->diff->changes[i], out);
    (void)fprintf(
        out, "%s services before, %s now: %s appeared, %s disappeared, %s changes, %s moved",
        figure_count(report->diff->services[0], numbers[0]), figure_count(report->diff->services[1], numbers[1]),
        figure_count(report->counts[DIFF_APPEARED], numbers[2]),
        figure_count(report->counts[DIFF_DISAPPEARED], numbers[3]),
        figure_count(report->counts[DIFF_CHANGED], numbers[4]), figure_count(report->counts[DIFF_MOVED], numbers[5]));
    if (report->counts[DIFF_NOT_SCANNED] > 0)
        (void)fprintf(out, ", %s not scanned again", figure_count(report->counts[DIFF_NOT_SCANNED], numbers[0]));
    if (report->counts[DIFF_NEWLY_SCANNED] > 0)
        (void)fprintf(out, ", %s not scanned before", figure_count(report->counts[DIFF_NEWLY_SCANNED], numbers[0]));
    (void)fputc('\n', out);
    scan_print(report, 0, out);
    scan_print(report, 1, out);
    if (report->diff->unlearnt > 0)
        (void)fprintf(out, "%s values were not learnt again, by conversations that came less far: no changes\n",
                      figure_count(report->diff->unlearnt, numbers[0]));
    findings_print(report, out);
    if (report->least >= 0)
        (void)fprintf(out, "%s new findings of severity %s or above\n", figure_count(report->news, numbers[0]),
                      severity_names[report->least]);
}

// ---- For programs
// -----------------------------------------------------------------------------------------------------

static json_t *value_json(const struct diff_report *report, uint32_t value)
{
    size_t length;
    const char *bytes = facts_value(report->facts, value, &length);
    json_t *text = json_stringn(bytes, length);
    return text != NULL ? text : json_string("");
}

static json_t *change_json(const struct diff_report *report, const struct diff_change *change)
{
    char address[ADDRESS_TEXT_MAX];
    json_t *object = json_pack("{s:s,s:s,s:i}", "kind", diff_kind_names[change->kind], "ip",
                               address_text(change->address, address), "port", change->port);
    if (change->kind == DIFF_CHANGED || change->kind == DIFF_MOVED)
        (void)json_object_set_new(object, "field", json_string(report->study->tables[change->table].id));
    if (change->removed != 0)
        (void)json_object_set_new(object, "removed", value_json(report, change->removed));
    if (change->added != 0)
        (void)json_object_set_new(object, "added", value_json(report, change->added));
    if (change->kind == DIFF_MOVED)
        (void)json_object_set_new(object, "from", json_string(address_text(change->other, address)));
    if (change->why != DIFF_ASKED_UNKNOWN)
        (void)json_object_set_new(object, "why", json_string(diff_why_words[change->why]));
    return object;
}

// What a scan says of itself and what of it is known; of a file nothing.
static json_t *scan_json(const struct diff_report *report, size_t which)
{
    struct diff_missed missed;
    json_t *object =
        json_pack("{s:s,s:b}", "path", report->paths[which], "targets_known", report->unknown[which][0] == '\0');
    if (object == NULL) // a path that is no UTF-8
        object = json_pack("{s:b}", "targets_known", report->unknown[which][0] == '\0');
    if (report->scans[which].count > 0) {
        const json_t *summary = report->scans[which].scans[0].summary;
        static const char *const members[] = {"scan", "outcome", "started", "ended", "coverage"};
        for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
            json_t *member = json_object_get(summary, members[i]);
            if (member != NULL)
                (void)json_object_set(object, members[i], member);
        }
    }
    if (diff_missed(report, which, &missed))
        (void)json_object_set_new(object, "expected_missed",
                                  json_pack("{s:I,s:f,s:f,s:f}", "of", (json_int_t)missed.of, "estimate", missed.value,
                                            "low", missed.low, "high", missed.high));
    return object;
}

static json_t *counts_json(const struct diff_report *report)
{
    json_t *counts = json_object();
    for (size_t kind = 0; kind < DIFF_KINDS; kind++)
        (void)json_object_set_new(counts, diff_kind_names[kind], json_integer((json_int_t)report->counts[kind]));
    (void)json_object_set_new(counts, "not_learnt_again", json_integer((json_int_t)report->diff->unlearnt));
    return counts;
}

static json_t *findings_json(const struct diff_report *report)
{
    json_t *counts = json_object();
    for (size_t i = 0; i < SEVERITIES; i++)
        (void)json_object_set_new(counts, severity_names[i], json_integer((json_int_t)report->new_findings[i]));
    return counts;
}

json_t *diff_report_json(const struct diff_report *report)
{
    json_t *changes = json_array();
    for (size_t i = 0; i < report->diff->count; i++)
        if (json_array_append_new(changes, change_json(report, &report->diff->changes[i])) != 0) {
            json_decref(changes);
            return NULL;
        }
    // What counts as news was not said: then there is none to count.
    json_t *news = report->least == -1 ? NULL : json_integer((json_int_t)report->news);
    return json_pack("{s:o,s:o,s:I,s:I,s:o*,s:o,s:o,s:o}", "old", scan_json(report, 0), "new", scan_json(report, 1),
                     "before", (json_int_t)report->diff->services[0], "now", (json_int_t)report->diff->services[1],
                     "news", news, "new_findings", findings_json(report), "counts", counts_json(report), "changes",
                     changes);
}
