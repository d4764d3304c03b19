// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/session/told.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD_KEPT = 8, TOLD_BYTES = 16384 };

static void part_print(FILE *out, const struct part *part, const void *base, const char *prefix);

static void list_print(FILE *out, const struct list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        fputs(i > 0 ? "," : "", out);
        fwrite(list->names[i].data, 1, list->names[i].length, out);
    }
}

static void rows_print(FILE *out, const struct field *field, const struct rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        fputs("{ ", out);
        part_print(out, field->nested, (const uint8_t *)rows->items + i * field->nested->bytes, "");
        fputs("}", out);
    }
}

static void field_print(FILE *out, const struct field *field, const void *base)
{
    const void *value = field_value_const(base, field);
    char address[ADDRESS_TEXT_MAX];
    switch ((enum field_kind)field->kind) {
    case FIELD_TEXT:
        fwrite(((const struct text *)value)->data, 1, ((const struct text *)value)->length, out);
        break;
    case FIELD_LIST:
        list_print(out, value);
        break;
    case FIELD_FLAG:
        fputs(*(const bool *)value ? "true" : "false", out);
        break;
    case FIELD_ADDRESS:
        (void)address_print(value, address);
        fputs(address, out);
        break;
    case FIELD_ROWS:
        rows_print(out, field, value);
        break;
    case FIELD_NUMBER:
    case FIELD_MILLI:
    case FIELD_TIME:
    case FIELD_INSTANT:
        fprintf(out, "%" PRId64, *(const int64_t *)value);
        break;
    case FIELD_KIND_COUNT:
        break;
    }
}

static void part_print(FILE *out, const struct part *part, const void *base, const char *prefix)
{
    for (size_t i = 0; i < part->field_count; i++) {
        const struct field *field = &part->fields[i];
        if (!field_known(base, field) && !field_cut(base, field))
            continue;
        fprintf(out, "%s%s%s ", prefix, prefix[0] == '\0' ? "" : ".", field->name);
        if (field_known(base, field))
            field_print(out, field, base);
        fputs(field_cut(base, field) ? " (cut)\n" : "\n", out);
    }
}

const char *told(const struct observation *observation, const char *path)
{
    static char kept[TOLD_KEPT][TOLD_BYTES];
    static size_t turn;
    char *text = kept[turn++ % TOLD_KEPT];
    const struct field *field = field_find(path);
    memset(text, 0, TOLD_BYTES);
    if (field == NULL)
        abort(); // a mistake of the test
    if (!field_known(observation->parts[field->part], field))
        return text;
    FILE *out = fmemopen(text, TOLD_BYTES, "w");
    field_print(out, field, observation->parts[field->part]);
    fclose(out);
    return text;
}

char *told_all(const struct observation *observation)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    for (size_t i = 0; i < PART_COUNT; i++)
        if (observation->parts[i] != NULL)
            part_print(out, parts[i], observation->parts[i], parts[i]->name);
    fclose(out);
    return text;
}
