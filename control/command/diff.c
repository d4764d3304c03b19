// SPDX-License-Identifier: BSD-3-Clause
// sonde diff: what changed between two scans.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/command/json_output.h"
#include "control/command/planfile.h"
#include "control/command/subcommands.h"
#include "control/record/records.h"
#include "control/report/diff_report.h"
#include "control/scan/asked.h"

enum { DIFF_JSON, DIFF_HTML, DIFF_FAIL_ON, DIFF_CONFIG, DIFF_OPTIONS };

static const struct option_row diff_options[DIFF_OPTIONS] = {
    [DIFF_JSON] = {"json", NULL, "print one JSON object instead of lines"},
    [DIFF_HTML] = {"html", "FILE", "write what changed as one page for a browser too"},
    [DIFF_FAIL_ON] = {"fail-on", "SEVERITY",
                      "exit with 3 when there is a new finding of this severity or above, or any change",
                      .values = "any info low medium high critical"},
    [DIFF_CONFIG] = {"config", "DIR", PLANFILE_CONFIG_HELP},
};

struct differing {
    const struct invocation *invocation;
    char folder[PATH_MAX]; // of the catalogues
    struct study study;
    struct facts *facts[2];
    struct records_tally tallies[2];
    uint32_t outcome_path;
    struct asked *asked[2]; // NULL: not known
    struct diff diff;
    struct findings findings;
    struct diff_report report;
};

static enum exit_status refuse(enum exit_status status, const char *text)
{
    fprintf(stderr, "sonde: diff: %s\n", text);
    return status;
}

static enum exit_status severity_take(struct differing *differing)
{
    const char *wanted = differing->invocation->values[DIFF_FAIL_ON];
    differing->report.least = -1;
    for (int i = 0; wanted != NULL && i < SEVERITIES; i++)
        if (strcmp(wanted, severity_names[i]) == 0)
            differing->report.least = i;
    if (wanted != NULL && strcmp(wanted, "any") == 0)
        differing->report.least = DIFF_ANY;
    return wanted == NULL || differing->report.least != -1
               ? EXIT_DONE
               : refuse(EXIT_USAGE, "--fail-on: expected info, low, medium, high, critical or any");
}

static enum exit_status catalogues_open(struct differing *differing)
{
    struct complaint complaint = {""};
    struct catalogue_places places;
    const struct study_change change = {.file = "diff.json"};
    enum exit_status status =
        planfile_places(differing->invocation->program, differing->invocation, &places, differing->folder);
    if (status != EXIT_DONE)
        return status;
    int error = study_load(differing->folder, &change, &differing->study, &complaint);
    if (error == 0)
        error = findings_load(&places, &differing->findings, &complaint);
    if (error == 0)
        return EXIT_DONE;
    return refuse(EXIT_FAILED, complaint.text[0] != '\0' ? complaint.text : strerror(-error));
}

static int record_take(void *context, const struct observation *observation, const struct records_place *place)
{
    (void)place;
    return facts_add(context, observation);
}

static enum exit_status scan_read(struct differing *differing, size_t which)
{
    char message[512];
    const char *path = differing->invocation->operands[which];
    differing->facts[which] = facts_new(&differing->study);
    if (differing->facts[which] == NULL)
        return refuse(EXIT_FAILED, strerror(errno));
    differing->outcome_path = facts_ask(differing->facts[which], "outcome");
    if (differing->outcome_path == UINT32_MAX)
        return refuse(EXIT_FAILED, "diff.json: its tables ask for more fields than there is room for");
    void *contexts[] = {differing->facts[which]};
    const struct records_reading reading = {
        .paths = &path, .path_count = 1, .take = record_take, .contexts = contexts, .threads = 1};
    int error = records_read(&reading, &differing->tallies[which], message);
    for (size_t i = 0; i < differing->tallies[which].complaint_count; i++)
        fprintf(stderr, "sonde: diff: %s; it is left out\n", differing->tallies[which].complaints[i]);
    if (error != 0)
        return refuse(EXIT_FAILED, message);
    if (differing->tallies[which].records > 0)
        return EXIT_DONE;
    (void)snprintf(message, sizeof(message), "%.400s: there is no record in it", path);
    return refuse(EXIT_FAILED, message);
}

// ---- What was asked
// ---------------------------------------------------------------------------------------------------------

static enum diff_asked asked_state(const void *context, uint32_t address, uint16_t port)
{
    static const enum diff_asked states[] = {[ASKED_ONCE] = DIFF_ASKED,
                                             [ASKED_OUTSIDE] = DIFF_OUTSIDE,
                                             [ASKED_SHARE] = DIFF_SHARE,
                                             [ASKED_EARLY] = DIFF_EARLY};
    return states[asked_find(context, address, port)];
}

// A plan or checkpoint that is not there, or no longer what it was, is no fault of the difference: it says less then.
static void asked_read(struct differing *differing, size_t which)
{
    struct diff_report *report = &differing->report;
    const char *path = differing->invocation->operands[which];
    struct plan *plan = NULL;
    struct checkpoint checkpoint;
    int error = planfile_scanned(differing->invocation, path, &checkpoint, &plan, report->unknown[which]);
    if (error == 0 && (error = asked_new(plan, &checkpoint, &differing->asked[which])) != 0)
        (void)snprintf(report->unknown[which], sizeof(report->unknown[which]), "%s", strerror(-error));
    plan_free(plan);
    explicit_bzero(&checkpoint, sizeof(checkpoint)); // it has the key of the scan's cookies
}

// ---- Everything
// -------------------------------------------------------------------------------------------------------

static enum exit_status scans_compare(struct differing *differing)
{
    char message[512];
    struct diff_report *report = &differing->report;
    const struct invocation *invocation = differing->invocation;
    size_t old_count = differing->facts[0]->count;
    struct diff_scan scans[2] = {{NULL}, {NULL}};
    for (size_t i = 0; i < 2; i++) {
        asked_read(differing, i);
        if (differing->asked[i] != NULL)
            scans[i] = (struct diff_scan){.asked = asked_state, .context = differing->asked[i]};
        scans_read((const char *const *)&invocation->operands[i], 1, &report->scans[i]);
    }
    int error = facts_merge(differing->facts[0], differing->facts[1]);
    if (error == 0)
        error = diff_make(differing->facts[0], old_count, differing->outcome_path, scans, &differing->diff);
    if (error != 0)
        return refuse(EXIT_FAILED, strerror(-error));
    report->paths[0] = invocation->operands[0];
    report->paths[1] = invocation->operands[1];
    report->study = &differing->study;
    report->facts = differing->facts[0];
    report->diff = &differing->diff;
    report->findings = &differing->findings;
    diff_report_count(report);
    if (invocation->values[DIFF_HTML] != NULL && diff_report_html(report, invocation->values[DIFF_HTML], message) != 0)
        return refuse(EXIT_FAILED, message);
    if (invocation->values[DIFF_JSON] != NULL)
        error = json_print(diff_report_json(report), stdout);
    else
        diff_report_print(report, stdout);
    enum exit_status status = output_finish(error);
    return status == EXIT_DONE && report->news > 0 ? EXIT_NEWS : status;
}

static enum exit_status diff_run(const struct invocation *invocation)
{
    struct differing differing = {.invocation = invocation};
    enum exit_status status = severity_take(&differing);
    if (status == EXIT_DONE)
        status = catalogues_open(&differing);
    for (size_t i = 0; i < 2 && status == EXIT_DONE; i++)
        status = scan_read(&differing, i);
    if (status == EXIT_DONE)
        status = scans_compare(&differing);
    diff_fini(&differing.diff);
    for (size_t i = 0; i < 2; i++) {
        asked_free(differing.asked[i]);
        scans_fini(&differing.report.scans[i]);
    }
    facts_free(differing.facts[0]);
    facts_free(differing.facts[1]);
    findings_fini(&differing.findings);
    study_fini(&differing.study);
    return status;
}

const struct subcommand subcommand_diff = {
    .name = "diff",
    .operands = "OLD NEW",
    .summary = "say what changed between two scans: services, products, login methods, findings, vulnerabilities",
    .options = diff_options,
    .option_count = DIFF_OPTIONS,
    .operands_min = 2,
    .operands_max = 2,
    .run = diff_run,
};
