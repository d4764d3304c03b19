// SPDX-License-Identifier: BSD-3-Clause
// sonde targets: how many addresses a plan's targets have, by provider and cloud service, each counted once.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "config/figures.h"
#include "control/command/json_output.h"
#include "control/command/line.h"
#include "control/command/planfile.h"
#include "control/command/subcommands.h"
#include "control/report/columns.h"
#include "control/scan/check_json.h"

enum { TARGETS_JSON };

static const struct option_row targets_options[] = {
    [TARGETS_JSON] = {"json", NULL, "print one JSON object instead of a table"},
    LINE_OPTIONS,
};

static const char *provider_title(const struct plan_count *count)
{
    return count->provider[0] != '\0' ? count->provider : "(no provider)";
}

static int targets_print(const struct plan *plan)
{
    struct columns columns;
    columns_init(&columns, 4, 1U << 2 | 1U << 3);
    columns_add(&columns, (const char *[]){"provider", "cloud service", "addresses", "counted once"});
    char addresses[FIGURE_MAX];
    char attributed[FIGURE_MAX];
    for (size_t i = 0; i < plan->count_count; i++) {
        const struct plan_count *count = &plan->counts[i];
        columns_add(&columns, (const char *[]){
                                  count->service[0] == '\0' ? provider_title(count) : "",
                                  count->service,
                                  figure_count(count->addresses, addresses),
                                  figure_count(count->attributed, attributed),
                              });
    }
    figure_count(plan->summary.addresses, addresses);
    columns_add(&columns, (const char *[]){"all", "", addresses, addresses});
    int error = columns_print(&columns, 0, stdout);
    columns_fini(&columns);
    return error;
}

static enum exit_status targets_run(const struct invocation *invocation)
{
    struct plan *plan = NULL;
    enum exit_status status = planfile_load(invocation, PLAN_NEED_TARGETS, &plan, NULL);
    if (status != EXIT_DONE)
        return status;
    int error =
        invocation->values[TARGETS_JSON] != NULL ? json_print(check_json_targets(plan), stdout) : targets_print(plan);
    plan_free(plan);
    return output_finish(error);
}

const struct subcommand subcommand_targets = {
    .name = "targets",
    .operands = LINE_OPERANDS,
    .summary = "print a plan's addresses per provider and cloud service, overlapping prefixes counted once",
    .options = targets_options,
    .option_count = sizeof(targets_options) / sizeof(targets_options[0]),
    .keys = plan_keys,
    .operands_max = INT_MAX,
    .run = targets_run,
};
