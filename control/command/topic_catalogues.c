// SPDX-License-Identifier: BSD-3-Clause
// sonde help findings, sonde help services: the catalogues that a scan would use, once they are known to be right.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/report/columns.h"
#include "control/command/catalogue_text.h"
#include "control/command/json_output.h"
#include "control/command/topics.h"

static const char *member_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

// Returns 0 or -ENOMEM.
static int finding_print(const json_t *finding)
{
    char *when = json_dumps(json_object_get(finding, "when"), 0);
    const char *unless = member_text(finding, "unless");
    if (when == NULL)
        return -ENOMEM;
    printf("  %s: %s\n      %s\n      when %s\n", member_text(finding, "id"), member_text(finding, "severity"),
           member_text(finding, "title"), when);
    if (unless[0] != '\0')
        printf("      unless %s\n", unless);
    printf("      -> %s\n", member_text(finding, "remedy"));
    free(when);
    return 0;
}

static enum exit_status findings_print(const char *program)
{
    struct catalogue_text text;
    size_t f;
    size_t i;
    const json_t *file;
    const json_t *finding;
    enum exit_status status = catalogue_text_load(program, CATALOGUE_FINDINGS, &text);
    if (status != EXIT_DONE)
        return status;
    int error = 0;
    json_array_foreach(text.values, f, file)
    {
        json_array_foreach(json_object_get(file, "findings"), i, finding)
        {
            if (error == 0)
                error = finding_print(finding);
        }
    }
    catalogue_text_fini(&text);
    return output_finish(error);
}

static void service_add(struct columns *columns, const struct catalogue_service *service, const char *strings)
{
    char ports[CATALOGUE_PORTS_MAX * 6 + 1] = "";
    size_t used = 0;
    for (size_t i = 0; i < service->port_count; i++)
        used += (size_t)snprintf(ports + used, sizeof(ports) - used, "%s%u", i > 0 ? "," : "", service->ports[i]);
    const char *session = strings + service->session;
    columns_add(columns, (const char *[]){strings + service->name, ports, session[0] != '\0' ? session : "(listens)",
                                          service->sensitive != 0 ? "sensitive" : "", strings + service->title});
}

static enum exit_status services_print(const char *program)
{
    struct catalogue_text text;
    struct columns columns;
    enum exit_status status = catalogue_text_load(program, CATALOGUE_SERVICES, &text);
    if (status != EXIT_DONE)
        return status;
    columns_init(&columns, 5, 0);
    columns_add(&columns, (const char *[]){"service", "ports", "begins with", "", "what it is"});
    for (size_t i = 0; i < text.storage.service_count; i++)
        service_add(&columns, &text.storage.services[i], text.strings.bytes);
    int error = columns_print(&columns, 0, stdout);
    columns_fini(&columns);
    catalogue_text_fini(&text);
    return output_finish(error);
}

const struct topic topic_findings = {
    .name = "findings",
    .summary = "every finding of the catalogue: when it is reported and what to do about it",
    .print = findings_print,
};

const struct topic topic_services = {
    .name = "services",
    .summary = "every service of the catalogue: ports, conversation, whether it is sensitive",
    .print = services_print,
};
