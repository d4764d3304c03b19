// SPDX-License-Identifier: BSD-3-Clause
// sonde help records: every field of a record, from the rows that its writer walks.
#include <stdio.h>

#include "control/command/json_output.h"
#include "control/command/topics.h"
#include "control/record/record.h"
#include "probes/packet/suspect.h"

static void entry_print(const char *name, const char *help)
{
    printf("  %s\n      %s\n", name, help);
}

// prefix stands before the names: "", "ssh.", and below a list of objects "tls.chain[].".
static void fields_print(const struct part *part, const char *prefix)
{
    for (size_t i = 0; i < part->field_count; i++) {
        const struct field *field = &part->fields[i];
        char nested[128];
        printf("  %s%s: %s", prefix, field->name, field_kind_names[field->kind]);
        if (field->size != 0)
            printf(", at most %u%s", field->size, field->kind == FIELD_ROWS ? "" : " bytes");
        printf("\n      %s\n", field->help);
        if (field->kind != FIELD_ROWS)
            continue;
        snprintf(nested, sizeof(nested), "%s%s[].", prefix, field->name);
        fields_print(field->nested, nested);
    }
}

static void part_print(const struct part *part)
{
    char prefix[64] = "";
    if (part->name[0] != '\0')
        snprintf(prefix, sizeof(prefix), "%s.", part->name);
    printf("\n%s\n", part->help);
    fields_print(part, prefix);
}

static enum exit_status records_print(const char *program)
{
    (void)program;
    printf("A record is one line of JSON about one address and port, and this is schema %d. What was not learnt is\n"
           "absent; what was learnt is there, if it is false, 0 or empty. ssh.software stands in the object ssh.\n",
           RECORD_SCHEMA);
    for (size_t i = 0; i < PART_COUNT; i++)
        part_print(parts[i]);
    printf("\nin the record and in each of its objects\n"
           "  %s: %s\n      names of the fields beside it of which more came than was kept\n",
           record_truncated, field_kind_names[FIELD_LIST]);
    printf("\nvalues of outcome\n");
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        entry_print(outcome_names[i], outcome_help[i]);
    printf("\nvalues of suspect\n");
#define X(enumerator, bit, name, help) entry_print(name, help);
    SUSPECTS(X)
#undef X
    return output_finish(0);
}

const struct topic topic_records = {
    .name = "records",
    .summary = "every field of a record, its outcomes and its suspect marks",
    .print = records_print,
};
