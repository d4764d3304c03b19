// SPDX-License-Identifier: BSD-3-Clause
// Makes the manual page: copies a template and puts the fields of a record, from the rows that its writer walks, where
// the line @RECORDS@ stands. Run by the build: manual TEMPLATE > sonde.1.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/record/record.h"
#include "probes/packet/suspect.h"

// A sentence of mdoc(7): a capital first, a full stop, and nothing that begins a macro.
static void sentence_print(const char *text)
{
    size_t word = strcspn(text, " ");
    // Names of fields and values keep their case.
    bool name = memchr(text, '.', word) != NULL || memchr(text, '_', word) != NULL || strncmp(text, "tls", word) == 0;
    putchar(name ? text[0] : toupper((unsigned char)text[0]));
    printf("%s.\n", text + 1);
}

static void section_open(const char *title)
{
    printf(".Ss %c%s\n.Bl -tag -width Ds\n", toupper((unsigned char)title[0]), title + 1);
}

static void entry_print(const char *prefix, const char *name, const char *kind, const char *help)
{
    printf(".It Cm %s%s", prefix, name);
    if (kind != NULL)
        printf(" Pq %s", kind);
    putchar('\n');
    sentence_print(help);
}

static void fields_print(const struct part *part, const char *prefix)
{
    for (size_t i = 0; i < part->field_count; i++) {
        const struct field *field = &part->fields[i];
        char nested[128];
        entry_print(prefix, field->name, field_kind_names[field->kind], field->help);
        if (field->kind != FIELD_ROWS)
            continue;
        snprintf(nested, sizeof(nested), "%s%s[].", prefix, field->name);
        fields_print(field->nested, nested);
    }
}

static void records_print(void)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        char prefix[64] = "";
        if (parts[i]->name[0] != '\0')
            snprintf(prefix, sizeof(prefix), "%s.", parts[i]->name);
        section_open(parts[i]->help);
        fields_print(parts[i], prefix);
        puts(".El");
    }
    section_open("in the record and in each of its objects");
    entry_print("", record_truncated, field_kind_names[FIELD_LIST],
                "names of the fields beside it of which more came than was kept");
    puts(".El");
    section_open("values of outcome");
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        entry_print("", outcome_names[i], NULL, outcome_help[i]);
    puts(".El");
    section_open("values of suspect");
#define X(enumerator, bit, name, help) entry_print("", name, NULL, help);
    SUSPECTS(X)
#undef X
    puts(".El");
}

int main(int argc, char **argv)
{
    char line[4096];
    FILE *template = argc == 2 ? fopen(argv[1], "re") : NULL;
    if (template == NULL) {
        fprintf(stderr, "manual: expected a template that can be read\n");
        return EXIT_FAILURE;
    }
    while (fgets(line, sizeof(line), template) != NULL)
        if (strcmp(line, "@RECORDS@\n") == 0)
            records_print();
        else
            fputs(line, stdout);
    fclose(template);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
