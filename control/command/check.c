// SPDX-License-Identifier: BSD-3-Clause
// sonde check: validates a plan and prints what a scan would send, before anything is sent.
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "control/scan/check_json.h"
#include "config/figures.h"
#include "control/command/json_output.h"
#include "control/command/line.h"
#include "control/command/planfile.h"
#include "control/command/subcommands.h"
#include "control/report/columns.h"
#include "probes/address.h"

enum { CHECK_JSON, CHECK_CONFIG };

static const struct option_row check_options[] = {
    [CHECK_JSON] = {"json", NULL, "print one JSON object instead of text"},
    [CHECK_CONFIG] = {"config", "DIR", PLANFILE_CONFIG_HELP},
    LINE_OPTIONS,
};

// The first ports, and how many more there are.
static const char *ports_text(const uint16_t *ports, size_t count, char *text, size_t capacity)
{
    enum { SHOWN = 12 };
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count && i < SHOWN && length < capacity; i++)
        length += (size_t)snprintf(text + length, capacity - length, "%s%u", i > 0 ? ", " : "", ports[i]);
    if (count > SHOWN && length < capacity)
        snprintf(text + length, capacity - length, " and %zu more", count - SHOWN);
    return text;
}

static void addresses_describe(const struct plan *plan, struct columns *columns)
{
    char number[FIGURE_MAX];
    char line[512];
    char ports[256];
    const struct plan_summary *summary = &plan->summary;
    columns_add(columns, (const char *[]){"addresses", figure_count(summary->addresses, number)});
    snprintf(line, sizeof(line), "%u: %s", plan->port_count,
             ports_text(plan->ports, plan->port_count, ports, sizeof(ports)));
    columns_add(columns, (const char *[]){"ports", line});
    columns_add(columns, (const char *[]){"positions", figure_count(summary->positions, number)});
    if (summary->pairs != summary->positions)
        columns_add(columns, (const char *[]){"pairs asked", figure_count(summary->pairs, number)});
    if (summary->swept != summary->positions)
        columns_add(columns, (const char *[]){"in this sample or shard", figure_count(summary->swept, number)});
    if (plan->decoy_count > 0) {
        snprintf(line, sizeof(line), "%s (asked only of hosts that answered)",
                 ports_text(plan->decoys, plan->decoy_count, ports, sizeof(ports)));
        columns_add(columns, (const char *[]){"decoys", line});
    }
}

static void traffic_describe(const struct plan *plan, struct columns *columns)
{
    char a[FIGURE_MAX];
    char b[FIGURE_MAX];
    char c[FIGURE_MAX];
    char line[512];
    const struct plan_summary *summary = &plan->summary;
    snprintf(line, sizeof(line), "%s in an attempt, %s in all (%u attempt%s)",
             figure_count(summary->probes / plan->attempts, a), figure_count(summary->probes, b), plan->attempts,
             plan->attempts == 1 ? "" : "s");
    columns_add(columns, (const char *[]){"probes", line});
    snprintf(line, sizeof(line), "%s, %u bytes a probe",
             figure_scaled((double)summary->probes * summary->probe_bytes, "B", a), summary->probe_bytes);
    columns_add(columns, (const char *[]){"on the wire", line});
    snprintf(line, sizeof(line), "%s, %s", figure_scaled(summary->rate_pps, "pps", a),
             figure_scaled(summary->rate_pps * summary->probe_bytes * 8, "bit/s", b));
    if (summary->rate_pps < summary->rate_asked_pps)
        snprintf(line + strlen(line), sizeof(line) - strlen(line), " (%s asked)",
                 figure_scaled(summary->rate_asked_pps, "pps", c));
    columns_add(columns, (const char *[]){"rate", line});
    char crowded[ADDRESS_TEXT_MAX];
    snprintf(line, sizeof(line), "%s/24 with %u targets, which allows %s",
             address_text(summary->crowded_network, crowded), summary->crowded_addresses,
             figure_scaled(summary->crowded_rate_pps, "pps", a));
    columns_add(columns, (const char *[]){"most crowded network", line});
}

static void time_describe(const struct plan *plan, struct columns *columns)
{
    static const char *const modes[] = {[CONVERSE_NONE] = "none", [CONVERSE_NOW] = "now", [CONVERSE_LATER] = "later"};
    char a[FIGURE_MAX];
    char b[FIGURE_MAX];
    char line[256];
    const struct plan_summary *summary = &plan->summary;
    columns_add(columns, (const char *[]){"sweep", figure_duration(summary->sweep_seconds, a)});
    if (plan->converse == CONVERSE_NONE) {
        columns_add(columns, (const char *[]){"conversations", "none"});
    } else {
        snprintf(line, sizeof(line), "%s (%s), if %.3g %% answer: %s frames/s, %s open at once",
                 figure_duration(summary->conversation_seconds, a), modes[plan->converse],
                 summary->assumed_hit_rate * 100, figure_scaled(plan->converse_rate_pps, "", b),
                 figure_count(plan->max_open, (char[FIGURE_MAX]){0}));
        columns_add(columns, (const char *[]){"conversations", line});
    }
    // Conversations held at once with the sweep overlap it; those held later follow it.
    double all = plan->converse == CONVERSE_NOW
                     ? (summary->sweep_seconds > summary->conversation_seconds ? summary->sweep_seconds
                                                                               : summary->conversation_seconds)
                     : summary->sweep_seconds + (plan->converse == CONVERSE_LATER ? summary->conversation_seconds : 0);
    columns_add(columns, (const char *[]){"in all about", figure_duration(all, a)});
    if (plan->contact[0] != '\0')
        columns_add(columns, (const char *[]){"contact", plan->contact});
}

static int exclusions_print(const struct plan *plan)
{
    struct columns columns;
    char number[FIGURE_MAX];
    columns_init(&columns, 3, 1U << 2);
    for (size_t i = 0; i < plan->exclusion_count; i++)
        columns_add(&columns, (const char *[]){plan->exclusions[i].source, plan->exclusions[i].what,
                                               figure_count(plan->exclusions[i].addresses, number)});
    printf("\nexcluded, addresses taken from what those before had left%s\n", columns.rows == 0 ? ": nothing" : "");
    int error = columns_print(&columns, 2, stdout);
    columns_fini(&columns);
    if (plan->exclusions_missing != NULL)
        printf("  no site exclusions: %s does not exist\n", plan->exclusions_missing);
    return error;
}

static int inputs_print(const struct plan *plan)
{
    struct columns columns;
    columns_init(&columns, 2, 0);
    for (size_t i = 0; i < plan->input_count; i++)
        columns_add(&columns, (const char *[]){plan->inputs[i].sha256, plan->inputs[i].path});
    printf("\nread, with SHA-256\n");
    int error = columns_print(&columns, 2, stdout);
    columns_fini(&columns);
    return error;
}

static int check_print(const struct plan *plan)
{
    struct columns columns;
    columns_init(&columns, 2, 0);
    addresses_describe(plan, &columns);
    traffic_describe(plan, &columns);
    time_describe(plan, &columns);
    int error = columns_print(&columns, 0, stdout);
    columns_fini(&columns);
    if (error == 0)
        error = exclusions_print(plan);
    if (error == 0)
        error = inputs_print(plan);
    for (size_t i = 0; i < plan->note_count; i++)
        printf("%snote: %s\n", i == 0 ? "\n" : "", plan->notes[i]);
    return error;
}

static enum exit_status check_run(const struct invocation *invocation)
{
    struct plan *plan = NULL;
    enum exit_status status = planfile_load(invocation, PLAN_NEED_TARGETS, &plan, NULL);
    if (status != EXIT_DONE)
        return status;
    int error = invocation->values[CHECK_JSON] != NULL ? json_print(check_json(plan), stdout) : check_print(plan);
    plan_free(plan);
    return output_finish(error);
}

const struct subcommand subcommand_check = {
    .name = "check",
    .operands = LINE_OPERANDS,
    .summary = "validate a plan and print what a scan would send",
    .options = check_options,
    .option_count = sizeof(check_options) / sizeof(check_options[0]),
    .keys = plan_keys,
    .operands_max = INT_MAX,
    .run = check_run,
};
