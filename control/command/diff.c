// SPDX-License-Identifier: BSD-3-Clause
// sonde diff: what changed between two scans.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "config/catalogue_load.h"
#include "config/printable.h"
#include "control/command/json_output.h"
#include "control/command/planfile.h"
#include "control/command/subcommands.h"
#include "control/record/records.h"
#include "control/report/diff.h"
#include "config/figures.h"

enum { DIFF_JSON, DIFF_FAIL_ON, DIFF_OPTIONS, VALUE_BYTES = 256, SHOWN_VALUES = 16, KINDS = DIFF_MOVED + 1 };

static const struct option_row diff_options[DIFF_OPTIONS] = {
    [DIFF_JSON] = {"json", NULL, "print one JSON object instead of lines"},
    [DIFF_FAIL_ON] = {"fail-on", "SEVERITY", "exit with 3 when there is a new finding of this severity or above"},
};

static const char *const severities[] = {"info", "low", "medium", "high", "critical"};
static const char *const kind_names[KINDS] = {"appeared", "disappeared", "changed", "moved"};

struct differing {
    const struct invocation *invocation;
    char folder[PATH_MAX]; // of the catalogues
    struct study study;
    struct facts *facts[2];
    struct records_tally tallies[2];
    struct diff diff;
    struct string_table strings;
    struct catalogue_storage findings;
    int least; // severity of --fail-on, -1 without
    uint64_t news;
    uint64_t counts[KINDS];
};

static enum exit_status refuse(enum exit_status status, const char *text)
{
    fprintf(stderr, "sonde: diff: %s\n", text);
    return status;
}

static enum exit_status severity_take(struct differing *differing)
{
    const char *wanted = differing->invocation->values[DIFF_FAIL_ON];
    differing->least = -1;
    for (int i = 0; wanted != NULL && i <= SEVERITY_CRITICAL; i++)
        if (strcmp(wanted, severities[i]) == 0)
            differing->least = i;
    return wanted == NULL || differing->least >= 0
               ? EXIT_DONE
               : refuse(EXIT_USAGE, "--fail-on: expected info, low, medium, high or critical");
}

static enum exit_status catalogues_open(struct differing *differing)
{
    struct complaint complaint = {""};
    struct catalogue_places places;
    const struct study_change change = {.file = "diff.json"};
    const struct catalogue_reading reading = {
        .places = &places, .storage = &differing->findings, .strings = &differing->strings};
    enum exit_status status =
        planfile_places(differing->invocation->program, differing->invocation, &places, differing->folder);
    if (status != EXIT_DONE)
        return status;
    int error = study_load(differing->folder, &change, &differing->study, &complaint);
    if (error == 0)
        error = string_table_init(&differing->strings);
    if (error == 0)
        error = catalogue_files_read(&reading, CATALOGUE_FINDINGS, &complaint);
    if (error == 0)
        return EXIT_DONE;
    return refuse(EXIT_FAILED, complaint.text[0] != '\0' ? complaint.text : strerror(-error));
}

static int record_take(void *context, const struct observation *observation, const struct records_place *place)
{
    (void)place;
    return facts_add(context, observation);
}

static enum exit_status scan_read(struct differing *differing, size_t which)
{
    char message[512];
    const char *path = differing->invocation->operands[which];
    differing->facts[which] = facts_new(&differing->study);
    if (differing->facts[which] == NULL)
        return refuse(EXIT_FAILED, strerror(errno));
    void *contexts[] = {differing->facts[which]};
    const struct records_reading reading = {
        .paths = &path, .path_count = 1, .take = record_take, .contexts = contexts, .threads = 1};
    int error = records_read(&reading, &differing->tallies[which], message);
    for (size_t i = 0; i < differing->tallies[which].complaint_count; i++)
        fprintf(stderr, "sonde: diff: %s; it is left out\n", differing->tallies[which].complaints[i]);
    if (error != 0)
        return refuse(EXIT_FAILED, message);
    if (differing->tallies[which].records > 0)
        return EXIT_DONE;
    (void)snprintf(message, sizeof(message), "%.400s: there is no record in it", path);
    return refuse(EXIT_FAILED, message);
}

static int severity_of(const struct differing *differing, const char *id, size_t length)
{
    for (size_t i = 0; i < differing->findings.finding_count; i++) {
        const char *name = differing->strings.bytes + differing->findings.findings[i].id;
        if (strlen(name) == length && memcmp(name, id, length) == 0)
            return (int)differing->findings.findings[i].severity;
    }
    return -1;
}

// Findings of a service that is new count as those of one that was there.
static void news_count(struct differing *differing, uint32_t value)
{
    size_t length;
    const char *id = facts_value(differing->facts[0], value, &length);
    int severity = severity_of(differing, id, length);
    if (differing->least >= 0 && severity >= differing->least)
        differing->news++;
}

static size_t findings_table(const struct study *study)
{
    size_t table = 0;
    while (table < study->table_count && strcmp(study->tables[table].id, "findings") != 0)
        table++;
    return table;
}

static void changes_count(struct differing *differing)
{
    size_t findings = findings_table(&differing->study);
    for (size_t i = 0; i < differing->diff.count; i++) {
        const struct diff_change *change = &differing->diff.changes[i];
        uint32_t values[SHOWN_VALUES * 16];
        differing->counts[change->kind]++;
        if (change->kind == DIFF_CHANGED && change->table == findings && change->added != 0)
            news_count(differing, change->added);
        if (change->kind != DIFF_APPEARED || findings == differing->study.table_count)
            continue;
        size_t count =
            diff_values(differing->facts[0], change->shape, findings, values, sizeof(values) / sizeof(values[0]));
        for (size_t v = 0; v < count; v++)
            news_count(differing, values[v]);
    }
}

// ---- For people
// -------------------------------------------------------------------------------------------------------

static const char *value_text(const struct differing *differing, uint32_t value, char ret_text[static VALUE_BYTES])
{
    char raw[VALUE_BYTES / PRINTABLE_GROWTH];
    size_t length;
    const char *bytes = facts_value(differing->facts[0], value, &length);
    (void)snprintf(raw, sizeof(raw), "%.*s", (int)(length < sizeof(raw) - 1 ? length : sizeof(raw) - 1), bytes);
    (void)printable(raw, ret_text, VALUE_BYTES);
    return ret_text;
}

// "ssh openssh 9.2": what a service is in short, its first tables' values.
static void service_print(const struct differing *differing, uint32_t shape)
{
    static const char *const shown[] = {"service", "product", "version", "findings"};
    for (size_t table = 0; table < differing->study.table_count; table++) {
        uint32_t values[SHOWN_VALUES];
        bool is_shown = false;
        for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
            is_shown = is_shown || strcmp(shown[i], differing->study.tables[table].id) == 0;
        size_t count = is_shown ? diff_values(differing->facts[0], shape, table, values, SHOWN_VALUES) : 0;
        for (size_t v = 0; v < count; v++) {
            char text[VALUE_BYTES];
            printf("%s%s", v == 0 ? " " : ", ", value_text(differing, values[v], text));
        }
    }
}

static void change_print(const struct differing *differing, const struct diff_change *change)
{
    char addresses[2][ADDRESS_TEXT_MAX];
    char texts[2][VALUE_BYTES];
    const char *title =
        change->table < differing->study.table_count ? differing->study.tables[change->table].title : "";
    printf("%s:%u ", address_text(change->address, addresses[0]), change->port);
    switch (change->kind) {
    case DIFF_APPEARED:
    case DIFF_DISAPPEARED:
        printf("%s:", kind_names[change->kind]);
        service_print(differing, change->shape);
        break;
    case DIFF_MOVED:
        printf("has the %s that %s had", title, address_text(change->other, addresses[1]));
        break;
    case DIFF_CHANGED:
        if (change->removed != 0 && change->added != 0)
            printf("%s: %s, was %s", title, value_text(differing, change->added, texts[0]),
                   value_text(differing, change->removed, texts[1]));
        else
            printf("%s: %s %s", title, change->added != 0 ? "+" : "-",
                   value_text(differing, change->added != 0 ? change->added : change->removed, texts[0]));
        break;
    }
    printf("\n");
}

static void differences_print(const struct differing *differing)
{
    char numbers[6][FIGURE_MAX];
    for (size_t i = 0; i < differing->diff.count; i++)
        change_print(differing, &differing->diff.changes[i]);
    printf("%s services before, %s now: %s appeared, %s disappeared, %s changes, %s moved\n",
           figure_count(differing->diff.services[0], numbers[0]), figure_count(differing->diff.services[1], numbers[1]),
           figure_count(differing->counts[DIFF_APPEARED], numbers[2]),
           figure_count(differing->counts[DIFF_DISAPPEARED], numbers[3]),
           figure_count(differing->counts[DIFF_CHANGED], numbers[4]),
           figure_count(differing->counts[DIFF_MOVED], numbers[5]));
    if (differing->least >= 0)
        printf("%s new findings of severity %s or above\n", figure_count(differing->news, numbers[0]),
               severities[differing->least]);
}

// ---- For programs
// -----------------------------------------------------------------------------------------------------

static json_t *value_json(const struct differing *differing, uint32_t value)
{
    size_t length;
    const char *bytes = facts_value(differing->facts[0], value, &length);
    json_t *text = json_stringn(bytes, length);
    return text != NULL ? text : json_string("");
}

static json_t *change_json(const struct differing *differing, const struct diff_change *change)
{
    char address[ADDRESS_TEXT_MAX];
    json_t *object = json_pack("{s:s,s:s,s:i}", "kind", kind_names[change->kind], "ip",
                               address_text(change->address, address), "port", change->port);
    if (change->kind == DIFF_CHANGED || change->kind == DIFF_MOVED)
        (void)json_object_set_new(object, "field", json_string(differing->study.tables[change->table].id));
    if (change->removed != 0)
        (void)json_object_set_new(object, "removed", value_json(differing, change->removed));
    if (change->added != 0)
        (void)json_object_set_new(object, "added", value_json(differing, change->added));
    if (change->kind == DIFF_MOVED)
        (void)json_object_set_new(object, "from", json_string(address_text(change->other, address)));
    return object;
}

static json_t *differences_json(const struct differing *differing)
{
    json_t *changes = json_array();
    for (size_t i = 0; i < differing->diff.count; i++)
        if (json_array_append_new(changes, change_json(differing, &differing->diff.changes[i])) != 0) {
            json_decref(changes);
            return NULL;
        }
    return json_pack("{s:I,s:I,s:I,s:o}", "before", (json_int_t)differing->diff.services[0], "now",
                     (json_int_t)differing->diff.services[1], "new_findings", (json_int_t)differing->news, "changes",
                     changes);
}

// ---- Everything
// -------------------------------------------------------------------------------------------------------

static enum exit_status scans_compare(struct differing *differing)
{
    size_t old_count = differing->facts[0]->count;
    int error = facts_merge(differing->facts[0], differing->facts[1]);
    if (error == 0)
        error = diff_make(differing->facts[0], old_count, &differing->diff);
    if (error != 0)
        return refuse(EXIT_FAILED, strerror(-error));
    changes_count(differing);
    if (differing->invocation->values[DIFF_JSON] != NULL)
        error = json_print(differences_json(differing), stdout);
    else
        differences_print(differing);
    enum exit_status status = output_finish(error);
    return status == EXIT_DONE && differing->news > 0 ? EXIT_NEWS : status;
}

static enum exit_status diff_run(const struct invocation *invocation)
{
    struct differing differing = {.invocation = invocation};
    enum exit_status status = severity_take(&differing);
    if (status == EXIT_DONE)
        status = catalogues_open(&differing);
    for (size_t i = 0; i < 2 && status == EXIT_DONE; i++)
        status = scan_read(&differing, i);
    if (status == EXIT_DONE)
        status = scans_compare(&differing);
    diff_fini(&differing.diff);
    facts_free(differing.facts[0]);
    facts_free(differing.facts[1]);
    catalogue_storage_fini(&differing.findings);
    string_table_fini(&differing.strings);
    study_fini(&differing.study);
    return status;
}

const struct subcommand subcommand_diff = {
    .name = "diff",
    .operands = "OLD NEW",
    .summary = "say what changed between two scans: services, products, login methods, findings, vulnerabilities",
    .options = diff_options,
    .option_count = DIFF_OPTIONS,
    .operands_min = 2,
    .operands_max = 2,
    .run = diff_run,
};
