// SPDX-License-Identifier: BSD-3-Clause
#include "probes/observation/parts.h"

#include <stdio.h>
#include <string.h>

#define FIELD_ROW_TOP(P, kind, name, size, help)    FIELD_ROW_OF(P, PART_##P, kind, name, size, help)
#define FIELD_ROW_NESTED(P, kind, name, size, help) FIELD_ROW_OF(P, PART_NESTED, kind, name, size, help)

#define PART_ROWS(row, part_, name_, length_, fields_, help_)                                                          \
    const struct field part_##_fields[FIELD_##part_##_COUNT] = {fields_(row, part_)};                                  \
    const struct part part_##_part = {.name = (name_),                                                                 \
                                      .help = (help_),                                                                 \
                                      .fields = part_##_fields,                                                        \
                                      .field_count = FIELD_##part_##_COUNT,                                            \
                                      .bytes = sizeof(struct part_##_observation),                                     \
                                      .name_length = (length_)};

#define X(part, fields, help)                                                                                          \
    PART_ROWS(FIELD_ROW_TOP, part, PART_##part == PART_root ? "" : #part,                                              \
              PART_##part == PART_root ? 0 : sizeof(#part) - 1, fields, help)
PARTS(X)
#undef X
#define X(part, fields, help) PART_ROWS(FIELD_ROW_NESTED, part, #part, sizeof(#part) - 1, fields, help)
NESTED_PARTS(X)
#undef X

const char *const field_kind_names[FIELD_KIND_COUNT] = {
    [FIELD_TEXT] = "text",    [FIELD_LIST] = "list",          [FIELD_NUMBER] = "number",
    [FIELD_MILLI] = "number", [FIELD_FLAG] = "true or false", [FIELD_TIME] = "time",
    [FIELD_INSTANT] = "time", [FIELD_ADDRESS] = "address",    [FIELD_ROWS] = "list of objects",
};

const struct part *const parts[PART_COUNT] = {
#define X(part, fields, help) &part##_part,
    PARTS(X)
#undef X
};

const struct field *field_find(const char *path)
{
    const char *dot = strchr(path, '.');
    size_t length = dot == NULL ? 0 : (size_t)(dot - path);
    const char *name = dot == NULL ? path : dot + 1;
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (strlen(parts[i]->name) != length || memcmp(parts[i]->name, path, length) != 0)
            continue;
        for (size_t j = 0; j < parts[i]->field_count; j++)
            if (strcmp(parts[i]->fields[j].name, name) == 0)
                return &parts[i]->fields[j];
    }
    return NULL;
}

size_t field_path(const struct field *field, char *ret_path, size_t capacity)
{
    const char *part = field->part < PART_COUNT ? parts[field->part]->name : "";
    int length = snprintf(ret_path, capacity, "%s%s%s", part, part[0] == '\0' ? "" : ".", field->name);
    return length < 0 ? 0 : (size_t)length;
}

// FNV-1a, 64 bits.
static uint64_t digest_add(uint64_t digest, const char *text, unsigned kind)
{
    for (const char *at = text; *at != '\0'; at++)
        digest = (digest ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
    return (digest ^ (256 + kind)) * UINT64_C(0x100000001b3);
}

uint64_t parts_digest(void)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < PART_COUNT; i++) {
        digest = digest_add(digest, parts[i]->name, FIELD_KIND_COUNT);
        for (size_t j = 0; j < parts[i]->field_count; j++)
            digest = digest_add(digest, parts[i]->fields[j].name, parts[i]->fields[j].kind);
    }
    return digest;
}
