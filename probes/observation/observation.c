// SPDX-License-Identifier: BSD-3-Clause
#include "probes/observation/observation.h"

#include <errno.h>
#include <string.h>

// A list keeps a name for each LIST_BYTES_A_NAME of its size: names of a letter would take more room than all else.
enum { LIST_MIN = 4, LIST_BYTES_A_NAME = 16, ROWS_MIN = 2 };

bool text_is(const struct text *text, const char *word)
{
    size_t length = strlen(word);
    return text->data != NULL && text->length == length && memcmp(text->data, word, length) == 0;
}

bool list_has(const struct list *list, const char *word)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (text_is(&list->names[i], word))
            return true;
    return false;
}

void observation_init(struct observation *observation)
{
    memset(observation, 0, sizeof(*observation));
}

void observation_fini(struct observation *observation)
{
    arena_fini(&observation->arena);
    observation_init(observation);
}

void observation_reset(struct observation *observation)
{
    struct arena arena = observation->arena;
    arena_reset(&arena);
    observation_init(observation);
    observation->arena = arena;
}

// A piece of the arena. What the bound refuses is cut, what the machine refuses is a failure.
static void *piece_take(struct observation *observation, size_t bytes)
{
    void *piece = arena_take(&observation->arena, bytes);
    if (piece == NULL && errno == ENOMEM)
        observation->failed = true;
    return piece;
}

void *observation_part(struct observation *observation, enum part_id part)
{
    if (observation->parts[part] == NULL)
        observation->parts[part] = arena_take_ours(&observation->arena, parts[part]->bytes);
    observation->failed = observation->failed || observation->parts[part] == NULL;
    return observation->parts[part];
}

void observation_forget(struct observation *observation, enum part_id part)
{
    if (observation->parts[part] != NULL)
        memset(observation->parts[part], 0, parts[part]->bytes);
}

void observation_forget_field(struct observation *observation, const struct field *field)
{
    uint8_t *part = observation->parts[field->part];
    if (part == NULL)
        return;
    part[field->known] = false;
    part[field->cut] = false;
    // A list that is learnt again begins empty.
    if (field->kind == FIELD_LIST)
        *(struct list *)field_value(part, field) = (struct list){0};
    if (field->kind == FIELD_ROWS)
        *(struct rows *)field_value(part, field) = (struct rows){0};
}

bool observation_has(const struct observation *observation, enum part_id part)
{
    for (size_t i = 0; observation->parts[part] != NULL && i < parts[part]->field_count; i++)
        if (field_known(observation->parts[part], &parts[part]->fields[i]) ||
            field_cut(observation->parts[part], &parts[part]->fields[i]))
            return true;
    return false;
}

static void mark_known(void *part, const struct field *field)
{
    *(bool *)((uint8_t *)part + field->known) = true;
}

static void mark_cut(void *part, const struct field *field)
{
    *(bool *)((uint8_t *)part + field->cut) = true;
}

static bool text_copy(struct observation *observation, struct text *text, const void *data, size_t length)
{
    char *copy = piece_take(observation, length + 1);
    if (copy == NULL)
        return false;
    memcpy(copy, data, length);
    *text = (struct text){.data = copy, .length = (uint32_t)length};
    return true;
}

void learn_text_in(struct observation *observation, void *part, const struct field *field, const void *data,
                   size_t length)
{
    struct text text = {0};
    size_t kept = length < field->size ? length : field->size;
    bool known = text_copy(observation, &text, kept == 0 ? "" : data, kept);
    // Nothing of what was learnt before stands for what came now.
    *(struct text *)field_value(part, field) = text;
    *(bool *)((uint8_t *)part + field->known) = known;
    *(bool *)((uint8_t *)part + field->cut) = kept < length || !known;
}

void learn_constant_in(struct observation *observation, void *part, const struct field *field, const char *text,
                       size_t length)
{
    (void)observation;
    struct text *value = field_value(part, field);
    *value = (struct text){.data = text, .length = (uint32_t)length};
    mark_known(part, field);
}

void learn_number_in(struct observation *observation, void *part, const struct field *field, int64_t value)
{
    (void)observation;
    *(int64_t *)field_value(part, field) = value;
    mark_known(part, field);
}

void learn_flag_in(struct observation *observation, void *part, const struct field *field, bool value)
{
    (void)observation;
    *(bool *)field_value(part, field) = value;
    mark_known(part, field);
}

void learn_list_in(struct observation *observation, void *part, const struct field *field)
{
    (void)observation;
    *(struct list *)field_value(part, field) = (struct list){0};
    *(bool *)((uint8_t *)part + field->cut) = false;
    mark_known(part, field);
}

// Room for one more of `count` items that have doubled since `least`; NULL when there is none.
static void *items_grow(struct observation *observation, void *items, uint32_t count, uint32_t least, size_t bytes)
{
    bool full = count == 0 || (count >= least && (count & (count - 1)) == 0);
    if (!full)
        return items;
    void *grown = piece_take(observation, bytes * (count == 0 ? least : 2 * (size_t)count));
    if (grown != NULL && count > 0)
        memcpy(grown, items, bytes * count);
    return grown;
}

void learn_name_in(struct observation *observation, void *part, const struct field *field, const void *data,
                   size_t length, bool copy)
{
    struct list *list = field_value(part, field);
    mark_known(part, field);
    // What is kept is the beginning: no later, shorter name may stand behind a gap.
    if (copy && field_cut(part, field))
        return;
    // What is not copied is ours, or was bounded when it was written.
    if (copy && (list->count >= field->size / LIST_BYTES_A_NAME ||
                 length + 1 > field->size - (list->bytes < field->size ? list->bytes : field->size))) {
        mark_cut(part, field);
        return;
    }
    struct text name = {.data = data, .length = (uint32_t)length};
    struct text *names = items_grow(observation, list->names, list->count, LIST_MIN, sizeof(*names));
    if (names == NULL || (copy && !text_copy(observation, &name, length == 0 ? "" : data, length))) {
        mark_cut(part, field);
        return;
    }
    list->names = names;
    names[list->count++] = name;
    list->bytes += (uint32_t)length + 1;
}

void *learn_row_in(struct observation *observation, void *part, const struct field *field)
{
    struct rows *rows = field_value(part, field);
    mark_known(part, field);
    void *items = rows->count >= field->size
                      ? NULL
                      : items_grow(observation, rows->items, rows->count, ROWS_MIN, field->nested->bytes);
    if (items == NULL) {
        mark_cut(part, field);
        return NULL;
    }
    rows->items = items;
    return (uint8_t *)items + field->nested->bytes * rows->count++;
}

void learn_text(struct observation *observation, const struct field *field, const void *data, size_t length)
{
    void *part = observation_part(observation, (enum part_id)field->part);
    if (part != NULL)
        learn_text_in(observation, part, field, data, length);
}

void learn_word(struct observation *observation, const struct field *field, const char *text)
{
    learn_text(observation, field, text, strlen(text));
}

void learn_constant(struct observation *observation, const struct field *field, const char *text)
{
    void *part = observation_part(observation, (enum part_id)field->part);
    if (part != NULL)
        learn_constant_in(observation, part, field, text, strlen(text));
}

void learn_number(struct observation *observation, const struct field *field, int64_t value)
{
    void *part = observation_part(observation, (enum part_id)field->part);
    if (part != NULL)
        learn_number_in(observation, part, field, value);
}

void learn_flag(struct observation *observation, const struct field *field, bool value)
{
    void *part = observation_part(observation, (enum part_id)field->part);
    if (part != NULL)
        learn_flag_in(observation, part, field, value);
}

void learn_address(struct observation *observation, const struct field *field, struct address address)
{
    void *part = observation_part(observation, (enum part_id)field->part);
    if (part == NULL)
        return;
    *(struct address *)field_value(part, field) = address;
    mark_known(part, field);
}

void learn_list(struct observation *observation, const struct field *field)
{
    void *part = observation_part(observation, (enum part_id)field->part);
    if (part != NULL)
        learn_list_in(observation, part, field);
}

void learn_name(struct observation *observation, const struct field *field, const void *data, size_t length)
{
    void *part = observation_part(observation, (enum part_id)field->part);
    if (part != NULL)
        learn_name_in(observation, part, field, data, length, true);
}

void learn_names(struct observation *observation, const struct field *field, const void *data, size_t length,
                 char separator)
{
    const char *at = data;
    const char *end = at + length;
    learn_list(observation, field);
    while (at < end) {
        const char *stop = memchr(at, separator, (size_t)(end - at));
        stop = stop == NULL ? end : stop;
        if (stop > at)
            learn_name(observation, field, at, (size_t)(stop - at));
        at = stop + 1;
    }
}

void learn_cut(struct observation *observation, const struct field *field)
{
    void *part = observation_part(observation, (enum part_id)field->part);
    if (part != NULL)
        mark_cut(part, field);
}

void *learn_row(struct observation *observation, const struct field *field)
{
    void *part = observation_part(observation, (enum part_id)field->part);
    return part == NULL ? NULL : learn_row_in(observation, part, field);
}
