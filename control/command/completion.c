// SPDX-License-Identifier: BSD-3-Clause
// sonde completion: what a shell completes, from the tables that the parser reads. The script is made when sonde is
// built and installed with it; services and findings, to which a site may add, are asked for when somebody completes
// them.
#include "control/command/completion.h"

#include <string.h>

#include "control/command/catalogue_text.h"
#include "control/command/json_output.h"
#include "control/command/subcommands.h"

static void services_list(const struct catalogue_text *text)
{
    for (size_t i = 0; i < text->storage.service_count; i++)
        puts(text->strings.bytes + text->storage.services[i].name);
}

static void findings_list(const struct catalogue_text *text)
{
    size_t f;
    size_t i;
    const json_t *file;
    const json_t *finding;
    json_array_foreach(text->values, f, file)
    {
        json_array_foreach(json_object_get(file, "findings"), i, finding)
        {
            puts(json_string_value(json_object_get(finding, "id")));
        }
    }
}

static enum exit_status names_print(const char *program, enum catalogue_file kind,
                                    void (*list)(const struct catalogue_text *text))
{
    struct catalogue_text text;
    enum exit_status status = catalogue_text_load(program, kind, &text);
    if (status != EXIT_DONE)
        return status;
    list(&text);
    catalogue_text_fini(&text);
    return output_finish(0);
}

static enum exit_status completion_run(const struct invocation *invocation)
{
    const char *word = invocation->operands[0];
    if (strcmp(word, "services") == 0)
        return names_print(invocation->program, CATALOGUE_SERVICES, services_list);
    if (strcmp(word, "findings") == 0)
        return names_print(invocation->program, CATALOGUE_FINDINGS, findings_list);
    if (strcmp(word, "bash") == 0)
        completion_bash(invocation->all, stdout);
    else if (strcmp(word, "zsh") == 0)
        completion_zsh(invocation->all, stdout);
    else if (strcmp(word, "fish") == 0)
        completion_fish(invocation->all, stdout);
    else {
        fprintf(stderr,
                "sonde: completion: expected bash, zsh or fish (or services or findings, whose names it lists)\n");
        return EXIT_USAGE;
    }
    return output_finish(0);
}

const struct subcommand subcommand_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .summary = "print the script that lets a shell complete sonde's words",
    .operand_words = "bash zsh fish services findings",
    .operands_min = 1,
    .operands_max = 1,
    .run = completion_run,
};
