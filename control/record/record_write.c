// SPDX-License-Identifier: BSD-3-Clause
#include "control/record/record.h"

#include <errno.h>
#include <string.h>

static void part_write(struct writer *writer, const struct part *part, const void *base);

static void list_write(struct writer *writer, const char *name, const struct list *list)
{
    writer_open(writer, name, '[');
    for (uint32_t i = 0; i < list->count; i++)
        writer_text(writer, NULL, list->names[i].data, list->names[i].length);
    writer_close(writer, ']');
}

static void rows_write(struct writer *writer, const char *name, const struct part *nested, const struct rows *rows)
{
    writer_open(writer, name, '[');
    for (uint32_t i = 0; i < rows->count; i++) {
        writer_open(writer, NULL, '{');
        part_write(writer, nested, (const uint8_t *)rows->items + i * nested->bytes);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}

static void address_write(struct writer *writer, const char *name, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];
    size_t length = address_print(address, text);
    writer_text(writer, name, text, length);
}

static void instant_write(struct writer *writer, const char *name, int64_t milliseconds)
{
    int64_t seconds = milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0);
    writer_time(writer, name, seconds, (int)(milliseconds - seconds * 1000));
}

// A certificate may name a time that no calendar of four digits has.
static bool field_fits(const struct field *field, const void *value)
{
    const int64_t *time = value;
    return (field->kind != FIELD_TIME || writer_time_fits(*time)) &&
           (field->kind != FIELD_INSTANT || writer_time_fits(*time / 1000));
}

static void field_write(struct writer *writer, const struct field *field, const void *value)
{
    const struct text *text = value;
    const int64_t *number = value;
    switch ((enum field_kind)field->kind) {
    case FIELD_TEXT:
        writer_text(writer, NULL, text->data, text->length);
        break;
    case FIELD_LIST:
        list_write(writer, NULL, value);
        break;
    case FIELD_NUMBER:
        writer_number(writer, NULL, *number);
        break;
    case FIELD_MILLI:
        writer_milli(writer, NULL, (uint64_t)*number);
        break;
    case FIELD_FLAG:
        writer_flag(writer, NULL, *(const bool *)value);
        break;
    case FIELD_TIME:
        writer_time(writer, NULL, *number, -1);
        break;
    case FIELD_INSTANT:
        instant_write(writer, NULL, *number);
        break;
    case FIELD_ADDRESS:
        address_write(writer, NULL, value);
        break;
    case FIELD_ROWS:
        rows_write(writer, NULL, field->nested, value);
        break;
    case FIELD_KIND_COUNT:
        break;
    }
}

// The fields that are known, then the names of those of which more came than was kept.
static void part_write(struct writer *writer, const struct part *part, const void *base)
{
    bool cut = false;
    for (size_t i = 0; i < part->field_count; i++) {
        const struct field *field = &part->fields[i];
        if (field_known(base, field) && field_fits(field, field_value_const(base, field))) {
            writer_key(writer, field->name, field->name_length);
            field_write(writer, field, field_value_const(base, field));
        }
        cut = cut || field_cut(base, field);
    }
    if (!cut)
        return;
    writer_open(writer, record_truncated, '[');
    for (size_t i = 0; i < part->field_count; i++)
        if (field_cut(base, &part->fields[i]))
            writer_word(writer, NULL, part->fields[i].name);
    writer_close(writer, ']');
}

void record_write_field(struct writer *writer, const char *name, const struct field *field, const void *value)
{
    if (!field_fits(field, value))
        return;
    if (name != NULL)
        writer_key(writer, name, strlen(name));
    field_write(writer, field, value);
}

int record_write(const struct observation *observation, struct writer *writer)
{
    struct writer before = *writer;
    writer->comma = false;
    writer_open(writer, NULL, '{');
    for (size_t i = 0; i < PART_COUNT; i++) {
        const void *base = observation->parts[i];
        if (!observation_has(observation, (enum part_id)i))
            continue;
        if (i != PART_root)
            writer_open(writer, parts[i]->name, '{');
        part_write(writer, parts[i], base);
        if (i != PART_root)
            writer_close(writer, '}');
    }
    writer_close(writer, '}');
    writer_raw(writer, "\n", 1);
    if (writer->full || writer->length - before.length > RECORD_BYTES_MAX) {
        *writer = before;
        return -ENOSPC;
    }
    return 0;
}
