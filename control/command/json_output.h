// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The end of a subcommand that prints: JSON in one style, and an exit status that tells when standard output was full
// or gone.

#include <jansson.h>
#include <stdio.h>

#include "control/command/options.h"

// Prints value, indented and in ASCII, with a newline, and releases it. Returns 0, or -ENOMEM when value is NULL or
// does not fit.
int json_print(json_t *value, FILE *out);

// Flushes standard output. EXIT_DONE, or EXIT_FAILED after one line on standard error when error is not 0 or the output
// could not be written.
enum exit_status output_finish(int error);
