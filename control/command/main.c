// SPDX-License-Identifier: BSD-3-Clause
// sonde: the command that people type. Finds the subcommand, reads its options, runs it.
#include <stdio.h>
#include <string.h>

#include "config/plan/plan.h"
#include "control/command/subcommands.h"
#include "sonde_build.h"

static void usage_print(FILE *out)
{
    fprintf(out, "usage: sonde SUBCOMMAND [OPTION]... [ARGUMENT]...\n\n");
    for (size_t i = 0; subcommands[i] != NULL; i++)
        fprintf(out, "  %-10s %s\n", subcommands[i]->name, subcommands[i]->summary);
    fprintf(out, "  %-10s %s\n\nsonde --version prints the version. The manual is sonde(1).\n", "help",
            "print what a subcommand does, or every key of a plan: sonde help SUBCOMMAND, sonde help plan");
}

static enum exit_status help_run(int argc, char **argv)
{
    if (argc < 3) {
        usage_print(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[2], "plan") == 0) {
        keys_print_help(stdout, plan_keys, "");
        return EXIT_DONE;
    }
    const struct subcommand *subcommand = subcommand_find(argv[2]);
    if (subcommand == NULL) {
        fprintf(stderr, "sonde: help: there is no subcommand \"%s\" (see sonde help)\n", argv[2]);
        return EXIT_USAGE;
    }
    options_print_help(subcommand, stdout);
    return EXIT_DONE;
}

static enum exit_status subcommand_run(const struct subcommand *subcommand, int argc, char **argv)
{
    struct invocation invocation;
    char message[256];
    int code = options_parse(subcommand, argc - 1, argv + 1, &invocation, message);
    if (code < 0) {
        fprintf(stderr, "sonde: %s\n", message);
        return EXIT_USAGE;
    }
    if (code > 0) {
        options_print_help(subcommand, stdout);
        return EXIT_DONE;
    }
    invocation.program = argv[0];
    return subcommand->run(&invocation);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage_print(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("sonde %s\n", SONDE_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return (int)help_run(argc, argv);
    const struct subcommand *subcommand = subcommand_find(argv[1]);
    if (subcommand == NULL) {
        fprintf(stderr, "sonde: there is no subcommand \"%s\" (see sonde help)\n", argv[1]);
        return EXIT_USAGE;
    }
    return (int)subcommand_run(subcommand, argc, argv);
}
