// SPDX-License-Identifier: BSD-3-Clause
// sonde: the command that people type. Finds the subcommand, reads its options, runs it.
#include <stdio.h>
#include <string.h>

#include "control/command/help.h"
#include "control/command/subcommands.h"
#include "sonde_build.h"

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
    invocation.all = subcommands;
    return subcommand->run(&invocation);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help_print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("sonde %s\n", SONDE_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return (int)help_run(argv[0], argv[2]);
    const struct subcommand *subcommand = subcommand_find(argv[1]);
    if (subcommand == NULL)
        return (int)help_refuse(argv[1]);
    return (int)subcommand_run(subcommand, argc, argv);
}
