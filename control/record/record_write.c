// SPDX-License-Identifier: BSD-3-Clause
#include "control/record/record.h"

#include <errno.h>

static void part_write(struct json *json, const struct part *part, const void *base);

static void list_write(struct json *json, const char *name, const struct list *list)
{
    json_open(json, name, '[');
    for (uint32_t i = 0; i < list->count; i++)
        json_text(json, NULL, list->names[i].data, list->names[i].length);
    json_close(json, ']');
}

static void rows_write(struct json *json, const char *name, const struct part *nested, const struct rows *rows)
{
    json_open(json, name, '[');
    for (uint32_t i = 0; i < rows->count; i++) {
        json_open(json, NULL, '{');
        part_write(json, nested, (const uint8_t *)rows->items + i * nested->bytes);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void address_write(struct json *json, const char *name, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];
    size_t length = address_print(address, text);
    json_text(json, name, text, length);
}

static void instant_write(struct json *json, const char *name, int64_t milliseconds)
{
    int64_t seconds = milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0);
    json_time(json, name, seconds, (int)(milliseconds - seconds * 1000));
}

// A certificate may name a time that no calendar of four digits has.
static bool field_fits(const struct field *field, const void *value)
{
    const int64_t *time = value;
    return (field->kind != FIELD_TIME || json_time_fits(*time)) &&
           (field->kind != FIELD_INSTANT || json_time_fits(*time / 1000));
}

static void field_write(struct json *json, const struct field *field, const void *value)
{
    const struct text *text = value;
    const int64_t *number = value;
    switch ((enum field_kind)field->kind) {
    case FIELD_TEXT:
        json_text(json, NULL, text->data, text->length);
        break;
    case FIELD_LIST:
        list_write(json, NULL, value);
        break;
    case FIELD_NUMBER:
        json_number(json, NULL, *number);
        break;
    case FIELD_MILLI:
        json_milli(json, NULL, (uint64_t)*number);
        break;
    case FIELD_FLAG:
        json_flag(json, NULL, *(const bool *)value);
        break;
    case FIELD_TIME:
        json_time(json, NULL, *number, -1);
        break;
    case FIELD_INSTANT:
        instant_write(json, NULL, *number);
        break;
    case FIELD_ADDRESS:
        address_write(json, NULL, value);
        break;
    case FIELD_ROWS:
        rows_write(json, NULL, field->nested, value);
        break;
    case FIELD_KIND_COUNT:
        break;
    }
}

// The fields that are known, then the names of those of which more came than was kept.
static void part_write(struct json *json, const struct part *part, const void *base)
{
    bool cut = false;
    for (size_t i = 0; i < part->field_count; i++) {
        const struct field *field = &part->fields[i];
        if (field_known(base, field) && field_fits(field, field_value_const(base, field))) {
            json_key(json, field->name, field->name_length);
            field_write(json, field, field_value_const(base, field));
        }
        cut = cut || field_cut(base, field);
    }
    if (!cut)
        return;
    json_open(json, record_truncated, '[');
    for (size_t i = 0; i < part->field_count; i++)
        if (field_cut(base, &part->fields[i]))
            json_word(json, NULL, part->fields[i].name);
    json_close(json, ']');
}

int record_write(const struct observation *observation, struct json *json)
{
    struct json before = *json;
    json->comma = false;
    json_open(json, NULL, '{');
    for (size_t i = 0; i < PART_COUNT; i++) {
        const void *base = observation->parts[i];
        if (!observation_has(observation, (enum part_id)i))
            continue;
        if (i != PART_root)
            json_open(json, parts[i]->name, '{');
        part_write(json, parts[i], base);
        if (i != PART_root)
            json_close(json, '}');
    }
    json_close(json, '}');
    json_raw(json, "\n", 1);
    if (json->full || json->length - before.length > RECORD_BYTES_MAX) {
        *json = before;
        return -ENOSPC;
    }
    return 0;
}
