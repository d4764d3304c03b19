// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The runs of every part, as tables or as one JSON object.

#include <stdint.h>

#include "tools/bench/bench.h"

enum { REPORT_PARTS_MAX = 16 };

struct report_part {
    const char *name;
    unsigned runs;
    struct bench_outcome first; // names, units and bars
    double values[FIGURES_MAX][RUNS_MAX];
};

struct report {
    char cpu[96];
    uint64_t tsc_hz;
    const char *kernels;
    unsigned cpus;
    unsigned part_count;
    struct report_part parts[REPORT_PARTS_MAX];
};

// Finds out what machine this is.
void report_init(struct report *report);

// The next part, which report_add gives its runs.
struct report_part *report_part(struct report *report, const char *name);
void report_add(struct report_part *part, const struct bench_outcome *outcome);

void report_print_machine(const struct report *report);
void report_print_part(struct report_part *part);
void report_print_json(struct report *report);
