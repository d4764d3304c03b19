// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What is scanned in a bench: the targets and ports of a plan file, or a synthetic set in the shape of the files that
// AWS, Azure and Google publish.

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "config/intervals.h"
#include "config/image/targets.h"
#include "config/targets_build.h"
#include "tools/bench/bench.h"

struct ground {
    struct targets_storage targets;
    uint16_t *ports; // ascending
    uint32_t port_count;
    double compile_ms; // what targets_build took
};

// The eight ports of the study.
extern const uint16_t ground_ports[8];

// The synthetic cloud x eight ports: 45,111 prefixes, of which 12,645 are not inside another one, 157,608,694
// addresses; as many prefixes of each length as the three providers' files of July 2025 hold, at made-up places.
// Returns 0 or -errno.
int ground_cloud(struct ground *ret_ground);

// The plan of the options, or else the synthetic cloud. False after telling the outcome why not.
bool ground_of(const struct bench_options *options, struct ground *ret_ground, struct bench_outcome *outcome);

// The folder of the catalogues, in a build tree or where they were installed.
void ground_catalogues(char ret_path[static PATH_MAX]);

// Intervals x ports. Returns 0 or -errno.
int ground_init(const struct interval_set *intervals, const uint16_t *ports, uint32_t port_count,
                struct ground *ret_ground);
void ground_fini(struct ground *ground);

// The synthetic cloud's prefixes, unmerged: 45,111 of them. Returns 0 or -ENOMEM; release with interval_set_fini.
int ground_cloud_prefixes(struct interval_set *ret_prefixes);
