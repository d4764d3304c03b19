// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/explain.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { EXPLAIN_FIELDS = 8 };

void explain_put(struct explain *explain, const char *bytes, size_t length)
{
    static const char more[] = "...";
    size_t room = sizeof(explain->text) - sizeof(more) - explain->length;
    if (explain->full)
        return;
    explain->full = length > room;
    length = length > room ? room : length;
    if (length > 0)
        memcpy(explain->text + explain->length, bytes, length);
    explain->length += length;
    memcpy(explain->text + explain->length, explain->full ? more : "", explain->full ? sizeof(more) : 1);
}

void explain_between(struct explain *explain, const char *separator)
{
    if (explain->length > 0)
        explain_put(explain, separator, strlen(separator));
}

static void number_put(struct explain *explain, long long number, const char *after)
{
    char text[64];
    explain_put(explain, text, (size_t)snprintf(text, sizeof(text), "%lld%.16s", number, after));
}

// 9.8 of 9800.
static void milli_put(struct explain *explain, int64_t milli)
{
    char text[64];
    int length = snprintf(text, sizeof(text), "%lld.%03d", (long long)(milli / 1000), (int)(milli % 1000));
    while (length > 2 && text[length - 1] == '0' && text[length - 2] != '.')
        length--;
    explain_put(explain, text, (size_t)length);
}

static void time_put(struct explain *explain, int64_t seconds)
{
    char text[32];
    time_t at = (time_t)seconds;
    struct tm day;
    if (gmtime_r(&at, &day) != NULL)
        explain_put(explain, text, strftime(text, sizeof(text), "%Y-%m-%d", &day));
}

static void list_put(struct explain *explain, const struct list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        explain_put(explain, ", ", i > 0 ? 2 : 0);
        explain_put(explain, list->names[i].data, list->names[i].length);
    }
    explain_put(explain, "none", list->count == 0 ? 4 : 0);
}

void explain_value(struct explain *explain, const struct field *field, const void *value)
{
    char address[ADDRESS_TEXT_MAX];
    switch ((enum field_kind)field->kind) {
    case FIELD_TEXT:
        explain_put(explain, ((const struct text *)value)->data, ((const struct text *)value)->length);
        break;
    case FIELD_LIST:
        list_put(explain, value);
        break;
    case FIELD_NUMBER:
        number_put(explain, *(const int64_t *)value, "");
        break;
    case FIELD_MILLI:
        milli_put(explain, *(const int64_t *)value);
        break;
    case FIELD_FLAG:
        explain_put(explain, *(const bool *)value ? "yes" : "no", *(const bool *)value ? 3 : 2);
        break;
    case FIELD_TIME:
        time_put(explain, *(const int64_t *)value);
        break;
    case FIELD_INSTANT:
        time_put(explain, *(const int64_t *)value / 1000);
        break;
    case FIELD_ADDRESS:
        explain_put(explain, address, address_print(value, address));
        break;
    case FIELD_ROWS:
        number_put(explain, ((const struct rows *)value)->count, " of them");
        break;
    case FIELD_KIND_COUNT:
        break;
    }
}

// Puts "path: value" of a field that is known. False when it is not.
static bool field_put(struct explain *explain, const char *path, const struct field *field,
                      const struct observation *observation)
{
    const void *part = observation->parts[field->part];
    if (!field_known(part, field))
        return false;
    explain_between(explain, "; ");
    explain_put(explain, path, strlen(path));
    explain_put(explain, ": ", 2);
    explain_value(explain, field, field_value_const(part, field));
    return true;
}

static bool is_among(const struct field *const *fields, size_t count, const struct field *field)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i] == field)
            return true;
    return false;
}

void explain_finding(struct explain *explain, const struct findings *findings, const struct catalogue_finding *finding,
                     const struct observation *observation)
{
    const struct field *shown[EXPLAIN_FIELDS] = {FIELD(root, service)};
    size_t count = 1;
    *explain = (struct explain){.length = 0};
    for (uint32_t i = 0; i < finding->condition_count && count < EXPLAIN_FIELDS;) {
        const struct catalogue_condition *node = &findings->storage.conditions[finding->condition + i];
        const char *path = findings_string(findings, node->field);
        const struct field *field = path[0] == '\0' ? NULL : field_find(path);
        // What is below SOME asks for fields of its rows.
        i += node->op == CONDITION_SOME ? node->span : 1;
        if (field != NULL && !is_among(shown, count, field) && field_put(explain, path, field, observation))
            shown[count++] = field;
    }
    if (explain->length == 0)
        (void)field_put(explain, "service", FIELD(root, service), observation);
}
