// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a scan has decided before it begins, and why, for --verbose and --log.

#include <stdbool.h>

#include "config/plan/plan.h"
#include "control/scan/eal.h"
#include "control/scan/source.h"

struct scan_decisions {
    const struct plan *plan;
    const struct eal *eal;
    const struct source *source;
    const struct plan_runtime *runtime;
    const char *dataplane_path;
    const char *control_path; // "" = it is not needed
    const char *folder;       // of the results, NULL = standard output, or none
    const char *intel;        // folder of the feeds that are used, NULL = none
    bool guarded;             // the kernel is kept from answering
};

void scan_explain(const struct scan_decisions *decisions);
