// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The simnet command's options and subcommands.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/simnet/population.h"
#include "tools/simnet/world.h"

enum { COMMAND_PORTS_MAX = 1024 };

struct command_options {
    const char *path; // the population; NULL when none was named
    double scale;     // 0 = 1
    uint32_t base;    // 0 = the file's
    const char *weather;
    const char *network; // only this one; NULL = all
    const char *vdev;
    double seconds; // 0 = until SIGTERM
    uint32_t memory_mb;
    uint32_t buffers;
    uint32_t lcore;
    bool lcore_given;
    bool json;
    bool list;
    bool records;
    uint16_t ports[COMMAND_PORTS_MAX];
    size_t port_count; // 0 = the population's
};

// Reads argv[1..argc). Returns 0, or -EINVAL after saying on stderr what is wrong.
int command_parse(int argc, char **argv, struct command_options *ret_options);
void command_print_options(FILE *out);

// Loads what the options name; says on stderr what is wrong. Returns 0 or -errno.
int command_load(const struct command_options *options, struct population *ret_population, struct world **ret_world);

// The subcommands return the exit status: 0, 1 for trouble, 2 for a bad population or option.
int command_truth(const struct command_options *options);
int command_targets(const struct command_options *options);
int command_run(const struct command_options *options);
int command_keys(const struct command_options *options);
