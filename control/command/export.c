// SPDX-License-Identifier: BSD-3-Clause
// sonde export: records for other programs, those and as much of them as are asked for.
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "control/command/exporting.h"
#include "control/command/json_output.h"
#include "control/command/subcommands.h"

enum { EXPORT_FORMAT, EXPORT_FIELDS, EXPORT_FILTER, EXPORT_OUTPUT, EXPORT_OPTIONS };

static const struct option_row export_options[EXPORT_OPTIONS] = {
    [EXPORT_FORMAT] = {"format", "NAME", EXPORTING_FORMAT_HELP, .values = EXPORTING_FORMATS},
    [EXPORT_FIELDS] = {"fields", "LIST", EXPORTING_FIELDS_HELP},
    [EXPORT_FILTER] = {"filter", "EXPRESSION", EXPORTING_FILTER_HELP},
    [EXPORT_OUTPUT] = {"output", "FILE", "write there instead of to standard output", 'o', NULL},
};

static enum exit_status refuse(enum exit_status status, const char *text)
{
    fprintf(stderr, "sonde: export: %s\n", text);
    return status;
}

static enum exit_status export_run(const struct invocation *invocation)
{
    const struct exporting_wish wish = {.command = "export",
                                        .program = invocation->program,
                                        .format = invocation->values[EXPORT_FORMAT],
                                        .fields = invocation->values[EXPORT_FIELDS],
                                        .filter = invocation->values[EXPORT_FILTER]};
    const char *path = invocation->values[EXPORT_OUTPUT];
    struct exporting *exporting = NULL;
    uint64_t read = 0;
    enum exit_status status = exporting_new(&wish, &exporting);
    if (status == EXIT_DONE && path == NULL && strcmp(exporting_format(exporting), "sqlite") == 0)
        status = refuse(EXIT_USAGE, "--format sqlite: give the file that becomes the database with --output FILE");
    if (status == EXIT_DONE)
        status = exporting_write(exporting, (const char *const *)invocation->operands,
                                 (size_t)invocation->operand_count, path, stdout, &read);
    exporting_free(exporting);
    if (status != EXIT_DONE)
        return status;
    if (read == 0)
        return refuse(EXIT_FAILED, "there is no record in what was given");
    return path != NULL ? EXIT_DONE : output_finish(0);
}

const struct subcommand subcommand_export = {
    .name = "export",
    .operands = "DIR|FILE...",
    .summary = "write records as JSON Lines, CSV, SQLite or nmap's XML, those and the fields that are asked for",
    .options = export_options,
    .option_count = EXPORT_OPTIONS,
    .operands_min = 1,
    .operands_max = INT_MAX,
    .run = export_run,
};
