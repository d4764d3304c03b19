// SPDX-License-Identifier: BSD-3-Clause
// sonde report: the study, from the records that scans have left.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config/filter.h"
#include "control/command/json_output.h"
#include "control/command/planfile.h"
#include "control/feeds/feeds.h"
#include "control/report/html.h"
#include "control/report/report.h"
#include "control/command/subcommands.h"

enum {
    REPORT_JSON,
    REPORT_CSV,
    REPORT_HTML,
    REPORT_BY,
    REPORT_PROVIDER,
    REPORT_SERVICE,
    REPORT_REGION,
    REPORT_SINCE,
    REPORT_FILTER,
    REPORT_THREADS,
    REPORT_OPTIONS
};

static const struct option_row report_options[REPORT_OPTIONS] = {
    [REPORT_JSON] = {"json", NULL, "print one JSON object instead of tables"},
    [REPORT_CSV] = {"csv", "DIR", "write every table as DIR/ID.csv too"},
    [REPORT_HTML] = {"html", "FILE", "write the report as one page for a browser too"},
    [REPORT_BY] = {"by", "FIELD", "columns by this field of records instead of the provider"},
    [REPORT_PROVIDER] = {"provider", "NAME", "only records of this provider"},
    [REPORT_SERVICE] = {"service", "NAME", "only records of this service", .values = COMPLETED_SERVICES},
    [REPORT_REGION] = {"region", "NAME", "only records of this region"},
    [REPORT_SINCE] = {"since", "DATE", "only records of this day (2026-11-26) or later"},
    [REPORT_FILTER] = {"filter", "EXPRESSION", "only records like 'service = ssh and ssh.methods has password'"},
    [REPORT_THREADS] = {"threads", "N", "how many threads read (one a processor, at most 16)"},
};

struct report {
    const struct invocation *invocation;
    char *filters[REPORT_OPTIONS];
    size_t filter_count;
    unsigned int threads;
    struct study study;
    struct facts *facts[RECORDS_THREADS_MAX];
    uint32_t findings_path; // of the page, in all facts
    uint32_t feeds_path;
    struct records_tally tally;
    struct scans scans;
    struct scans_sample sample;
};

static void report_fini(struct report *report)
{
    for (size_t i = 0; i < RECORDS_THREADS_MAX; i++)
        facts_free(report->facts[i]);
    for (size_t i = 0; i < report->filter_count; i++)
        free(report->filters[i]);
    study_fini(&report->study);
    scans_fini(&report->scans);
}

static enum exit_status refuse(enum exit_status status, const char *text)
{
    fprintf(stderr, "sonde: report: %s\n", text);
    return status;
}

static int filter_add(struct report *report, json_t *condition)
{
    char *text = condition == NULL ? NULL : json_dumps(condition, JSON_ENSURE_ASCII);
    json_decref(condition);
    if (text == NULL)
        return -ENOMEM;
    report->filters[report->filter_count++] = text;
    return 0;
}

static bool is_day(const char *text)
{
    struct tm day = {0};
    const char *end = strptime(text, "%Y-%m-%d", &day);
    return end != NULL && *end == '\0';
}

static int filters_make(struct report *report)
{
    static const struct {
        int option;
        const char *path;
    } names[] = {{REPORT_PROVIDER, "provider"}, {REPORT_SERVICE, "service"}, {REPORT_REGION, "region"}};
    const char *const *values = report->invocation->values;
    int error = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && error == 0; i++)
        if (values[names[i].option] != NULL)
            error = filter_add(report, json_pack("{s:s}", names[i].path, values[names[i].option]));
    if (values[REPORT_SINCE] != NULL && error == 0) {
        char from[64];
        (void)snprintf(from, sizeof(from), "%.10sT00:00:00Z", values[REPORT_SINCE]);
        error = filter_add(report, json_pack("{s:{s:{s:s}}}", "time", "not", "before", from));
    }
    return error;
}

// What people type, or the JSON of a finding's condition.
static enum exit_status expression_take(struct report *report)
{
    const char *text = report->invocation->values[REPORT_FILTER];
    struct complaint complaint;
    json_t *condition = NULL;
    if (text == NULL)
        return EXIT_DONE;
    int error = filter_parse(text, &condition, &complaint);
    if (error == -EINVAL)
        return refuse(EXIT_USAGE, complaint.text);
    return error == 0 && filter_add(report, condition) == 0 ? EXIT_DONE : refuse(EXIT_FAILED, strerror(ENOMEM));
}

static enum exit_status options_take(struct report *report)
{
    const char *const *values = report->invocation->values;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    report->threads = processors < 1                     ? 1
                      : processors > RECORDS_THREADS_MAX ? RECORDS_THREADS_MAX
                                                         : (unsigned int)processors;
    if (values[REPORT_THREADS] != NULL) {
        char *end;
        unsigned long threads = strtoul(values[REPORT_THREADS], &end, 10);
        if (*end != '\0' || threads < 1 || threads > RECORDS_THREADS_MAX)
            return refuse(EXIT_USAGE, "--threads: expected a number from 1 to 16");
        report->threads = (unsigned int)threads;
    }
    if (values[REPORT_SINCE] != NULL && !is_day(values[REPORT_SINCE]))
        return refuse(EXIT_USAGE, "--since: expected a day as 2026-11-26");
    return filters_make(report) == 0 ? expression_take(report) : refuse(EXIT_FAILED, strerror(ENOMEM));
}

static enum exit_status study_open(struct report *report)
{
    static const char crowded[] = "the study asks for too many lists or fields";
    char folder[PATH_MAX];
    struct complaint complaint;
    enum exit_status status = planfile_catalogues(report->invocation->program, folder);
    const struct study_change change = {.by = report->invocation->values[REPORT_BY],
                                        .filters = (const char *const *)report->filters,
                                        .filter_count = report->filter_count};
    if (status != EXIT_DONE)
        return status;
    int error = study_load(folder, &change, &report->study, &complaint);
    if (error != 0) {
        fprintf(stderr, "sonde: %s\n", complaint.text);
        return error == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
    }
    for (unsigned int i = 0; i < report->threads; i++) {
        report->facts[i] = facts_new(&report->study);
        if (report->facts[i] == NULL)
            return refuse(EXIT_FAILED, errno == EINVAL ? crowded : strerror(errno));
        if (report->invocation->values[REPORT_HTML] == NULL)
            continue;
        report->findings_path = facts_ask(report->facts[i], "findings");
        report->feeds_path = facts_ask(report->facts[i], "vulnerabilities.feeds");
        if (report->findings_path == UINT32_MAX || report->feeds_path == UINT32_MAX)
            return refuse(EXIT_FAILED, crowded);
    }
    return EXIT_DONE;
}

static int record_take(void *context, const struct observation *observation, const struct records_place *place)
{
    (void)place;
    return facts_add(context, observation);
}

static enum exit_status records_count(struct report *report)
{
    char message[512];
    void *contexts[RECORDS_THREADS_MAX];
    for (unsigned int i = 0; i < report->threads; i++)
        contexts[i] = report->facts[i];
    const struct records_reading reading = {
        .paths = (const char *const *)report->invocation->operands,
        .path_count = (size_t)report->invocation->operand_count,
        .take = record_take,
        .contexts = contexts,
        .lent = true,
        .threads = report->threads,
    };
    int error = records_read(&reading, &report->tally, message);
    if (error == -ENOSPC)
        return refuse(EXIT_FAILED, "the records differ in more ways than fit in memory; --filter takes fewer of them");
    if (error != 0)
        return refuse(EXIT_FAILED, message);
    for (unsigned int i = 1; i < report->threads; i++) {
        error = facts_merge(report->facts[0], report->facts[i]);
        facts_free(report->facts[i]);
        report->facts[i] = NULL;
        if (error != 0)
            return refuse(EXIT_FAILED, strerror(-error));
    }
    if (report->tally.records > 0)
        return EXIT_DONE;
    for (size_t i = 0; i < report->tally.complaint_count; i++)
        fprintf(stderr, "sonde: report: %s\n", report->tally.complaints[i]);
    return refuse(EXIT_FAILED, "there is no record in what was given");
}

// What a page has besides the study's tables.
struct page {
    struct html_report html;
    struct findings findings;
    struct worst worst;
    struct evidence evidence;
    struct intel intel;
    int intel_fd;
};

static enum exit_status page_gather(const struct report *report, struct page *page)
{
    char folder[PATH_MAX];
    char message[512];
    struct complaint complaint;
    struct catalogue_places places;
    const char *const *paths = (const char *const *)report->invocation->operands;
    const size_t path_count = (size_t)report->invocation->operand_count;
    const struct evidence_gathering gathering = {.facts = report->facts[0],
                                                 .worst = &page->worst,
                                                 .findings = &page->findings,
                                                 .paths = paths,
                                                 .path_count = path_count,
                                                 .threads = report->threads};
    enum exit_status status = planfile_places(report->invocation->program, report->invocation, &places, folder);
    if (status != EXIT_DONE)
        return status;
    if (findings_load(&places, &page->findings, &complaint) != 0)
        return refuse(EXIT_FAILED, complaint.text);
    int error = worst_rank(report->facts[0], report->findings_path, &page->findings, &page->worst);
    if (error != 0)
        return refuse(EXIT_FAILED, strerror(-error));
    if (evidence_gather(&gathering, &page->evidence, message) != 0)
        return refuse(EXIT_FAILED, message);
    // Without feeds the page says so.
    if (feeds_open(feeds_folder(NULL), &page->intel, &page->intel_fd, &complaint) == 0)
        page->html.intel = &page->intel;
    return EXIT_DONE;
}

static enum exit_status page_write(const struct report *report, const struct report_heading *heading,
                                   const struct results *results)
{
    char message[512];
    struct page *page = calloc(1, sizeof(*page));
    if (page == NULL)
        return refuse(EXIT_FAILED, strerror(ENOMEM));
    page->html = (struct html_report){.heading = heading,
                                      .results = results,
                                      .findings = &page->findings,
                                      .worst = &page->worst,
                                      .evidence = &page->evidence,
                                      .scans = &report->scans,
                                      .feeds_path = report->feeds_path};
    enum exit_status status = page_gather(report, page);
    if (status == EXIT_DONE && report_html(&page->html, report->invocation->values[REPORT_HTML], message) != 0)
        status = refuse(EXIT_FAILED, message);
    if (page->html.intel != NULL) {
        intel_unmap(&page->intel);
        (void)close(page->intel_fd);
    }
    evidence_fini(&page->evidence);
    findings_fini(&page->findings);
    free(page);
    return status;
}

static enum exit_status results_write(struct report *report, const struct results *results)
{
    const struct invocation *invocation = report->invocation;
    const struct report_heading heading = {.tally = &report->tally,
                                           .facts = report->facts[0],
                                           .filters = (const char *const *)report->filters,
                                           .filter_count = report->filter_count,
                                           .scans = &report->scans,
                                           .sample =
                                               scans_sampled(&report->scans, &report->sample) ? &report->sample : NULL};
    char message[512];
    if (invocation->values[REPORT_CSV] != NULL && report_csv(results, invocation->values[REPORT_CSV], message) != 0)
        return refuse(EXIT_FAILED, message);
    if (invocation->values[REPORT_HTML] != NULL) {
        enum exit_status status = page_write(report, &heading, results);
        if (status != EXIT_DONE)
            return status;
    }
    return output_finish(invocation->values[REPORT_JSON] != NULL ? json_print(report_json(&heading, results), stdout)
                                                                 : report_print(&heading, results, stdout));
}

static enum exit_status report_make(struct report *report)
{
    struct host_groups hosts = {0};
    struct results results = {0};
    enum exit_status status = options_take(report);
    if (status == EXIT_DONE)
        status = study_open(report);
    if (status == EXIT_DONE)
        status = records_count(report);
    if (status != EXIT_DONE)
        return status;
    scans_read((const char *const *)report->invocation->operands, (size_t)report->invocation->operand_count,
               &report->scans);
    int error = host_groups_gather(report->facts[0], &hosts);
    if (error == 0)
        error = results_count(report->facts[0], &hosts, report->threads, &results);
    status = error == 0 ? results_write(report, &results) : refuse(EXIT_FAILED, strerror(-error));
    results_fini(&results);
    host_groups_fini(&hosts);
    return status;
}

static enum exit_status report_run(const struct invocation *invocation)
{
    struct report report = {.invocation = invocation};
    enum exit_status status = report_make(&report);
    report_fini(&report);
    return status;
}

const struct subcommand subcommand_report = {
    .name = "report",
    .operands = "DIR|FILE...",
    .summary = "print the study: what the records of scans say, in tables with their denominators",
    .options = report_options,
    .option_count = REPORT_OPTIONS,
    .operands_min = 1,
    .operands_max = 1024,
    .run = report_run,
};
