// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/exporting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/condition_load.h"
#include "config/filter.h"
#include "control/classify/condition.h"
#include "control/command/catalogue_text.h"
#include "control/record/records.h"
#include "control/report/export.h"
#include "control/report/output_file.h"

struct exporting {
    const char *command;
    struct export_field fields[EXPORT_FIELDS_MAX];
    size_t field_count;
    enum export_format format;
    struct catalogue_text services; // which of them are sensitive; its strings are the condition's too
    struct condition_list list;
    struct catalogue_finding filter;
    struct catalogue catalogue;
    struct conditions *conditions; // NULL: everything
    struct export *export;
};

static enum exit_status refuse(const struct exporting *exporting, enum exit_status status, const char *text)
{
    fprintf(stderr, "sonde: %s: %s\n", exporting->command, text);
    return status;
}

static enum exit_status format_read(struct exporting *exporting, const struct exporting_wish *wish)
{
    for (size_t i = 0; wish->format != NULL && i < EXPORT_FORMATS; i++)
        if (strcmp(wish->format, export_format_names[i]) == 0)
            exporting->format = (enum export_format)i;
    if (wish->format != NULL && strcmp(wish->format, export_format_names[exporting->format]) != 0)
        return refuse(exporting, EXIT_USAGE, "--format: expected jsonl, csv, sqlite or xml");
    if (exporting->format == EXPORT_XML && wish->fields != NULL)
        return refuse(exporting, EXIT_USAGE, "--fields goes with jsonl, csv and sqlite; the XML has nmap's own");
    return EXIT_DONE;
}

static enum exit_status fields_read(struct exporting *exporting, const char *text)
{
    struct complaint complaint;
    const struct key_context context = {.file = "--fields", .complaint = &complaint};
    char *copy = text != NULL ? strdup(text) : NULL;
    char *rest = copy;
    enum exit_status status = text != NULL && copy == NULL ? EXIT_FAILED : EXIT_DONE;
    for (char *name = strsep(&rest, ","); name != NULL && status == EXIT_DONE; name = strsep(&rest, ",")) {
        struct export_field *field = &exporting->fields[exporting->field_count];
        if (exporting->field_count == EXPORT_FIELDS_MAX) {
            status = refuse(exporting, EXIT_USAGE, "--fields: more than 64");
            break;
        }
        field->field = strlen(name) < sizeof(field->path) ? field_find(name) : NULL;
        if (field->field == NULL) {
            (void)condition_unknown_field(&context, "", name);
            status = refuse(exporting, EXIT_USAGE, complaint.text);
            break;
        }
        snprintf(field->path, sizeof(field->path), "%s", name);
        exporting->field_count++;
    }
    free(copy);
    return status;
}

static enum exit_status filter_read(struct exporting *exporting, const struct exporting_wish *wish)
{
    struct complaint complaint = {.text = "out of memory"};
    json_t *condition = NULL;
    if (wish->filter == NULL)
        return EXIT_DONE;
    struct key_context context = {.file = "--filter", .complaint = &complaint};
    enum exit_status status = catalogue_text_load(wish->program, CATALOGUE_SERVICES, &exporting->services);
    if (status != EXIT_DONE)
        return status;
    struct string_table *strings = &exporting->services.strings;
    int error = filter_parse(wish->filter, &condition, &complaint);
    if (error == 0)
        error = condition_read(&context, "", condition, strings, &exporting->list);
    json_decref(condition);
    if (error != 0)
        return refuse(exporting, error == -EINVAL ? EXIT_USAGE : EXIT_FAILED, complaint.text);
    exporting->filter = (struct catalogue_finding){.condition_count = (uint32_t)exporting->list.count};
    exporting->catalogue = (struct catalogue){.services = exporting->services.storage.services,
                                              .service_count = exporting->services.storage.service_count,
                                              .findings = &exporting->filter,
                                              .finding_count = 1,
                                              .conditions = exporting->list.nodes,
                                              .condition_count = exporting->list.count};
    exporting->conditions = conditions_new(&exporting->catalogue, strings->bytes, strings->length);
    return exporting->conditions != NULL ? EXIT_DONE : refuse(exporting, EXIT_FAILED, strerror(errno));
}

enum exit_status exporting_new(const struct exporting_wish *wish, struct exporting **ret_exporting)
{
    struct exporting *exporting = calloc(1, sizeof(*exporting));
    if (exporting == NULL)
        return EXIT_FAILED;
    exporting->command = wish->command;
    enum exit_status status = format_read(exporting, wish);
    if (status == EXIT_DONE)
        status = fields_read(exporting, wish->fields);
    if (status == EXIT_DONE)
        status = filter_read(exporting, wish);
    if (status == EXIT_DONE)
        *ret_exporting = exporting;
    else
        exporting_free(exporting);
    return status;
}

void exporting_free(struct exporting *exporting)
{
    if (exporting == NULL)
        return;
    conditions_free(exporting->conditions);
    free(exporting->list.nodes);
    catalogue_text_fini(&exporting->services);
    free(exporting);
}

const char *exporting_format(const struct exporting *exporting)
{
    return export_format_names[exporting->format];
}

static int record_take(void *context, const struct observation *observation, const struct records_place *place)
{
    struct exporting *exporting = context;
    const struct root_observation *root = observation->root;
    (void)place;
    int64_t now_s = root != NULL && root->known.time ? root->time / 1000 : 0;
    if (exporting->conditions != NULL && !condition_holds(exporting->conditions, 0, observation, now_s))
        return 0;
    return export_record(exporting->export, observation);
}

// For nmap's consumers: "sonde export out".
static void arguments_join(const struct exporting *exporting, const char *const *paths, size_t count, char *text,
                           size_t capacity)
{
    size_t used = (size_t)snprintf(text, capacity, "sonde %s", exporting->command);
    for (size_t i = 0; i < count && used < capacity; i++)
        used += (size_t)snprintf(text + used, capacity - used, " %s", paths[i]);
}

static int records_write(struct exporting *exporting, const struct records_reading *reading,
                         const struct export_place *place, struct records_tally *ret_tally, char message[static 512])
{
    message[0] = '\0';
    exporting->export = export_new(exporting->format, exporting->fields, exporting->field_count, place);
    int error = exporting->export == NULL ? -ENOMEM : export_begin(exporting->export);
    if (error == 0)
        error = records_read(reading, ret_tally, message);
    if (error == 0)
        error = export_end(exporting->export);
    if (error == -E2BIG)
        snprintf(message, 512, "more than %d ports are too many for one XML file; --filter takes fewer of them",
                 EXPORT_XML_PORTS_MAX);
    else if (error != 0 && message[0] == '\0')
        snprintf(message, 512, "%s", strerror(-error));
    export_free(exporting->export);
    exporting->export = NULL;
    return error;
}

static enum exit_status file_open(const struct exporting *exporting, const char *path, struct output_file *ret_file)
{
    int error = output_file_open(path, ret_file);
    if (error != 0) {
        fprintf(stderr, "sonde: %s: %s: %s\n", exporting->command, path, strerror(-error));
        return EXIT_FAILED;
    }
    if (exporting->format != EXPORT_SQLITE || ret_file->part[0] != '\0')
        return EXIT_DONE;
    (void)output_file_finish(ret_file, 0);
    fprintf(stderr, "sonde: %s: %s is no plain file, which a SQLite database has to be\n", exporting->command, path);
    return EXIT_USAGE;
}

enum exit_status exporting_write(struct exporting *exporting, const char *const *paths, size_t path_count,
                                 const char *path, FILE *out, uint64_t *ret_read)
{
    struct records_tally tally = {0};
    struct output_file file;
    char message[512];
    char arguments[512];
    void *contexts[] = {exporting};
    const struct records_reading reading = {.paths = paths,
                                            .path_count = path_count,
                                            .take = record_take,
                                            .denied = true,
                                            .contexts = contexts,
                                            .threads = 1};
    enum exit_status status = path != NULL ? file_open(exporting, path, &file) : EXIT_DONE;
    if (status != EXIT_DONE)
        return status;
    arguments_join(exporting, paths, path_count, arguments, sizeof(arguments));
    const struct export_place place = {
        .out = path != NULL ? file.stream : out, .path = path != NULL ? file.part : NULL, .arguments = arguments};
    int error = records_write(exporting, &reading, &place, &tally, message);
    for (size_t i = 0; i < tally.complaint_count; i++)
        fprintf(stderr, "sonde: %s: %s\n", exporting->command, tally.complaints[i]);
    if (error != 0)
        (void)refuse(exporting, EXIT_FAILED, message);
    int settled = path != NULL ? output_file_finish(&file, error) : error;
    if (error == 0 && settled != 0)
        fprintf(stderr, "sonde: %s: %s: %s\n", exporting->command, path, strerror(-settled));
    *ret_read = tally.records;
    return settled == 0 ? EXIT_DONE : EXIT_FAILED;
}
