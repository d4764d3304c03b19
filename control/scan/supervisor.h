// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Runs one scan: starts sonde-dataplane and sonde-control, keeps the heartbeat, restarts control when it dies or hangs,
// carries out interrupts and limits, shows progress, and ends both in order. One scan at a time, main thread.

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/scan/children.h"
#include "control/scan/claim.h"
#include "control/scan/outage.h"
#include "control/scan/output.h"
#include "control/scan/progress.h"
#include "control/scan/relay.h"
#include "control/scan/runtime.h"
#include "control/scan/shared.h"
#include "control/scan/storage.h"
#include "dataplane/channel/pulse.h"

// Why a scan ended. X(enumerator, name in summary.json)
#define SCAN_ENDINGS(X)                                                                                                \
    X(ENDING_FAILED, "failed")                                                                                         \
    X(ENDING_COMPLETE, "complete")                                                                                     \
    X(ENDING_INTERRUPTED, "interrupted")                                                                               \
    X(ENDING_MAX_RESULTS, "max_results")                                                                               \
    X(ENDING_MAX_RUNTIME, "max_runtime")

enum scan_ending {
#define X(enumerator, name) enumerator,
    SCAN_ENDINGS(X)
#undef X
        ENDING_COUNT
};
extern const char *const scan_ending_names[ENDING_COUNT];

enum { SUPERVISOR_TICK_US = 50000 };

struct supervisor_settings {
    const struct plan *plan;
    const struct shared *shared;
    struct output *output;   // NULL: no control (a dry run)
    struct runtime *runtime; // DPDK's folder, removed as soon as it runs
    const char *interface;   // that the port sends through, for messages
    struct claim *claim;     // of address and ports; NULL = none was needed
    char dataplane_path[PATH_MAX];
    char control_path[PATH_MAX];
    int capture_fd;   // of a dry run, else -1
    int trace_fd;     // frames for a capture file, of the dataplane; -1 = none are kept
    int answered_fd;  // what has answered already, of a scan that is resumed; -1 = it begins
    int intel_fd;     // what feeds know, for control; -1 = nothing
    uint64_t tick_us; // between two looks at the children: SUPERVISOR_TICK_US, but for tests
    bool quiet;
    bool json;
};

struct supervisor {
    const struct supervisor_settings *settings;
    struct child dataplane;
    struct child control;
    struct relay control_errors; // what it says
    struct relay dataplane_errors;
    const char *phase; // that was told last, NULL = none
    struct pulse dataplane_pulse;
    struct pulse control_pulse;
    struct progress_source progress;
    struct storage storage;
    struct outage outage;
    int signal_fd;
    uint32_t control_starts;
    uint32_t fruitless; // deaths of control in a row of which nothing came
    uint64_t fruits;    // what had come of it by the last death of which something did
    bool control_done;
    bool control_abandoned; // it was told to record what is open and end
    bool exit_ordered;
    bool channel_killed;
    bool sweeping; // has been seen
    uint32_t interrupts;
    uint64_t start_ns;
    uint64_t start_control_ns; // the last start
    uint64_t abandon_ns;       // when conversations that are still open are given up; 0 = never
    uint64_t kill_ns;          // when what has not ended by itself is killed; 0 = not yet
    uint64_t progress_ns;      // next line
    enum scan_ending ending;   // ENDING_COMPLETE until something else is known
    char failure[640];         // "" or the line that says why
};

// Runs until both have ended. Errors are told on standard error as they happen and kept in `failure`. Blocks SIGINT,
// SIGTERM, SIGHUP and SIGCHLD for the calling thread and leaves them blocked.
void supervisor_run(struct supervisor *supervisor, const struct supervisor_settings *settings);
