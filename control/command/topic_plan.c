// SPDX-License-Identifier: BSD-3-Clause
// sonde help plan: every key of a plan.
#include "config/plan/plan.h"
#include "control/command/json_output.h"
#include "control/command/topics.h"

static enum exit_status plan_print(const char *program)
{
    (void)program;
    keys_print_help(stdout, plan_keys, "");
    return output_finish(0);
}

const struct topic topic_plan = {
    .name = "plan",
    .summary = "every key of a plan",
    .print = plan_print,
};
