// SPDX-License-Identifier: BSD-3-Clause
// sonde doctor: what this machine offers a scan, of a plan if one is named, and what to do about what is missing.
#include <limits.h>
#include <stdio.h>

#include "control/command/doctor_machine.h"
#include "control/command/doctor_plan.h"
#include "control/command/json_output.h"
#include "control/command/line.h"
#include "control/command/planfile.h"
#include "control/command/subcommands.h"

enum { DOCTOR_JSON, DOCTOR_FEEDS, DOCTOR_CONFIG };

static const struct option_row doctor_options[] = {
    [DOCTOR_JSON] = {"json", NULL, "print one JSON object instead of text"},
    [DOCTOR_FEEDS] = {"feeds", "DIR", "folder of feeds, where the plan's ranges are theirs"},
    [DOCTOR_CONFIG] = {"config", "DIR", PLANFILE_CONFIG_HELP},
    LINE_OPTIONS,
};

static bool names_plan(const struct invocation *invocation)
{
    for (size_t i = 0; i < invocation->given_count; i++)
        if (invocation->given[i].row == NULL || invocation->given[i].row >= &doctor_options[DOCTOR_CONFIG + 1])
            return true;
    return invocation->operand_count > 0;
}

static void plan_examine(const struct invocation *invocation, struct examination *examination)
{
    struct plan *plan = NULL;
    if (planfile_load(invocation, PLAN_NEED_SCAN, &plan, NULL) != EXIT_DONE) {
        examination_add(examination, HEALTH_STOP, "plan", "mend it; sonde help plan has every key",
                        "cannot be used; standard error has the line that says why");
        return;
    }
    doctor_plan(examination, plan, plan->output);
    plan_free(plan);
}

static enum exit_status doctor_run(const struct invocation *invocation)
{
    bool json = invocation->values[DOCTOR_JSON] != NULL;
    struct examination examination = {.rows = json ? json_array() : NULL};
    int error = 0;
    doctor_machine(&examination, invocation->program);
    if (names_plan(invocation))
        plan_examine(invocation, &examination);
    if (json)
        error = json_print(examination_json(&examination), stdout);
    else if (examination.stops > 0)
        printf("\n%zu of these would stop a scan.\n", examination.stops);
    enum exit_status status = output_finish(error);
    return status == EXIT_DONE && examination.stops > 0 ? EXIT_FAILED : status;
}

const struct subcommand subcommand_doctor = {
    .name = "doctor",
    .operands = LINE_OPERANDS,
    .summary = "say what a scan on this machine would lack, and what would stop it or keep it from finding anything",
    .options = doctor_options,
    .option_count = sizeof(doctor_options) / sizeof(doctor_options[0]),
    .keys = plan_keys,
    .operands_max = INT_MAX,
    .run = doctor_run,
};
