// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the files of `sonde scan` share: one scan, from its preparation to its report.

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "control/command/exporting.h"
#include "control/command/options.h"
#include "control/command/planfile.h"
#include "control/scan/capture.h"
#include "control/scan/checkpointer.h"
#include "control/scan/claim.h"
#include "control/scan/eal.h"
#include "control/scan/kernel_guard.h"
#include "control/scan/output.h"
#include "control/scan/pcap.h"
#include "control/scan/shared.h"
#include "control/scan/source.h"
#include "control/scan/supervisor.h"

enum {
    SCAN_QUIET,
    SCAN_JSON,
    SCAN_DRY_RUN,
    SCAN_FORMAT,
    SCAN_FIELDS,
    SCAN_FILTER,
    SCAN_PCAP,
    SCAN_PCAP_LIMIT,
    SCAN_OUTPUT,
    SCAN_FORCE,
    SCAN_RESUME,
    SCAN_FEEDS,
    SCAN_CONFIG,
    SCAN_PRINT_PLAN,
    SCAN_VERBOSE,
    SCAN_LOG,
    SCAN_WATCH,
    SCAN_ROUNDS,
    SCAN_NEWS,
    SCAN_ON_NEWS,
    SCAN_WEBHOOK
};

// What --format, --fields and --filter make of the records.
struct scan_export {
    struct exporting *exporting; // NULL: nothing was asked for
    FILE *out;                   // what standard output was; NULL: a file in the folder
    int read_fd;                 // of the records
    pthread_t thread;
    bool running;
    enum exit_status status; // of the thread
};
#define SCAN_EXPORT_NONE                                                                                               \
    (struct scan_export)                                                                                               \
    {                                                                                                                  \
        .read_fd = -1                                                                                                  \
    }

// One scan from preparation to report. What was not prepared yet is all zero, or -1 for descriptors.
struct scan {
    const struct invocation *invocation;
    struct plan *plan;
    json_t *whole; // the plan of a command line, NULL for a plan file's own
    char id[40];
    char default_output[64];
    const char *dry_run; // pcap file, or NULL
    struct capture capture;
    struct pcap pcap;
    struct scan_export export;
    struct runtime dpdk;
    struct eal eal;
    struct source source;
    struct plan_runtime runtime;
    struct output output;
    struct shared shared;
    struct claim *claim;
    struct kernel_guard *guard;
    struct supervisor_settings settings;
    struct supervisor supervisor;
    struct checkpoint checkpoint; // of a scan that is resumed
    struct checkpointer checkpointer;
    int answered_fd;
    int intel_fd;
    char intel[17]; // digest of that image, "" = none
};

// CLOCK_REALTIME in nanoseconds.
uint64_t scan_realtime(void);

// Whether an option of the command is there.
static inline bool scan_given(const struct scan *scan, int option)
{
    return scan->invocation->values[option] != NULL;
}

// A line on standard error. Returns status.
static inline enum exit_status scan_refuse(enum exit_status status, const char *message)
{
    fprintf(stderr, "sonde: %s\n", message);
    return status;
}

// Its id, and the folder that a scan without --output has.
void scan_name(struct scan *scan);

// The folder of feeds that is looked into.
const char *scan_feeds(const struct scan *scan);

// Everything that both programs need, in order; what was prepared is the scan's, also when a step is refused.
// ret_port_name is what the runtime calls DPDK's port by.
enum exit_status scan_prepare(struct scan *scan, char ret_port_name[static 64]);

// Where the records go: a folder, or "-".
static inline const char *scan_output(const struct scan *scan)
{
    if (scan_given(scan, SCAN_OUTPUT))
        return scan->invocation->values[SCAN_OUTPUT];
    return scan->plan->output[0] != '\0' ? scan->plan->output : scan->default_output;
}

// Reads the wish; where records go to standard output, its writer runs from here on. Before the output is opened.
enum exit_status scan_export_prepare(struct scan *scan);

// Once everything else is written: makes the file, or ends the writer.
enum exit_status scan_export_finish(struct scan *scan);
void scan_export_close(struct scan *scan);

// From here on a crash loses nothing: the first checkpoint stands before the first probe.
enum exit_status scan_checkpoint(struct scan *scan, uint64_t started_ns);

// What came of a dry run, and of a scan: summary.json, and the lines about it. A result that could not be made durable
// is a failure.
enum exit_status scan_report_dry_run(struct scan *scan);
enum exit_status scan_report(struct scan *scan, uint64_t started_ns);
