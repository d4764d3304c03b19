// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The subcommands of `sonde` and their options: one const table each, from which the parser, `--help`, `sonde help` and
// the man page check are made. A subcommand that reads plans takes every key of a plan as an option besides
// (config/keys_line.h).

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/keys_line.h"
#include "control/scan/exit_status.h"

enum { OPTIONS_MAX = 40, OPTION_KEYS_MAX = 96, OPTIONS_GIVEN_MAX = 256 };

// Names that shells ask sonde for (sonde completion services).
#define COMPLETED_SERVICES "@services"
#define COMPLETED_FINDINGS "@findings"

struct option_row {
    const char *name;     // long option without its dashes
    const char *argument; // "FILE", or NULL for a switch
    const char *help;     // a phrase without a full stop
    char letter;          // the short option, '\0' = none
    const char *alias;    // another word for it, with its dash ("-iL"); NULL = none
    const char *values;   // what shells complete: words with blanks between, a COMPLETED_ name, or NULL
};

struct invocation;

struct subcommand {
    const char *name;
    const char *operands; // "PLAN", as --help prints it; "" for none
    const char *summary;  // a phrase without a full stop
    const struct option_row *options;
    size_t option_count;       // at most OPTIONS_MAX; every subcommand has --help besides
    const struct key *keys;    // a plan's, each an option where no row has its name; NULL = none
    const char *operand_words; // of the first operand, as `values` of a row; NULL = none
    int operands_min;
    int operands_max;
    bool passes_through; // its arguments belong to another program and are not read here
    enum exit_status (*run)(const struct invocation *invocation);
};

// One option as it was given: a row, or a key.
struct option_given {
    const struct option_row *row;
    const struct key_option *key;
    const char *value; // "" = a switch
};

// One use of a subcommand. Everything points into argv, but for the keys, which are good until the next parse.
struct invocation {
    const char *program;                 // argv[0] of sonde
    const struct subcommand *const *all; // every subcommand, NULL-terminated; main's
    const struct subcommand *subcommand;
    const char *values[OPTIONS_MAX];              // by row, the last one: NULL = not given, "" = a switch that was
    struct option_given given[OPTIONS_GIVEN_MAX]; // all of them, in order
    size_t given_count;
    char *const *operands; // NULL-terminated
    int operand_count;
};

// Reads argv (argv[0] is the subcommand's name) into *ret_invocation; may reorder argv. Returns 0, 1 when --help was
// asked for, or -EINVAL with one line in message. Not thread-safe (getopt_long).
int options_parse(const struct subcommand *subcommand, int argc, char **argv, struct invocation *ret_invocation,
                  char message[static 256]);

// The value of the option of that name; NULL when the subcommand has none such, or it was not given.
const char *options_value(const struct invocation *invocation, const char *name);

// The subcommand's keys that are options of it. Returns their number.
size_t options_keys(const struct subcommand *subcommand, struct key_option ret_keys[static OPTION_KEYS_MAX]);

// Prints what `sonde help NAME` and `sonde NAME --help` print.
void options_print_help(const struct subcommand *subcommand, FILE *out);
