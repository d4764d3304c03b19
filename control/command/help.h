// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// `sonde help`: what there is, what one subcommand does, and the topics; and the answer to a name that is neither.

#include <stdio.h>

#include "control/scan/exit_status.h"

// Every subcommand and topic, a line each.
void help_print_usage(FILE *out);

// `sonde help NAME`; name is NULL without one. program is argv[0] of sonde.
enum exit_status help_run(const char *program, const char *name);

// One line on standard error about a subcommand that does not exist, with its nearest neighbour. Returns EXIT_USAGE.
enum exit_status help_refuse(const char *name);
