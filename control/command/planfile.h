// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Loads the plan that a subcommand was given and prints the one line that says what is wrong with it.

#include "config/plan/plan.h"
#include "control/command/options.h"

// Loads operands[0]. Returns EXIT_DONE with a plan for plan_free, else the exit status after a line on standard error.
enum exit_status planfile_load(const struct invocation *invocation, enum plan_need need, struct plan **ret_plan);

// The plan of a scan that is resumed: from `path`, with the seed that the scan had where the plan names none.
enum exit_status planfile_load_again(const struct invocation *invocation, const char *path, uint64_t seed,
                                     struct plan **ret_plan);
