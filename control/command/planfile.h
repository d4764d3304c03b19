// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Loads the plan that a subcommand was given and prints the one line that says what is wrong with it.

#include "config/plan.h"
#include "control/command/options.h"

// Loads operands[0]. Returns EXIT_DONE with a plan for plan_free, else the exit status after a line on standard error.
enum exit_status planfile_load(const struct invocation *invocation, enum plan_need need, struct plan **ret_plan);
