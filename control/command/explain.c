// SPDX-License-Identifier: BSD-3-Clause
// sonde explain: what a finding means, how it was decided, and what to do about it.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"
#include "config/printable.h"
#include "control/command/catalogue_text.h"
#include "control/command/json_output.h"
#include "control/command/subcommands.h"
#include "control/record/record.h"

enum { NAMES_MAX = 1024, FIELDS_MAX = 64, TEXT_MAX = 512 };

// The fields that a condition looks at, each once.
struct fields {
    const char *names[FIELDS_MAX];
    size_t count;
};

static void field_note(struct fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (strcmp(fields->names[i], name) == 0)
            return;
    if (fields->count < FIELDS_MAX)
        fields->names[fields->count++] = name;
}

// A value as it stands in the catalogue, which the site may have written.
static void value_print(const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    char shown[TEXT_MAX];
    if (text == NULL)
        return;
    (void)printable(text, shown, sizeof(shown));
    fputs(shown, stdout);
    free(text);
}

static void condition_print(const json_t *condition, int depth, struct fields *fields);

// What is asked of one field: {"has": "password"}, or a value that it is.
static void test_print(const char *field, const char *word, const json_t *value, int depth, struct fields *fields)
{
    static const struct {
        const char *word;
        const char *text;
    } words[] = {{"is", "is"},          {"has", "has"},        {"starts", "starts with"}, {"contains", "contains"},
                 {"below", "is below"}, {"above", "is above"}, {"before", "is before"},   {"after", "is after"}};
    printf("%*s%s ", depth, "", field);
    if (strcmp(word, "known") == 0) {
        puts(json_is_false(value) ? "did not come" : "is known");
        return;
    }
    if (strcmp(word, "sensitive") == 0) {
        printf("names a service that is%s marked sensitive (sonde help services)\n",
               json_is_false(value) ? " not" : "");
        return;
    }
    if (strcmp(word, "some") == 0) {
        puts("has a row of which holds:");
        condition_print(value, depth + 2, fields);
        return;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i].word, word) == 0)
            word = words[i].text;
    printf("%s ", word);
    value_print(value);
    putchar('\n');
}

// A combination: {"all": [...]}, {"any": [...]}, {"not": {...}}.
static bool combination_print(const char *name, const json_t *value, int depth, struct fields *fields)
{
    bool all = strcmp(name, "all") == 0;
    size_t i;
    json_t *item;
    if (strcmp(name, "not") == 0) {
        printf("%*snot:\n", depth, "");
        condition_print(value, depth + 2, fields);
        return true;
    }
    if (!all && strcmp(name, "any") != 0)
        return false;
    printf("%*s%s of:\n", depth, "", all ? "all" : "any");
    json_array_foreach(value, i, item) condition_print(item, depth + 2, fields);
    return true;
}

static void condition_print(const json_t *condition, int depth, struct fields *fields)
{
    const char *name;
    json_t *value;
    const char *word;
    json_t *operand;
    // jansson iterates through a non-const pointer without changing the object.
    json_object_foreach((json_t *)(uintptr_t)condition, name, value)
    {
        if (combination_print(name, value, depth, fields))
            continue;
        field_note(fields, name);
        if (!json_is_object(value)) {
            test_print(name, "is", value, depth, fields);
            continue;
        }
        json_object_foreach(value, word, operand) test_print(name, word, operand, depth, fields);
    }
}

static const char *member_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void finding_explain(const json_t *finding)
{
    struct fields fields = {.count = 0};
    const char *unless = member_text(finding, "unless");
    char title[TEXT_MAX];
    char remedy[TEXT_MAX];
    (void)printable(member_text(finding, "title"), title, sizeof(title));
    (void)printable(member_text(finding, "remedy"), remedy, sizeof(remedy));
    printf("%s: %s\n\n  %s\n\nIt is reported when, of what a host has shown,\n\n", member_text(finding, "id"),
           member_text(finding, "severity"), title);
    condition_print(json_object_get(finding, "when"), 2, &fields);
    if (unless[0] != '\0')
        printf("\nbut not beside %s.\n", unless);
    puts("\nA test of what was not learnt does not hold: nothing is reported out of ignorance. In the record:\n");
    for (size_t i = 0; i < fields.count; i++) {
        const struct field *field = field_find(fields.names[i]);
        if (field != NULL)
            printf("  %s: %s\n", fields.names[i], field->help);
    }
    printf("\nWhat to do:\n\n  %s\n", remedy);
}

// The finding of that id, and the names of all of them.
static const json_t *finding_find(const struct catalogue_text *text, const char *id,
                                  const char *names[static NAMES_MAX], size_t *ret_count)
{
    const json_t *found = NULL;
    size_t f;
    size_t i;
    const json_t *file;
    const json_t *finding;
    json_array_foreach(text->values, f, file)
    {
        json_array_foreach(json_object_get(file, "findings"), i, finding)
        {
            const char *name = member_text(finding, "id");
            if (strcmp(name, id) == 0)
                found = finding;
            if (*ret_count < NAMES_MAX)
                names[(*ret_count)++] = name;
        }
    }
    return found;
}

static enum exit_status explain_run(const struct invocation *invocation)
{
    struct catalogue_text text;
    const char *names[NAMES_MAX] = {0};
    size_t count = 0;
    const char *id = invocation->operands[0];
    enum exit_status status = catalogue_text_load(invocation->program, CATALOGUE_FINDINGS, &text);
    if (status != EXIT_DONE)
        return status;
    const json_t *finding = finding_find(&text, id, names, &count);
    if (finding != NULL) {
        finding_explain(finding);
        status = output_finish(0);
    } else {
        const char *nearest = keys_nearest(id, names, count);
        fprintf(stderr, "sonde: explain: there is no finding \"%.64s\"%s%s%s (sonde help findings lists them)\n", id,
                nearest != NULL ? ", did you mean \"" : "", nearest != NULL ? nearest : "",
                nearest != NULL ? "\"?" : "");
        status = EXIT_USAGE;
    }
    catalogue_text_fini(&text);
    return status;
}

const struct subcommand subcommand_explain = {
    .name = "explain",
    .operands = "FINDING",
    .operand_words = COMPLETED_FINDINGS,
    .summary = "say what a finding means, how it is decided and what to do about it",
    .operands_min = 1,
    .operands_max = 1,
    .run = explain_run,
};
