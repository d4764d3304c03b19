// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// sonde-bench: parts that measure, each in child processes of its own because EAL starts once a process only. A part
// fills an outcome with named figures; several runs of a part become medians.

#include <stdbool.h>
#include <stdint.h>

enum { FIGURES_MAX = 64, RUNS_MAX = 32, RATES_MAX = 16 };

struct bench_options {
    const char *plan;       // a plan file in place of the synthetic cloud; NULL = none
    const char *population; // of the study
    double seconds;         // of each measurement
    unsigned runs;          // 0 = the part's own number
    double rates[RATES_MAX];
    unsigned rate_count; // 0 = the default ones
    bool quick;
    bool json;
};

struct figure {
    char name[40]; // also the JSON key
    char unit[12];
    double value;
    double bar; // at least this much is wanted; 0 = no bar
};

// In memory that parent and child share.
struct bench_outcome {
    uint32_t figure_count;
    struct figure figures[FIGURES_MAX];
    char error[256]; // not empty: something was wrong, which is worse than slow
    char note[480];  // what the figures mean, for the reader of the table
};

struct bench_part {
    const char *name;
    const char *help;
    unsigned runs; // when not told otherwise
    bool by_name;  // too much for whoever names no part
    void (*run)(const struct bench_options *options, struct bench_outcome *outcome);
};

extern const struct bench_part part_generate, part_classify, part_loop, part_study, part_order, part_pacing,
    part_converse, part_records, part_feeds, part_report;

// Appends a figure; beyond FIGURES_MAX is an error of the part.
void outcome_add(struct bench_outcome *outcome, const char *name, const char *unit, double value, double bar);

// Keeps the first error only.
void outcome_fail(struct bench_outcome *outcome, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Replaces the note.
void outcome_note(struct bench_outcome *outcome, const char *format, ...) __attribute__((format(printf, 2, 3)));

// The folder of catalogues: the source tree's, else the installed one.
const char *bench_catalogues(void);

// The median of values, which are sorted in place; 0 for none.
double median_of(double *values, unsigned count);
