// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A field of a record is declared once, as a row of its part's X list:
//
//   #define SSH_FIELDS(X, P) X(P, TEXT, software, 255, "software version it names") X(P, FLAG, ...) ...
//
// X(part, kind, name, size, help). From it come the member with its `known` mark (PART_STRUCT) and the row that the
// record's writer and reader, the conditions of findings, product rules and the documentation walk (PART_ROWS). What
// was not learnt is not known: it is absent from the record, and no condition holds for it. What was learnt is there,
// if it is false, 0 or empty.
//
//   kind        value                          size
//   TEXT        bytes as they came             most bytes kept
//   LIST        whole names, each as it came   most bytes kept, a byte more for each name; a 16th as many names
//   NUMBER      int64_t                        -
//   MILLI       int64_t, thousandths           -
//   FLAG        bool                           -
//   TIME        int64_t, seconds since 1970    -
//   INSTANT     int64_t, milliseconds          -
//   ADDRESS     struct address                 -
//   ROWS(part)  nested parts                   most rows kept
//
// TEXT, LIST and ROWS have a mark `cut`: more came than was kept.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/address.h"

// Bytes of any value, NUL included; for convenience a NUL follows the last one. Memory of the observation's arena, or
// what outlives the observation.
struct text {
    const char *data; // NULL while not known
    uint32_t length;
};

struct list {
    struct text *names;
    uint32_t count;
    uint32_t bytes; // of all names, and one for each
};

struct rows {
    void *items;
    uint32_t count;
};

enum field_kind {
    FIELD_TEXT = 0,
    FIELD_LIST,
    FIELD_NUMBER,
    FIELD_MILLI,
    FIELD_FLAG,
    FIELD_TIME,
    FIELD_INSTANT,
    FIELD_ADDRESS,
    FIELD_ROWS,
    FIELD_KIND_COUNT
};

// What people call them: "text", "true or false".
extern const char *const field_kind_names[FIELD_KIND_COUNT];

struct part;

// One field: where in its part's struct it stands, and what it is.
struct field {
    const char *name;
    const char *help;
    const struct part *nested; // of FIELD_ROWS
    uint32_t size;
    uint16_t offset;
    uint16_t known; // offset of its bool
    uint16_t cut;   // likewise
    uint8_t kind;   // enum field_kind
    uint8_t part;   // enum part_id; PART_NESTED for a field of nested rows
    uint8_t name_length;
};

struct part {
    const char *name; // "ssh"; "" of the record's own fields
    const char *help;
    const struct field *fields;
    size_t field_count;
    size_t bytes; // of its struct
    size_t name_length;
};

#define FIELD_TYPE_TEXT       struct text
#define FIELD_TYPE_LIST       struct list
#define FIELD_TYPE_NUMBER     int64_t
#define FIELD_TYPE_MILLI      int64_t
#define FIELD_TYPE_FLAG       bool
#define FIELD_TYPE_TIME       int64_t
#define FIELD_TYPE_INSTANT    int64_t
#define FIELD_TYPE_ADDRESS    struct address
#define FIELD_TYPE_ROWS(part) struct rows

#define FIELD_ID_TEXT       FIELD_TEXT
#define FIELD_ID_LIST       FIELD_LIST
#define FIELD_ID_NUMBER     FIELD_NUMBER
#define FIELD_ID_MILLI      FIELD_MILLI
#define FIELD_ID_FLAG       FIELD_FLAG
#define FIELD_ID_TIME       FIELD_TIME
#define FIELD_ID_INSTANT    FIELD_INSTANT
#define FIELD_ID_ADDRESS    FIELD_ADDRESS
#define FIELD_ID_ROWS(part) FIELD_ROWS

#define FIELD_NESTED_TEXT       NULL
#define FIELD_NESTED_LIST       NULL
#define FIELD_NESTED_NUMBER     NULL
#define FIELD_NESTED_MILLI      NULL
#define FIELD_NESTED_FLAG       NULL
#define FIELD_NESTED_TIME       NULL
#define FIELD_NESTED_INSTANT    NULL
#define FIELD_NESTED_ADDRESS    NULL
#define FIELD_NESTED_ROWS(part) &part##_part

#define FIELD_MEMBER(P, kind, name, size, help) FIELD_TYPE_##kind name;
#define FIELD_MARK(P, kind, name, size, help)   bool name;
#define FIELD_INDEX(P, kind, name, size, help)  FIELD_##P##_##name,

// struct ssh_observation with its marks, the indices FIELD_ssh_software, and the declaration of its rows.
#define PART_STRUCT(P, FIELDS)                                                                                         \
    enum { FIELDS(FIELD_INDEX, P) FIELD_##P##_COUNT };                                                                 \
    struct P##_observation {                                                                                           \
        FIELDS(FIELD_MEMBER, P)                                                                                        \
        struct {                                                                                                       \
            FIELDS(FIELD_MARK, P)                                                                                      \
        } known;                                                                                                       \
        struct {                                                                                                       \
            FIELDS(FIELD_MARK, P)                                                                                      \
        } cut;                                                                                                         \
    };                                                                                                                 \
    extern const struct field P##_fields[FIELD_##P##_COUNT];                                                           \
    extern const struct part P##_part;

#define FIELD_ROW_OF(P, id, kind_, name_, size_, help_)                                                                \
    {                                                                                                                  \
        .name = #name_,                                                                                                \
        .name_length = sizeof(#name_) - 1,                                                                             \
        .help = (help_),                                                                                               \
        .nested = FIELD_NESTED_##kind_,                                                                                \
        .size = (size_),                                                                                               \
        .offset = offsetof(struct P##_observation, name_),                                                             \
        .known = offsetof(struct P##_observation, known.name_),                                                        \
        .cut = offsetof(struct P##_observation, cut.name_),                                                            \
        .kind = FIELD_ID_##kind_,                                                                                      \
        .part = (id),                                                                                                  \
    },

// The row of a field: FIELD(ssh, software).
#define FIELD(part, name) (&part##_fields[FIELD_##part##_##name])

static inline void *field_value(void *part, const struct field *field)
{
    return (uint8_t *)part + field->offset;
}

static inline const void *field_value_const(const void *part, const struct field *field)
{
    return (const uint8_t *)part + field->offset;
}

static inline bool field_known(const void *part, const struct field *field)
{
    return part != NULL && *(const bool *)((const uint8_t *)part + field->known);
}

static inline bool field_cut(const void *part, const struct field *field)
{
    return part != NULL && *(const bool *)((const uint8_t *)part + field->cut);
}

// What stands for a text that is not known: "", so that it can be compared and printed.
static inline const char *text_of(const struct text *text)
{
    return text->data == NULL ? "" : text->data;
}

// True when the text is exactly this word.
bool text_is(const struct text *text, const char *word);

// True when one of the list's names is exactly this word.
bool list_has(const struct list *list, const char *word);
