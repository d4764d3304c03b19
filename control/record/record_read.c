// SPDX-License-Identifier: BSD-3-Clause
#include "control/record/record.h"

#include <errno.h>
#include <string.h>

#include "control/record/reader.h"

// Items of lists and rows; what was written fitted beside copies of all texts.
enum { READ_EXTRA_BYTES = 64 << 10 };

struct record_reader {
    struct reader json;
    struct observation *observation;
    struct record_memo *memo; // may be NULL
    size_t unknown;
};

static bool part_read(struct record_reader *reader, const struct part *part, void *base);

static bool list_read(struct record_reader *reader, const struct field *field, void *base)
{
    struct text name;
    bool first = true;
    if (!reader_take(&reader->json, '[', "no array where one belongs"))
        return false;
    learn_list_in(reader->observation, base, field);
    while (reader_next(&reader->json, ']', &first)) {
        if (!reader_text(&reader->json, &name))
            return false;
        learn_name_in(reader->observation, base, field, name.data, name.length, false);
    }
    return reader->json.what == NULL;
}

static bool rows_read(struct record_reader *reader, const struct field *field, void *base)
{
    bool first = true;
    if (!reader_take(&reader->json, '[', "no array where one belongs"))
        return false;
    *(bool *)((uint8_t *)base + field->known) = true;
    while (reader_next(&reader->json, ']', &first)) {
        void *row = learn_row_in(reader->observation, base, field);
        if (row == NULL ? !reader_skip(&reader->json) : !part_read(reader, field->nested, row))
            return false;
    }
    return reader->json.what == NULL;
}

static bool text_read(struct record_reader *reader, const struct field *field, void *base)
{
    struct text text;
    if (!reader_text(&reader->json, &text))
        return false;
    learn_constant_in(reader->observation, base, field, text.data, text.length);
    return true;
}

static bool address_read(struct record_reader *reader, const struct field *field, void *base)
{
    struct text text;
    struct address address;
    if (!reader_text(&reader->json, &text))
        return false;
    if (address_parse(text.data, text.length, &address) != 0)
        return reader_fail(&reader->json, "no address where one belongs");
    *(struct address *)field_value(base, field) = address;
    *(bool *)((uint8_t *)base + field->known) = true;
    return true;
}

static bool number_read(struct record_reader *reader, const struct field *field, void *base)
{
    int64_t value = 0;
    enum field_kind kind = (enum field_kind)field->kind;
    bool right = kind == FIELD_NUMBER  ? reader_number(&reader->json, &value)
                 : kind == FIELD_MILLI ? reader_milli(&reader->json, &value)
                                       : reader_time(&reader->json, kind == FIELD_INSTANT, &value);
    if (right)
        learn_number_in(reader->observation, base, field, value);
    return right;
}

static bool flag_read(struct record_reader *reader, const struct field *field, void *base)
{
    bool value = false;
    if (!reader_flag(&reader->json, &value))
        return false;
    learn_flag_in(reader->observation, base, field, value);
    return true;
}

static bool field_read(struct record_reader *reader, const struct field *field, void *base)
{
    if (reader_null(&reader->json))
        return true;
    if (field_known(base, field))
        return reader_fail(&reader->json, "a field that stands there twice");
    switch ((enum field_kind)field->kind) {
    case FIELD_TEXT:
        return text_read(reader, field, base);
    case FIELD_LIST:
        return list_read(reader, field, base);
    case FIELD_NUMBER:
    case FIELD_MILLI:
    case FIELD_TIME:
    case FIELD_INSTANT:
        return number_read(reader, field, base);
    case FIELD_FLAG:
        return flag_read(reader, field, base);
    case FIELD_ADDRESS:
        return address_read(reader, field, base);
    case FIELD_ROWS:
        return rows_read(reader, field, base);
    case FIELD_KIND_COUNT:
        break;
    }
    return false;
}

// The field of that name; *next is where a writer's order would have it, and goes on behind what was found.
static const struct field *field_named(const struct part *part, const struct text *name, size_t *next)
{
    for (size_t i = 0; i < part->field_count; i++) {
        size_t at = *next + i < part->field_count ? *next + i : *next + i - part->field_count;
        const struct field *field = &part->fields[at];
        // Most names differ in their length or their first letter, and no call is made for them.
        if (name->length == field->name_length && name->data[0] == field->name[0] &&
            memcmp(name->data, field->name, field->name_length) == 0) {
            *next = at + 1 < part->field_count ? at + 1 : 0;
            return field;
        }
    }
    return NULL;
}

static bool truncated_read(struct record_reader *reader, const struct part *part, void *base)
{
    struct text name;
    bool first = true;
    size_t next = 0;
    if (!reader_take(&reader->json, '[', "no array where one belongs"))
        return false;
    while (reader_next(&reader->json, ']', &first)) {
        if (!reader_text(&reader->json, &name))
            return false;
        const struct field *field = field_named(part, &name, &next);
        if (field != NULL)
            *(bool *)((uint8_t *)base + field->cut) = true;
    }
    return reader->json.what == NULL;
}

// A member of any object: one of the part's fields, its truncated fields, or something unknown.
static bool member_read(struct record_reader *reader, const struct part *part, void *base, const struct text *key,
                        size_t *next)
{
    const struct field *field = field_named(part, key, next);
    if (field != NULL)
        return field_read(reader, field, base);
    if (text_is(key, record_truncated))
        return truncated_read(reader, part, base);
    reader->unknown++;
    return reader_skip(&reader->json);
}

// Takes a key and its colon when they come next as a writer writes them: nothing is looked for.
static bool name_take(struct reader *json, const char *name, size_t length)
{
    const char *at = json->at;
    // Most names differ in their length or their first letter, and no call is made for them.
    if ((size_t)(json->end - at) < length + 3 || at[0] != '"' || at[1] != name[0] || at[length + 1] != '"' ||
        at[length + 2] != ':' || memcmp(at + 1, name, length) != 0)
        return false;
    json->at += length + 3;
    return true;
}

// The field whose key comes next and is taken; NULL: none of the part's, or written otherwise.
static const struct field *field_take(struct reader *json, const struct part *part, size_t *next)
{
    for (size_t i = 0; i < part->field_count; i++) {
        size_t at = *next + i < part->field_count ? *next + i : *next + i - part->field_count;
        if (name_take(json, part->fields[at].name, part->fields[at].name_length)) {
            *next = at + 1 < part->field_count ? at + 1 : 0;
            return &part->fields[at];
        }
    }
    return NULL;
}

static bool part_read(struct record_reader *reader, const struct part *part, void *base)
{
    struct text key;
    bool first = true;
    size_t next = 0;
    if (!reader_take(&reader->json, '{', "no object where one belongs"))
        return false;
    while (reader_next(&reader->json, '}', &first)) {
        const struct field *field = field_take(&reader->json, part, &next);
        bool right = field != NULL ? field_read(reader, field, base)
                                   : reader_key(&reader->json, &key) && member_read(reader, part, base, &key, &next);
        if (!right)
            return false;
    }
    return reader->json.what == NULL;
}

static bool memo_read(enum part_id id, char *text, size_t length, struct observation *observation, size_t *ret_unknown)
{
    struct record_reader reader = {.observation = observation};
    reader_init(&reader.json, text, length);
    arena_extend(&observation->arena, READ_EXTRA_BYTES);
    void *base = observation_part(observation, id);
    bool right = base != NULL && part_read(&reader, parts[id], base) && reader.json.at == reader.json.end;
    *ret_unknown = reader.unknown;
    return right && !observation->failed;
}

// Takes the part that comes next from the memo. False when it is not there, and is to be read.
static bool part_lend(struct record_reader *reader, enum part_id id)
{
    if (reader->memo == NULL || id != PART_vulnerabilities || reader->observation->parts[id] != NULL ||
        reader_peek(&reader->json) != '{')
        return false;
    size_t left = (size_t)(reader->json.end - reader->json.at);
    const struct record_memo_part *part = record_memo_find(reader->memo, id, reader->json.at, left);
    if (part == NULL)
        part = record_memo_put(reader->memo, id, reader->json.at, left, memo_read);
    if (part == NULL)
        return false;
    reader->json.at += part->length;
    reader->unknown += part->unknown;
    reader->observation->parts[id] = part->held.parts[id];
    reader->observation->lent = part->number;
    return true;
}

// The part whose key comes next and is taken; PART_root: none, or written otherwise. A writer has them in order.
static enum part_id part_take(struct reader *json, size_t *next)
{
    for (size_t i = *next; i < PART_COUNT; i++)
        if (i != PART_root && name_take(json, parts[i]->name, parts[i]->name_length)) {
            *next = i + 1;
            return (enum part_id)i;
        }
    return PART_root;
}

static enum part_id part_named(const struct text *name)
{
    for (size_t i = 0; i < PART_COUNT; i++)
        if (name->length == parts[i]->name_length && name->data[0] == parts[i]->name[0] &&
            memcmp(name->data, parts[i]->name, name->length) == 0)
            return (enum part_id)i;
    return PART_root;
}

static bool part_member_read(struct record_reader *reader, enum part_id id)
{
    if (part_lend(reader, id))
        return true;
    void *base = observation_part(reader->observation, id);
    return base != NULL && part_read(reader, parts[id], base);
}

// Where in a writer's order a record's next members are.
struct record_order {
    size_t field;
    size_t part;
};

static bool record_member_read(struct record_reader *reader, void *root, struct record_order *order)
{
    struct text key;
    const struct field *field = field_take(&reader->json, parts[PART_root], &order->field);
    if (field != NULL)
        return field_read(reader, field, root);
    enum part_id id = part_take(&reader->json, &order->part);
    if (id != PART_root)
        return part_member_read(reader, id);
    if (!reader_key(&reader->json, &key))
        return false;
    id = part_named(&key);
    return id != PART_root ? part_member_read(reader, id)
                           : member_read(reader, parts[PART_root], root, &key, &order->field);
}

static bool record_members_read(struct record_reader *reader)
{
    struct record_order order = {0};
    bool first = true;
    void *root = observation_part(reader->observation, PART_root);
    if (root == NULL || !reader_take(&reader->json, '{', "no object where a record belongs"))
        return false;
    while (reader_next(&reader->json, '}', &first))
        if (!record_member_read(reader, root, &order))
            return false;
    return reader->json.what == NULL;
}

int record_read(char *line, size_t length, struct observation *observation, size_t *ret_unknown,
                struct record_fault *ret_fault)
{
    return record_read_lent(NULL, line, length, observation, ret_unknown, ret_fault);
}

int record_read_lent(struct record_memo *memo, char *line, size_t length, struct observation *observation,
                     size_t *ret_unknown, struct record_fault *ret_fault)
{
    struct record_reader reader = {.observation = observation, .memo = memo};
    reader_init(&reader.json, line, length);
    arena_extend(&observation->arena, READ_EXTRA_BYTES);
    bool right = record_members_read(&reader);
    if (right && (reader_peek(&reader.json) != '\0' || reader.json.at != reader.json.end))
        right = reader_fail(&reader.json, "something behind the record");
    if (observation->failed || observation->root == NULL)
        return -ENOMEM;
    if (right && !observation->root->known.schema)
        right = reader_fail(&reader.json, "no schema: this is no record");
    // What another version means by a key is not judged.
    if (observation->root->known.schema && observation->root->schema != RECORD_SCHEMA)
        return -EPROTO;
    if (!right && ret_fault != NULL)
        *ret_fault = (struct record_fault){.what = reader.json.what, .at = (size_t)(reader.json.at - line)};
    if (!right)
        return -EINVAL;
    if (ret_unknown != NULL)
        *ret_unknown = reader.unknown;
    return 0;
}
