// SPDX-License-Identifier: BSD-3-Clause
// simnet: a synthetic internet on the command line. See usage below.

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/simnet/command.h"

static const struct {
    const char *name;
    const char *help;
    int (*run)(const struct command_options *options);
} COMMANDS[] = {
    {"truth", "print what a perfect scan finds", command_truth},
    {"targets", "print the networks' prefixes, one a line, for a plan", command_targets},
    {"run", "answer behind a DPDK virtual device until --seconds or SIGTERM", command_run},
    {"keys", "print what a population file may hold", command_keys},
};

static void print_usage(FILE *out)
{
    fprintf(out, "usage: simnet COMMAND POPULATION [options]\n\n");
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++)
        fprintf(out, "  %-10s%s\n", COMMANDS[i].name, COMMANDS[i].help);
    fprintf(out, "\n");
    command_print_options(out);
}

int main(int argc, char **argv)
{
    struct command_options options = {0};
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_usage(stdout);
        return 0;
    }
    for (size_t i = 0; argc >= 2 && i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        if (strcmp(argv[1], COMMANDS[i].name) != 0)
            continue;
        if (command_parse(argc - 1, argv + 1, &options) != 0)
            return 2;
        return COMMANDS[i].run(&options);
    }
    print_usage(stderr);
    return 2;
}
