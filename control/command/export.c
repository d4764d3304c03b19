// SPDX-License-Identifier: BSD-3-Clause
// sonde export: records for other programs, those and as much of them as are asked for.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/filter.h"
#include "config/condition_load.h"
#include "control/classify/condition.h"
#include "control/command/catalogue_text.h"
#include "control/command/json_output.h"
#include "control/command/planfile.h"
#include "control/command/subcommands.h"
#include "control/record/records.h"
#include "control/report/export.h"
#include "control/report/output_file.h"

enum { EXPORT_FORMAT, EXPORT_FIELDS, EXPORT_FILTER, EXPORT_OUTPUT, EXPORT_OPTIONS };

static const struct option_row export_options[EXPORT_OPTIONS] = {
    [EXPORT_FORMAT] = {"format", "NAME",
                       "jsonl (by default), csv, sqlite (a file, table `record`), or xml as nmap -oX writes it",
                       .values = "jsonl csv sqlite xml"},
    [EXPORT_FIELDS] = {"fields", "LIST", "only these fields, like ip,port,ssh.methods (sonde help records)"},
    [EXPORT_FILTER] = {"filter", "EXPRESSION", "only records like 'service = ssh and ssh.methods has password'"},
    [EXPORT_OUTPUT] = {"output", "FILE", "write there instead of to standard output", 'o', NULL},
};

// One use of it.
struct exporting {
    const struct invocation *invocation;
    struct export_field fields[EXPORT_FIELDS_MAX];
    size_t field_count;
    enum export_format format;
    struct catalogue_text services; // which of them are sensitive; its strings are the condition's too
    struct condition_list list;
    struct catalogue_finding filter;
    struct catalogue catalogue;
    struct conditions *conditions; // NULL: everything
    struct export *export;
    uint64_t written;
};

static enum exit_status refuse(enum exit_status status, const char *text)
{
    fprintf(stderr, "sonde: export: %s\n", text);
    return status;
}

static enum exit_status format_read(struct exporting *exporting)
{
    const char *name = exporting->invocation->values[EXPORT_FORMAT];
    for (size_t i = 0; name != NULL && i < EXPORT_FORMATS; i++)
        if (strcmp(name, export_format_names[i]) == 0)
            exporting->format = (enum export_format)i;
    if (name != NULL && strcmp(name, export_format_names[exporting->format]) != 0)
        return refuse(EXIT_USAGE, "--format: expected jsonl, csv, sqlite or xml");
    if (exporting->format == EXPORT_XML && exporting->invocation->values[EXPORT_FIELDS] != NULL)
        return refuse(EXIT_USAGE, "--fields goes with jsonl, csv and sqlite; the XML has nmap's own");
    if (exporting->format == EXPORT_SQLITE && exporting->invocation->values[EXPORT_OUTPUT] == NULL)
        return refuse(EXIT_USAGE, "--format sqlite: give the file that becomes the database with --output FILE");
    return EXIT_DONE;
}

static enum exit_status fields_read(struct exporting *exporting)
{
    const char *text = exporting->invocation->values[EXPORT_FIELDS];
    struct complaint complaint;
    const struct key_context context = {.file = "--fields", .complaint = &complaint};
    char *copy = text != NULL ? strdup(text) : NULL;
    char *rest = copy;
    enum exit_status status = text != NULL && copy == NULL ? EXIT_FAILED : EXIT_DONE;
    for (char *name = strsep(&rest, ","); name != NULL && status == EXIT_DONE; name = strsep(&rest, ",")) {
        struct export_field *field = &exporting->fields[exporting->field_count];
        if (exporting->field_count == EXPORT_FIELDS_MAX) {
            status = refuse(EXIT_USAGE, "--fields: more than 64");
            break;
        }
        field->field = strlen(name) < sizeof(field->path) ? field_find(name) : NULL;
        if (field->field == NULL) {
            (void)condition_unknown_field(&context, "", name);
            status = refuse(EXIT_USAGE, complaint.text);
            break;
        }
        snprintf(field->path, sizeof(field->path), "%s", name);
        exporting->field_count++;
    }
    free(copy);
    return status;
}

static enum exit_status filter_read(struct exporting *exporting)
{
    const char *text = exporting->invocation->values[EXPORT_FILTER];
    struct complaint complaint = {.text = "out of memory"};
    json_t *condition = NULL;
    if (text == NULL)
        return EXIT_DONE;
    struct key_context context = {.file = "--filter", .complaint = &complaint};
    enum exit_status status =
        catalogue_text_load(exporting->invocation->program, CATALOGUE_SERVICES, &exporting->services);
    if (status != EXIT_DONE)
        return status;
    struct string_table *strings = &exporting->services.strings;
    int error = filter_parse(text, &condition, &complaint);
    if (error == 0)
        error = condition_read(&context, "", condition, strings, &exporting->list);
    json_decref(condition);
    if (error != 0)
        return refuse(error == -EINVAL ? EXIT_USAGE : EXIT_FAILED, complaint.text);
    exporting->filter = (struct catalogue_finding){.condition_count = (uint32_t)exporting->list.count};
    exporting->catalogue = (struct catalogue){.services = exporting->services.storage.services,
                                              .service_count = exporting->services.storage.service_count,
                                              .findings = &exporting->filter,
                                              .finding_count = 1,
                                              .conditions = exporting->list.nodes,
                                              .condition_count = exporting->list.count};
    exporting->conditions = conditions_new(&exporting->catalogue, strings->bytes, strings->length);
    return exporting->conditions != NULL ? EXIT_DONE : refuse(EXIT_FAILED, strerror(errno));
}

static int record_take(void *context, const struct observation *observation, const struct records_place *place)
{
    struct exporting *exporting = context;
    const struct root_observation *root = observation->root;
    (void)place;
    int64_t now_s = root != NULL && root->known.time ? root->time / 1000 : 0;
    if (exporting->conditions != NULL && !condition_holds(exporting->conditions, 0, observation, now_s))
        return 0;
    exporting->written++;
    return export_record(exporting->export, observation);
}

// "export --format xml out", for nmap's consumers.
static void arguments_join(const struct invocation *invocation, char *text, size_t capacity)
{
    size_t used = (size_t)snprintf(text, capacity, "sonde export");
    for (int i = 0; i < invocation->operand_count && used < capacity; i++)
        used += (size_t)snprintf(text + used, capacity - used, " %s", invocation->operands[i]);
}

// file: NULL for standard output.
static int records_write(struct exporting *exporting, const struct output_file *file, struct records_tally *ret_tally,
                         char message[static 512])
{
    char arguments[512];
    void *contexts[] = {exporting};
    const struct records_reading reading = {.paths = (const char *const *)exporting->invocation->operands,
                                            .path_count = (size_t)exporting->invocation->operand_count,
                                            .take = record_take,
                                            .denied = true,
                                            .contexts = contexts,
                                            .threads = 1};
    arguments_join(exporting->invocation, arguments, sizeof(arguments));
    message[0] = '\0';
    const struct export_place place = {
        .out = file != NULL ? file->stream : stdout, .path = file != NULL ? file->part : NULL, .arguments = arguments};
    exporting->export = export_new(exporting->format, exporting->fields, exporting->field_count, &place);
    int error = exporting->export == NULL ? -ENOMEM : export_begin(exporting->export);
    if (error == 0)
        error = records_read(&reading, ret_tally, message);
    if (error == 0)
        error = export_end(exporting->export);
    if (error == -E2BIG)
        snprintf(message, 512, "more than %d ports are too many for one XML file; --filter takes fewer of them",
                 EXPORT_XML_PORTS_MAX);
    else if (error != 0 && message[0] == '\0')
        snprintf(message, 512, "%s", strerror(-error));
    export_free(exporting->export);
    return error;
}

static enum exit_status records_export(struct exporting *exporting)
{
    const char *path = exporting->invocation->values[EXPORT_OUTPUT];
    struct records_tally tally = {0};
    struct output_file file;
    char message[512];
    int error = path != NULL ? output_file_open(path, &file) : 0;
    if (error != 0) {
        fprintf(stderr, "sonde: export: %s: %s\n", path, strerror(-error));
        return EXIT_FAILED;
    }
    if (path != NULL && exporting->format == EXPORT_SQLITE && file.part[0] == '\0') {
        (void)output_file_finish(&file, 0);
        fprintf(stderr, "sonde: export: %s is no plain file, which a SQLite database has to be\n", path);
        return EXIT_USAGE;
    }
    error = records_write(exporting, path != NULL ? &file : NULL, &tally, message);
    for (size_t i = 0; i < tally.complaint_count; i++)
        fprintf(stderr, "sonde: export: %s\n", tally.complaints[i]);
    if (error != 0)
        (void)refuse(EXIT_FAILED, message);
    int settled = path != NULL ? output_file_finish(&file, error) : error;
    if (error == 0 && settled != 0)
        fprintf(stderr, "sonde: export: %s: %s\n", path, strerror(-settled));
    if (settled != 0)
        return EXIT_FAILED;
    if (tally.records == 0)
        return refuse(EXIT_FAILED, "there is no record in what was given");
    return path != NULL ? EXIT_DONE : output_finish(0);
}

static enum exit_status export_run(const struct invocation *invocation)
{
    struct exporting exporting = {.invocation = invocation};
    enum exit_status status = format_read(&exporting);
    if (status == EXIT_DONE)
        status = fields_read(&exporting);
    if (status == EXIT_DONE)
        status = filter_read(&exporting);
    if (status == EXIT_DONE)
        status = records_export(&exporting);
    conditions_free(exporting.conditions);
    free(exporting.list.nodes);
    catalogue_text_fini(&exporting.services);
    return status;
}

const struct subcommand subcommand_export = {
    .name = "export",
    .operands = "DIR|FILE...",
    .summary = "write records as JSON Lines, CSV, SQLite or nmap's XML, those and the fields that are asked for",
    .options = export_options,
    .option_count = EXPORT_OPTIONS,
    .operands_min = 1,
    .operands_max = INT_MAX,
    .run = export_run,
};
