// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

enum { OPTION_HELP = OPTIONS_MAX, OPTION_FIRST_VALUE = 256 };

// getopt_long's form of the table, with --help after the last row.
static void rows_convert(const struct subcommand *subcommand, struct option converted[static OPTIONS_MAX + 2])
{
    size_t count = subcommand->option_count;
    for (size_t i = 0; i < count; i++) {
        const struct option_row *row = &subcommand->options[i];
        converted[i] = (struct option){
            .name = row->name,
            .has_arg = row->argument != NULL ? required_argument : no_argument,
            .val = OPTION_FIRST_VALUE + (int)i,
        };
    }
    converted[count] = (struct option){.name = "help", .val = OPTION_FIRST_VALUE + OPTION_HELP};
    converted[count + 1] = (struct option){0};
}

static int operands_check(const struct subcommand *subcommand, int given, char message[static 256])
{
    if (given >= subcommand->operands_min && given <= subcommand->operands_max)
        return 0;
    if (subcommand->operands_max == 0)
        snprintf(message, 256, "%s: takes no argument", subcommand->name);
    else
        snprintf(message, 256, "%s: expected %s (see sonde help %s)", subcommand->name, subcommand->operands,
                 subcommand->name);
    return -EINVAL;
}

// What getopt_long refused: it leaves '?' for an unknown option and ':' for a missing argument, with the culprit behind
// optind.
static int refusal_describe(const struct subcommand *subcommand, int code, char **argv, char message[static 256])
{
    const char *culprit = argv[optind - 1];
    if (code == ':')
        snprintf(message, 256, "%s: %.64s needs an argument (see sonde help %s)", subcommand->name, culprit,
                 subcommand->name);
    else
        snprintf(message, 256, "%s: %.64s is not one of its options (see sonde help %s)", subcommand->name, culprit,
                 subcommand->name);
    return -EINVAL;
}

int options_parse(const struct subcommand *subcommand, int argc, char **argv, struct invocation *ret_invocation,
                  char message[static 256])
{
    struct invocation invocation = {.subcommand = subcommand};
    if (subcommand->passes_through) {
        invocation.operands = argv + 1;
        invocation.operand_count = argc - 1;
        *ret_invocation = invocation;
        return 0;
    }
    struct option converted[OPTIONS_MAX + 2];
    rows_convert(subcommand, converted);
    optind = 0; // GNU getopt: start afresh
    opterr = 0;
    int code;
    while ((code = getopt_long(argc, argv, ":", converted, NULL)) != -1) {
        if (code == OPTION_FIRST_VALUE + OPTION_HELP)
            return 1;
        if (code < OPTION_FIRST_VALUE)
            return refusal_describe(subcommand, code, argv, message);
        invocation.values[code - OPTION_FIRST_VALUE] = optarg != NULL ? optarg : "";
    }
    invocation.operands = argv + optind;
    invocation.operand_count = argc - optind;
    int error = operands_check(subcommand, invocation.operand_count, message);
    if (error != 0)
        return error;
    *ret_invocation = invocation;
    return 0;
}

const char *options_value(const struct invocation *invocation, const char *name)
{
    const struct subcommand *subcommand = invocation->subcommand;
    for (size_t i = 0; i < subcommand->option_count; i++)
        if (strcmp(subcommand->options[i].name, name) == 0)
            return invocation->values[i];
    return NULL;
}

static void row_print(const struct option_row *row, FILE *out)
{
    char left[64];
    snprintf(left, sizeof(left), "--%s%s%s", row->name, row->argument != NULL ? " " : "",
             row->argument != NULL ? row->argument : "");
    fprintf(out, "  %-22s %s\n", left, row->help);
}

void options_print_help(const struct subcommand *subcommand, FILE *out)
{
    const char *space = subcommand->operands[0] != '\0' ? " " : "";
    fprintf(out, "usage: sonde %s%s%s%s\n\n%s\n\n", subcommand->name, space, subcommand->operands,
            subcommand->option_count > 0 ? " [OPTION]..." : "", subcommand->summary);
    for (size_t i = 0; i < subcommand->option_count; i++)
        row_print(&subcommand->options[i], out);
    if (!subcommand->passes_through)
        row_print(&(struct option_row){.name = "help", .help = "print this and exit"}, out);
}
