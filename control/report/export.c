// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/export.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/record/record.h"
#include "control/report/csv_text.h"
#include "control/report/export_private.h"

const char *const export_format_names[EXPORT_FORMATS] = {"jsonl", "csv", "xml", "sqlite"};

// Of a CSV or SQLite file for which no fields were asked.
static const char *const usual[] = {
    "ip",   "port",     "transport", "service", "tunnel",   "product.name", "product.version",
    "open", "findings", "outcome",   "banner",  "provider", "region",       "time"};

struct export *export_new(enum export_format format, const struct export_field *fields, size_t field_count,
                          const struct export_place *place)
{
    struct export *export = calloc(1, sizeof(*export));
    if (export == NULL)
        return NULL;
    *export = (struct export){.format = format,
                              .field_count = field_count,
                              .whole = field_count == 0,
                              .arguments = place->arguments,
                              .path = place->path,
                              .out = place->out};
    memcpy(export->fields, fields, field_count * sizeof(*fields));
    if ((format == EXPORT_CSV || format == EXPORT_SQLITE) && field_count == 0) {
        for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
            struct export_field *field = &export->fields[export->field_count++];
            snprintf(field->path, sizeof(field->path), "%s", usual[i]);
            field->field = field_find(usual[i]);
        }
    }
    export->line = malloc(RECORD_BYTES_MAX);
    if (export->line != NULL)
        return export;
    free(export);
    return NULL;
}

void export_free(struct export *export)
{
    if (export == NULL)
        return;
    for (size_t i = 0; i < export->port_count; i++) {
        free(export->ports[i].xml);
        free(export->ports[i].name);
    }
    export_sqlite_free(export->sqlite);
    free(export->ports);
    free(export->line);
    free(export);
}

int export_begin(struct export *export)
{
    if (export->format == EXPORT_SQLITE)
        return export_sqlite_new(export->path, export->fields, export->field_count, export->whole, &export->sqlite);
    for (size_t i = 0; export->format == EXPORT_CSV && i < export->field_count; i++)
        fprintf(export->out, "%s%s", export->fields[i].path, i + 1 < export->field_count ? "," : "\r\n");
    return 0;
}

// The value of a field, or NULL where it was not learnt.
static const void *value_of(const struct observation *observation, const struct field *field)
{
    const void *part = observation->parts[field->part];
    return field_known(part, field) ? field_value_const(part, field) : NULL;
}

static void json_line(struct export *export, const struct observation *observation)
{
    struct writer writer;
    writer_init(&writer, export->line, RECORD_BYTES_MAX);
    if (export->field_count == 0) {
        if (record_write(observation, &writer) == 0)
            fwrite(export->line, 1, writer.length, export->out);
        return;
    }
    writer_open(&writer, NULL, '{');
    for (size_t i = 0; i < export->field_count; i++) {
        const struct export_field *field = &export->fields[i];
        const void *value = value_of(observation, field->field);
        if (value != NULL)
            record_write_field(&writer, field->path, field->field, value);
    }
    writer_close(&writer, '}');
    writer_raw(&writer, "\n", 1);
    if (!writer.full)
        fwrite(export->line, 1, writer.length, export->out);
}

// A list in one cell: whole names with "; " between them.
static void csv_list(struct export *export, const struct list *list)
{
    size_t length = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct text *name = &list->names[i];
        if (length + name->length + 2 > RECORD_BYTES_MAX)
            break;
        if (i > 0) {
            memcpy(export->line + length, "; ", 2);
            length += 2;
        }
        memcpy(export->line + length, name->data, name->length);
        length += name->length;
    }
    csv_text(export->out, export->line, length);
}

// What is no text and no list is written as in a record, without its quotes.
static void csv_other(struct export *export, const struct field *field, const void *value)
{
    struct writer writer;
    writer_init(&writer, export->line, RECORD_BYTES_MAX);
    record_write_field(&writer, NULL, field, value);
    const char *text = export->line;
    size_t length = writer.full ? 0 : writer.length;
    if (length >= 2 && text[0] == '"') {
        text++;
        length -= 2;
    }
    if (field->kind == FIELD_ROWS)
        csv_text(export->out, text, length);
    else
        fwrite(text, 1, length, export->out);
}

static void csv_line(struct export *export, const struct observation *observation)
{
    for (size_t i = 0; i < export->field_count; i++) {
        const struct field *field = export->fields[i].field;
        const void *value = value_of(observation, field);
        const struct text *text = value;
        if (value != NULL && field->kind == FIELD_TEXT)
            csv_text(export->out, text->data, text->length);
        else if (value != NULL && field->kind == FIELD_LIST)
            csv_list(export, value);
        else if (value != NULL)
            csv_other(export, field, value);
        fputs(i + 1 < export->field_count ? "," : "\r\n", export->out);
    }
}

int export_record(struct export *export, const struct observation *observation)
{
    if (export->format == EXPORT_XML)
        return export_xml_record(export, observation);
    if (export->format == EXPORT_SQLITE)
        return export_sqlite_record(export->sqlite, observation);
    if (export->format == EXPORT_CSV)
        csv_line(export, observation);
    else
        json_line(export, observation);
    return 0;
}

int export_end(struct export *export)
{
    if (export->format == EXPORT_XML)
        export_xml_end(export);
    return export->format == EXPORT_SQLITE ? export_sqlite_end(export->sqlite) : 0;
}
