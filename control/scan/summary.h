// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a scan was and did: summary.json, and the few lines that end a scan on the terminal.

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "config/plan/plan.h"
#include "control/scan/eal.h"
#include "control/scan/exit_status.h"
#include "control/scan/source.h"
#include "control/scan/supervisor.h"

struct summary {
    const char *scan; // the scan's id
    const struct plan *plan;
    const struct plan_runtime *runtime;
    const struct source *source;
    const struct eal *eal;
    const struct shared *shared;
    const struct supervisor *supervisor;
    uint64_t started_ns; // CLOCK_REALTIME
    uint64_t ended_ns;
    uint64_t active_ns; // of all runs of a resumed scan together
    uint64_t resumes;
    enum exit_status exit_status;
    const char *lost; // the line about records that were not written, NULL = all were
};

// A new object with every counter, or NULL when out of memory. Both programs have ended.
json_t *summary_json(const struct summary *summary);

// The lines for people. records_path is NULL when there is no such file.
void summary_print(const struct summary *summary, const char *records_path, FILE *out);
