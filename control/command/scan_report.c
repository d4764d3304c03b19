// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/scan_private.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "control/command/found.h"
#include "control/scan/summary.h"

static enum exit_status ending_status(enum scan_ending ending)
{
    return ending == ENDING_FAILED ? EXIT_FAILED : ending == ENDING_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_DONE;
}

enum exit_status scan_report_dry_run(struct scan *scan)
{
    char message[512];
    uint64_t frames = progress_sum(&scan->shared, COUNTER_PROBES_SENT);
    enum exit_status status = ending_status(scan->supervisor.ending);
    if (status != EXIT_DONE)
        return status;
    if (capture_settle(&scan->capture, scan->dry_run, frames, message) != 0)
        return scan_refuse(EXIT_FAILED, message);
    if (!scan_given(scan, SCAN_QUIET))
        fprintf(stderr, "sonde: %llu frames written to %s, nothing sent\n", (unsigned long long)frames,
                strcmp(scan->dry_run, "-") == 0 ? "standard output" : scan->dry_run);
    return EXIT_DONE;
}

// Who asked in a line wants to see what came of it.
static void found_report(const struct scan *scan)
{
    char message[512];
    putchar('\n');
    int error = found_print(scan->output.folder, scan->plan, found_coloured(stdout), stdout, message);
    if (error != 0)
        fprintf(stderr, "sonde: %s\n", error == -ENOMEM ? strerror(ENOMEM) : message);
    fflush(stdout);
}

// Writes summary.json and says how it went. A result that could not be made durable is a failure.
// Says how much the capture holds; one that could not be kept is a failure of what was asked for.
static enum exit_status pcap_report(struct scan *scan)
{
    char message[512];
    if (!scan->pcap.running)
        return EXIT_DONE;
    int error = pcap_stop(&scan->pcap, message);
    if (error != 0)
        return scan_refuse(EXIT_FAILED, message);
    if (!scan_given(scan, SCAN_QUIET))
        fprintf(stderr, "sonde: pcap: %s\n", message);
    return EXIT_DONE;
}

enum exit_status scan_report(struct scan *scan, uint64_t started_ns)
{
    struct summary summary = {
        .scan = scan->id,
        .plan = scan->plan,
        .runtime = &scan->runtime,
        .source = &scan->source,
        .eal = &scan->eal,
        .shared = &scan->shared,
        .supervisor = &scan->supervisor,
        .started_ns = scan_given(scan, SCAN_RESUME) ? scan->checkpoint.started_ns : started_ns,
        .active_ns = scan_realtime() - started_ns + scan->checkpoint.active_ns,
        .resumes = scan->checkpoint.resumes,
        .ended_ns = scan_realtime(),
        .exit_status = ending_status(scan->supervisor.ending),
    };
    char lost[STORAGE_LINE_MAX];
    enum exit_status captured = pcap_report(scan);
    summary.exit_status = captured != EXIT_DONE ? captured : summary.exit_status;
    bool records_lost = storage_lost(&scan->shared, &scan->output, lost);
    if (records_lost) {
        if (!scan->output.is_pipe || scan->supervisor.failure[0] == '\0') // which has said so
            fprintf(stderr, "sonde: %s\n", lost);
        summary.exit_status = EXIT_FAILED;
        summary.lost = lost;
    }
    if (atomic_load(&scan->shared.up->phase) != CHANNEL_STARTING)
        output_settle(&scan->output);
    int error = checkpointer_stop(&scan->checkpointer, scan->supervisor.ending == ENDING_COMPLETE && !records_lost);
    if (scan->output.fresh && !scan->output.begun) {
        if (scan->output.aside != 0)
            fprintf(stderr, "sonde: %s: the results of the earlier scan are as they were\n", scan->output.folder);
        return summary.exit_status; // the scan has not begun: nothing of it stays
    }
    json_t *json = summary_json(&summary);
    if (error == 0)
        error = json == NULL ? -ENOMEM : output_write_summary(&scan->output, json);
    if (error == 0)
        error = output_sync(&scan->output);
    if (error != 0) {
        fprintf(stderr, "sonde: %s: %s\n", scan->output.folder != NULL ? scan->output.folder : "summary",
                strerror(-error));
        summary.exit_status = EXIT_FAILED;
    }
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/records.jsonl", scan->output.folder != NULL ? scan->output.folder : "");
    if (scan_given(scan, SCAN_JSON) && json != NULL) {
        json_t *line = json_pack("{s:O}", "summary", json);
        json_dumpf(line, stderr, JSON_COMPACT | JSON_PRESERVE_ORDER);
        fputc('\n', stderr);
        json_decref(line);
    } else if (!scan_given(scan, SCAN_QUIET)) {
        summary_print(&summary, scan->output.folder != NULL ? path : NULL, stderr);
    }
    json_decref(json);
    if (scan->whole != NULL && scan->output.folder != NULL && !scan_given(scan, SCAN_QUIET) &&
        !scan_given(scan, SCAN_JSON))
        found_report(scan);
    enum exit_status exported = scan_export_finish(scan);
    return exported != EXIT_DONE ? exported : summary.exit_status;
}
