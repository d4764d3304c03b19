// SPDX-License-Identifier: BSD-3-Clause
// sonde scan: compiles the plan, prepares everything that both programs need, runs them, reports.
#include "control/command/scan_private.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/command/json_output.h"
#include "control/command/line.h"
#include "control/feeds/feeds.h"
#include "control/command/scan_explain.h"
#include "control/command/watch.h"
#include "control/scan/teller.h"

static const struct option_row scan_options[] = {
    [SCAN_QUIET] = {"quiet", NULL, "print nothing but errors"},
    [SCAN_JSON] = {"json", NULL, "print status lines and the summary as JSON on standard error"},
    [SCAN_DRY_RUN] = {"dry-run", "FILE", "write the first 10,000 frames to a pcap file and send nothing"},
    [SCAN_FORMAT] = {"format", "NAME", "write the records as csv, sqlite, xml (nmap's) or chosen jsonl too",
                     .values = EXPORTING_FORMATS},
    [SCAN_FIELDS] = {"fields", "LIST", EXPORTING_FIELDS_HELP},
    [SCAN_FILTER] = {"filter", "EXPRESSION", EXPORTING_FILTER_HELP},
    [SCAN_PCAP] = {"pcap", "FILE", "keep what is heard of those who are asked in a pcap file too"},
    [SCAN_PCAP_LIMIT] = {"pcap-limit", "SIZE", "the most bytes of that file, like 500 MB; 1 GiB when it is not given"},
    [SCAN_OUTPUT] = {"output", "WHERE", "folder for the results, or - for records on standard output", 'o', NULL},
    [SCAN_FORCE] = {"force", NULL, "overwrite the results that the folder holds"},
    [SCAN_RESUME] = {"resume", "OUT", "go on with the scan in this folder that ended early"},
    [SCAN_FEEDS] = {"feeds", "DIR", "folder of feeds (the plan's, else $SONDE_FEEDS, else " FEEDS_FOLDER ")"},
    [SCAN_CONFIG] = {"config", "DIR", PLANFILE_CONFIG_HELP},
    [SCAN_PRINT_PLAN] = {"print-plan", NULL, "print the plan that all this means, and send nothing"},
    [SCAN_VERBOSE] = {"verbose", NULL, "say what is decided and why"},
    [SCAN_LOG] = {"log", "FILE", "add what is said, and what is decided and why, to a file, each line with its time"},
    [SCAN_WATCH] = {"watch", "INTERVAL", "scan again and again, like 24h, and say what changed; once: one more round"},
    [SCAN_ROUNDS] = {"rounds", "N", "end after so many rounds of --watch"},
    [SCAN_NEWS] = {"news", "WHAT", "news to --watch: any change (any), or new findings of a severity and above",
                   .values = "any info low medium high critical"},
    [SCAN_ON_NEWS] = {"on-news", "COMMAND", "what the shell runs when there is news; $1 is the path of diff.json"},
    [SCAN_WEBHOOK] = {"webhook", "URL", "where news is posted to as JSON, over http or https"},
    LINE_OPTIONS,
};
_Static_assert(sizeof(scan_options) / sizeof(scan_options[0]) <= OPTIONS_MAX, "each has a place for its value");

static enum exit_status plan_print(const struct invocation *invocation)
{
    struct plan *plan = NULL;
    json_t *whole = NULL;
    enum exit_status status = planfile_load(invocation, PLAN_NEED_SCAN, &plan, &whole);
    if (status == EXIT_DONE)
        status = output_finish(json_print(whole, stdout));
    plan_free(plan);
    return status;
}

static enum exit_status scan_told(const struct invocation *invocation)
{
    struct scan scan = {
        .invocation = invocation,
        .dry_run = invocation->values[SCAN_DRY_RUN],
        .output = OUTPUT_NONE,
        .capture = {.folder_fd = -1, .fd = -1},
        .pcap = PCAP_NONE,
        .export = SCAN_EXPORT_NONE,
        .dpdk = {.parent_fd = -1, .fd = -1},
        .answered_fd = -1,
        .intel_fd = -1,
        .shared = {.image_fd = -1, .commands_fd = -1, .up_fd = -1, .up_read_fd = -1, .down_fd = -1},
    };
    char port_name[64];
    scan_name(&scan);
    uint64_t started_ns = scan_realtime();
    enum exit_status status = scan_prepare(&scan, port_name);
    if (status == EXIT_DONE)
        status = scan_checkpoint(&scan, started_ns);
    if (status == EXIT_DONE) {
        for (size_t i = 0; i < scan.plan->note_count && !scan_given(&scan, SCAN_QUIET); i++)
            fprintf(stderr, "sonde: note: %s\n", scan.plan->notes[i]);
        if (scan.intel_fd < 0 && !scan_given(&scan, SCAN_QUIET) && scan.dry_run == NULL)
            fprintf(stderr, "sonde: note: no feeds in %s: vulnerabilities are not evaluated (sonde help feeds)\n",
                    scan_feeds(&scan));
        scan_explain(&(struct scan_decisions){.plan = scan.plan,
                                              .eal = &scan.eal,
                                              .source = &scan.source,
                                              .runtime = &scan.runtime,
                                              .dataplane_path = scan.settings.dataplane_path,
                                              .control_path = scan.settings.control_path,
                                              .folder = scan.output.folder,
                                              .guarded = scan.guard != NULL,
                                              .intel = scan.intel_fd >= 0 ? scan_feeds(&scan) : NULL});
        scan.settings.plan = scan.plan;
        scan.settings.shared = &scan.shared;
        scan.settings.runtime = &scan.dpdk;
        scan.settings.capture_fd = scan.capture.fd;
        scan.settings.trace_fd = scan.pcap.trace_fd;
        scan.settings.claim = scan.claim;
        scan.settings.interface = scan.source.interface[0] != '\0' ? scan.source.interface : port_name;
        scan.settings.output = scan.dry_run == NULL ? &scan.output : NULL;
        scan.settings.answered_fd = scan.answered_fd;
        scan.settings.intel_fd = scan.intel_fd;
        scan.settings.quiet = scan_given(&scan, SCAN_QUIET);
        scan.settings.json = scan_given(&scan, SCAN_JSON);
        supervisor_run(&scan.supervisor, &scan.settings);
        runtime_remove(&scan.dpdk);
        teller_settle();
        status = scan.dry_run != NULL ? scan_report_dry_run(&scan) : scan_report(&scan, started_ns);
    }
    if (scan.answered_fd >= 0)
        close(scan.answered_fd);
    if (scan.intel_fd >= 0)
        close(scan.intel_fd);
    runtime_remove(&scan.dpdk);
    capture_close(&scan.capture);
    pcap_close(&scan.pcap);
    scan_export_close(&scan);
    kernel_guard_free(scan.guard);
    claim_free(scan.claim);
    shared_fini(&scan.shared);
    output_close(&scan.output);
    eal_fini(&scan.eal);
    source_fini(&scan.source);
    json_decref(scan.whole);
    plan_free(scan.plan);
    return status;
}

// Every line on standard error from here on is in the form that was asked for.
static enum exit_status scan_once(const struct invocation *invocation)
{
    char message[TELLER_MESSAGE_MAX];
    bool quiet = invocation->values[SCAN_QUIET] != NULL;
    const struct teller_settings settings = {
        .form = invocation->values[SCAN_JSON] != NULL ? TELLER_JSON
                : quiet                               ? TELLER_PLAIN
                                                      : teller_form_here(),
        .verbose = invocation->values[SCAN_VERBOSE] != NULL,
        .log = invocation->values[SCAN_LOG],
    };
    if (quiet && settings.verbose)
        return scan_refuse(EXIT_USAGE, "scan: --quiet and --verbose exclude each other");
    if (teller_start(&settings, message) != 0)
        return scan_refuse(EXIT_FAILED, message);
    enum exit_status status = scan_told(invocation);
    teller_stop();
    return status;
}

static enum exit_status scan_round(const struct invocation *invocation, const char *folder)
{
    struct invocation round = *invocation;
    round.values[SCAN_OUTPUT] = folder;
    return scan_once(&round);
}

static enum exit_status scan_run(const struct invocation *invocation)
{
    enum exit_status status = watch_check(invocation);
    if (status != EXIT_DONE)
        return status;
    if (invocation->values[SCAN_PRINT_PLAN] != NULL)
        return plan_print(invocation);
    return invocation->values[SCAN_WATCH] != NULL ? watch_run(invocation, scan_round) : scan_once(invocation);
}

const struct subcommand subcommand_scan = {
    .name = "scan",
    .operands = LINE_OPERANDS,
    .summary = "scan targets, or what a plan names, and write one record per exposed port",
    .options = scan_options,
    .option_count = sizeof(scan_options) / sizeof(scan_options[0]),
    .keys = plan_keys,
    .operands_max = INT_MAX,
    .run = scan_run,
};
