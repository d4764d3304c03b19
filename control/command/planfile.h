// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Loads the plan that a subcommand was given, finds the catalogues, and prints the one line that says what is wrong
// with them.

#include <limits.h>

#include "config/catalogue_files.h"
#include "config/plan/plan.h"
#include "control/command/options.h"
#include "control/scan/checkpoint.h"
#include "control/scan/output.h"

// Writes the folder of the catalogues. program is argv[0] of sonde. Returns EXIT_DONE, else the exit status after a
// line on standard error.
enum exit_status planfile_catalogues(const char *program, char ret_folder[static PATH_MAX]);

// The same, with the site's folder: --config where the subcommand has it, else $SONDE_CONFIG, else
// CATALOGUE_SITE_FOLDER. Its texts are folder, and those of the command line and the environment. invocation may be
// NULL.
#define PLANFILE_CONFIG_HELP                                                                                           \
    "folder of the site's findings.d and products.d ($SONDE_CONFIG, else " CATALOGUE_SITE_FOLDER ")"
enum exit_status planfile_places(const char *program, const struct invocation *invocation,
                                 struct catalogue_places *ret_places, char folder[static PATH_MAX]);

// Loads what operands and options mean (control/command/line.h). For PLAN_NEED_SCAN a line that names no device gets
// the interface by which the kernel sends to the first target, and says so unless --quiet. *ret_whole (ret_whole may be
// NULL) becomes that plan as a whole for json_decref, and stays as it is for a plan file alone without --print-plan.
// Returns EXIT_DONE with a plan for plan_free, else the exit status after a line on standard error.
enum exit_status planfile_load(const struct invocation *invocation, enum plan_need need, struct plan **ret_plan,
                               json_t **ret_whole);

// For a scan that goes on: reads the folder's checkpoint and loads its plan again, or the one at `path` (NULL = the
// checkpoint's). Refuses a complete scan and a plan that would give its positions another meaning. EXIT_DONE with a
// plan for plan_free, else the exit status after a line on standard error.
enum exit_status planfile_resume(const struct invocation *invocation, const struct output *output, const char *path,
                                 struct checkpoint *ret_checkpoint, struct plan **ret_plan);

// For who wants to know what a scan has asked: reads the folder's checkpoint and loads its plan again. Prints nothing.
// Returns 0 and a plan for plan_free, or -errno with a line in message: -ENOTDIR for what is no folder, -ENOENT where
// there is no checkpoint, -ESTALE where the plan no longer is what it was.
int planfile_scanned(const struct invocation *invocation, const char *folder, struct checkpoint *ret_checkpoint,
                     struct plan **ret_plan, char message[static 512]);
