// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What values, rows and shapes may take of memory, each.
enum { VALUES_BYTES_MAX = 64 << 20, SHAPES_BYTES_MAX = 256 << 20, FACTS_FIRST = 4096, SCRATCH_FIRST = 256 };

static const uint32_t none = UINT32_MAX;

// FACTS_NONE: its NUL is in no text of a record.
static const char empty_list[] = "(none)";

// ---- What the study asks for
// ------------------------------------------------------------------------------------------

static uint32_t path_find(struct facts *facts, const char *name)
{
    const struct field *field = field_find(name);
    for (size_t i = 0; i < facts->paths.count; i++)
        if (facts->paths.fields[i] == field)
            return (uint32_t)i;
    if (facts->paths.count == FACTS_PATHS_MAX || field == NULL)
        return none;
    facts->paths.fields[facts->paths.count] = field;
    return (uint32_t)facts->paths.count++;
}

uint32_t facts_ask(struct facts *facts, const char *path)
{
    return path_find(facts, path);
}

static const struct field *row_field(const struct field *list, const char *name)
{
    for (size_t i = 0; i < list->nested->field_count; i++)
        if (strcmp(list->nested->fields[i].name, name) == 0)
            return &list->nested->fields[i];
    return NULL;
}

static struct facts_list *list_find(struct facts *facts, const struct study_table *table, uint32_t *ret_index)
{
    const struct field *field = field_find(table->each);
    const struct field *key = field == NULL || field->nested == NULL ? NULL : row_field(field, table->key);
    for (size_t i = 0; i < facts->list_count; i++)
        if (facts->lists[i].field == field && facts->lists[i].key == key) {
            *ret_index = (uint32_t)i;
            return &facts->lists[i];
        }
    if (facts->list_count == FACTS_LISTS_MAX || key == NULL)
        return NULL;
    *ret_index = (uint32_t)facts->list_count;
    facts->lists[facts->list_count] = (struct facts_list){.field = field, .key = key};
    return &facts->lists[facts->list_count++];
}

static uint32_t list_field_find(struct facts_list *list, const char *name)
{
    const struct field *field = row_field(list->field, name);
    for (size_t i = 0; i < list->field_count; i++)
        if (list->fields[i] == field)
            return (uint32_t)i;
    if (list->field_count == FACTS_PATHS_MAX || field == NULL)
        return none;
    list->fields[list->field_count] = field;
    return (uint32_t)list->field_count++;
}

// Resolves a path of lines or columns. False when there is no room for it.
static bool place_resolve(struct facts *facts, struct facts_list *list, const char *each, const char *name,
                          uint32_t *ret_index, bool *ret_in_list)
{
    size_t length = strlen(each);
    *ret_index = none;
    *ret_in_list = list != NULL && strncmp(name, each, length) == 0 && name[length] == '.';
    if (name[0] == '\0')
        return true;
    *ret_index = *ret_in_list ? list_field_find(list, name + length + 1) : path_find(facts, name);
    return *ret_index != none;
}

static bool table_resolve(struct facts *facts, size_t index)
{
    const struct study_table *table = &facts->study->tables[index];
    struct facts_table *ret = &facts->tables[index];
    struct facts_list *list = NULL;
    *ret = (struct facts_table){.list = none, .list_condition = none};
    if (table->each[0] != '\0') {
        list = list_find(facts, table, &ret->list);
        if (list == NULL)
            return false;
        ret->list_condition = (uint32_t)list->condition_count;
        list->conditions[list->condition_count++] = table->each_when;
    }
    return place_resolve(facts, list, table->each, table->rows, &ret->rows, &ret->rows_in_list) &&
           place_resolve(facts, list, table->each, table->columns, &ret->columns, &ret->columns_in_list);
}

// Many tables are of the same units.
static int same_find(struct facts *facts)
{
    const struct catalogue *catalogue = &facts->study->catalogue;
    facts->same = calloc(catalogue->finding_count + 1, sizeof(facts->same[0]));
    if (facts->same == NULL)
        return ENOMEM;
    for (uint32_t i = 0; i < catalogue->finding_count; i++) {
        const struct catalogue_finding *finding = &catalogue->findings[i];
        const struct catalogue_condition *nodes = &catalogue->conditions[finding->condition];
        uint32_t first = 0;
        while (first < i && (catalogue->findings[first].condition_count != finding->condition_count ||
                             memcmp(&catalogue->conditions[catalogue->findings[first].condition], nodes,
                                    finding->condition_count * sizeof(nodes[0])) != 0))
            first++;
        facts->same[i] = first;
    }
    return 0;
}

// Of the part that is lent, and none of its conditions asks what time it was.
static bool list_is_lendable(const struct facts *facts, const struct facts_list *list)
{
    bool lendable = list->field->part == PART_vulnerabilities;
    for (size_t i = 0; i < list->condition_count && lendable; i++)
        lendable =
            !condition_asks_time(facts->conditions, facts->study->catalogue.findings[list->conditions[i]].condition);
    return lendable;
}

struct facts *facts_new(const struct study *study)
{
    struct facts *facts = calloc(1, sizeof(*facts));
    if (facts == NULL)
        return NULL;
    facts->study = study;
    facts->scratch_words = SCRATCH_FIRST;
    facts->scratch = malloc(SCRATCH_FIRST * sizeof(facts->scratch[0]));
    facts->conditions = conditions_new(&study->catalogue, study->strings.bytes, study->strings.length);
    int error = facts->conditions == NULL ? errno : facts->scratch == NULL ? ENOMEM : 0;
    if (error == 0)
        error = -intern_init(&facts->values, VALUES_BYTES_MAX);
    uint32_t first;
    if (error == 0)
        error = -intern_put(&facts->values, empty_list, sizeof(empty_list), &first);
    if (error == 0)
        error = -intern_init(&facts->shapes, SHAPES_BYTES_MAX);
    if (error == 0)
        error = same_find(facts);
    for (size_t i = 0; i < study->table_count && error == 0; i++)
        error = table_resolve(facts, i) ? 0 : EINVAL;
    for (size_t i = 0; i < facts->list_count && error == 0; i++)
        error = -intern_init(&facts->lists[i].rows, SHAPES_BYTES_MAX);
    for (size_t i = 0; i < facts->list_count && error == 0; i++)
        facts->lists[i].lendable = list_is_lendable(facts, &facts->lists[i]);
    if (error == 0)
        return facts;
    facts_free(facts);
    errno = error;
    return NULL;
}

void facts_free(struct facts *facts)
{
    if (facts == NULL)
        return;
    conditions_free(facts->conditions);
    intern_fini(&facts->values);
    for (size_t i = 0; i < facts->list_count; i++) {
        intern_fini(&facts->lists[i].rows);
        free(facts->lists[i].places);
        free(facts->lists[i].lent);
    }
    intern_fini(&facts->shapes);
    free(facts->items);
    free(facts->scratch);
    free(facts->same);
    free(facts);
}

// ---- What a record says
// -----------------------------------------------------------------------------------------------

// A shape while it is made, in the facts' scratch memory.
struct making {
    struct facts *facts;
    const struct observation *observation;
    int64_t now_s;
    size_t at;
    int error;
};

static void word_put(struct making *making, uint32_t word)
{
    struct facts *facts = making->facts;
    if (making->at == facts->scratch_words) {
        uint32_t *scratch = reallocarray(facts->scratch, facts->scratch_words * 2, sizeof(scratch[0]));
        if (scratch == NULL) {
            making->error = -ENOMEM;
            return;
        }
        facts->scratch = scratch;
        facts->scratch_words *= 2;
    }
    facts->scratch[making->at++] = word;
}

static size_t truth_words(const struct study *study)
{
    return (study->catalogue.finding_count + 15) / 16;
}

static uint32_t text_value(struct making *making, const void *bytes, size_t length)
{
    uint32_t value = 0;
    int error = intern_put(&making->facts->values, bytes, length, &value);
    if (error == -ENOSPC) {
        making->facts->crowded++;
        error = intern_put(&making->facts->values, "(other)", 7, &value) == 0 ? 0 : -ENOSPC;
    }
    if (error != 0)
        making->error = error;
    return value;
}

// The value of a known field with one value.
static uint32_t field_text(struct making *making, const struct field *field, const void *value)
{
    char text[64];
    int64_t number = 0;
    int length = 0;
    switch ((enum field_kind)field->kind) {
    case FIELD_TEXT:
        return text_value(making, ((const struct text *)value)->data, ((const struct text *)value)->length);
    case FIELD_FLAG:
        return *(const bool *)value ? text_value(making, "true", 4) : text_value(making, "false", 5);
    case FIELD_ADDRESS:
        return text_value(making, text, address_print(value, text));
    default:
        number = *(const int64_t *)value;
        length = field->kind == FIELD_MILLI ? snprintf(text, sizeof(text), "%lld.%03lld", (long long)(number / 1000),
                                                       (long long)(number % 1000))
                                            : snprintf(text, sizeof(text), "%lld", (long long)number);
        return text_value(making, text, (size_t)length);
    }
}

static int words_compare(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a;
    uint32_t second = *(const uint32_t *)b;
    return (first > second) - (first < second);
}

// Sorts what was put since `first`, which follows its number, and leaves each word once.
static void words_settle(struct making *making, size_t first)
{
    uint32_t *words = making->facts->scratch + first;
    size_t count = making->at - first;
    size_t kept = 0;
    if (count > 1)
        qsort(words, count, sizeof(words[0]), words_compare);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || words[kept - 1] != words[i])
            words[kept++] = words[i];
    making->at = first + kept;
    words[-1] = (uint32_t)kept;
}

static void path_make(struct making *making, const struct field *field)
{
    const void *base = making->observation->parts[field->part];
    word_put(making, 0);
    size_t first = making->at;
    if (making->error != 0)
        return;
    if (field_known(base, field)) {
        const void *value = field_value_const(base, field);
        const struct list *list = value;
        if (field->kind != FIELD_LIST)
            word_put(making, field_text(making, field, value));
        for (uint32_t i = 0; field->kind == FIELD_LIST && i < list->count; i++)
            word_put(making, text_value(making, list->names[i].data, list->names[i].length));
        if (field->kind == FIELD_LIST && list->count == 0)
            word_put(making, FACTS_NONE);
    }
    if (making->error == 0)
        words_settle(making, first);
}

// One row of a list, whose words stand in scratch behind the record's until they are kept.
static uint32_t row_make(struct making *making, struct facts_list *list, const void *row)
{
    size_t first = making->at;
    uint32_t number = 0;
    word_put(making, field_text(making, list->key, field_value_const(row, list->key)));
    for (size_t i = 0; i < list->condition_count; i++) {
        const struct catalogue_finding *condition = &making->facts->study->catalogue.findings[list->conditions[i]];
        word_put(making, condition_judge_row(making->facts->conditions, condition->condition, making->observation, row,
                                             making->now_s));
    }
    for (size_t i = 0; i < list->field_count; i++)
        word_put(making, field_known(row, list->fields[i])
                             ? field_text(making, list->fields[i], field_value_const(row, list->fields[i]))
                             : 0);
    if (making->error == 0)
        making->error =
            intern_put(&list->rows, making->facts->scratch + first, (making->at - first) * sizeof(uint32_t), &number);
    making->at = first;
    return number;
}

// The rows of a part that an earlier record has shown. False when none has.
static bool list_recall(struct making *making, const struct facts_list *list, uint32_t number)
{
    if (!list->lendable || number >= list->place_count || list->places[number] == 0)
        return false;
    const uint32_t *at = &list->lent[list->places[number]];
    for (uint32_t i = 0; i <= *at && making->error == 0; i++)
        word_put(making, at[i]);
    return true;
}

// Room for the place of a number, and for these many words.
static int lent_grow(struct facts_list *list, uint32_t number, size_t words)
{
    size_t places = list->place_count == 0 ? FACTS_FIRST : list->place_count;
    size_t room = list->lent_room == 0 ? FACTS_FIRST : list->lent_room;
    while (places <= number)
        places *= 2;
    while (room < list->lent_count + words)
        room *= 2;
    if (places > list->place_count) {
        uint32_t *grown = reallocarray(list->places, places, sizeof(grown[0]));
        if (grown == NULL)
            return -ENOMEM;
        memset(grown + list->place_count, 0, (places - list->place_count) * sizeof(grown[0]));
        list->places = grown;
        list->place_count = places;
    }
    if (room > list->lent_room) {
        uint32_t *grown = reallocarray(list->lent, room, sizeof(grown[0]));
        if (grown == NULL)
            return -ENOMEM;
        list->lent = grown;
        list->lent_room = room;
    }
    return 0;
}

// Keeps the rows that were put since `first`, where their number stands.
static void list_keep(struct making *making, struct facts_list *list, uint32_t number, size_t first)
{
    size_t words = making->at - first;
    if (!list->lendable || number == 0)
        return;
    making->error = lent_grow(list, number, words + 1);
    if (making->error != 0)
        return;
    // The first word is none's place.
    list->lent_count += list->lent_count == 0 ? 1 : 0;
    memcpy(list->lent + list->lent_count, making->facts->scratch + first, words * sizeof(uint32_t));
    list->places[number] = (uint32_t)list->lent_count;
    list->lent_count += words;
}

static void list_make(struct making *making, struct facts_list *list)
{
    const void *base = making->observation->parts[list->field->part];
    uint32_t number = making->observation->lent;
    if (list_recall(making, list, number))
        return;
    word_put(making, 0);
    size_t first = making->at;
    if (making->error != 0)
        return;
    const struct rows *rows = field_known(base, list->field) ? field_value_const(base, list->field) : NULL;
    for (uint32_t i = 0; rows != NULL && i < rows->count && making->error == 0; i++) {
        const void *row = (const uint8_t *)rows->items + (size_t)i * list->field->nested->bytes;
        if (field_known(row, list->key))
            word_put(making, row_make(making, list, row));
    }
    if (making->error == 0)
        words_settle(making, first);
    if (making->error == 0)
        list_keep(making, list, number, first - 1);
}

static void truths_make(struct making *making)
{
    const struct catalogue *catalogue = &making->facts->study->catalogue;
    size_t first = making->at;
    for (size_t i = 0; i < truth_words(making->facts->study) && making->error == 0; i++)
        word_put(making, 0);
    for (uint32_t i = 0; i < catalogue->finding_count && making->error == 0; i++) {
        uint32_t *words = making->facts->scratch + first;
        uint32_t same = making->facts->same[i];
        uint32_t truth = same < i
                             ? words[same / 16] >> (same % 16 * 2) & 3
                             : (uint32_t)condition_judge(making->facts->conditions, catalogue->findings[i].condition,
                                                         making->observation, making->now_s);
        words[i / 16] |= truth << (i % 16 * 2);
    }
}

static int shape_make(struct making *making, uint32_t *ret_shape)
{
    struct facts *facts = making->facts;
    truths_make(making);
    for (size_t i = 0; i < facts->paths.count && making->error == 0; i++)
        path_make(making, facts->paths.fields[i]);
    for (size_t i = 0; i < facts->list_count && making->error == 0; i++)
        list_make(making, &facts->lists[i]);
    if (making->error != 0)
        return making->error;
    return intern_put(&facts->shapes, facts->scratch, making->at * sizeof(uint32_t), ret_shape);
}

static int fact_add(struct facts *facts, const struct fact *fact)
{
    if (facts->count == facts->capacity) {
        size_t capacity = facts->capacity == 0 ? FACTS_FIRST : facts->capacity * 2;
        struct fact *items = reallocarray(facts->items, capacity, sizeof(items[0]));
        if (items == NULL)
            return -ENOMEM;
        facts->items = items;
        facts->capacity = capacity;
    }
    facts->items[facts->count++] = *fact;
    return 0;
}

static void times_take(struct facts *facts, int64_t first_s, int64_t last_s)
{
    if (facts->first_s == 0 || (first_s != 0 && first_s < facts->first_s))
        facts->first_s = first_s;
    if (last_s > facts->last_s)
        facts->last_s = last_s;
}

int facts_add(struct facts *facts, const struct observation *observation)
{
    const struct root_observation *root = observation->root;
    if (root == NULL || !root->known.ip || !root->known.port || !root->known.time || root->port < 0 ||
        root->port > UINT16_MAX || root->ip.family != 4) {
        facts->other++;
        return 0;
    }
    struct making making = {.facts = facts, .observation = observation, .now_s = root->time / 1000};
    const struct study *study = facts->study;
    if (study->filter != STUDY_NONE &&
        condition_judge(facts->conditions, study->catalogue.findings[study->filter].condition, observation,
                        making.now_s) != TRUTH_TRUE) {
        facts->filtered++;
        return 0;
    }
    if (study->aside != STUDY_NONE &&
        condition_judge(facts->conditions, study->catalogue.findings[study->aside].condition, observation,
                        making.now_s) == TRUTH_TRUE) {
        facts->aside++;
        return 0;
    }
    struct fact fact = {.address = address_number(&root->ip), .port = (uint16_t)root->port};
    fact.time_s = making.now_s < 0 ? 0 : making.now_s > UINT32_MAX ? UINT32_MAX : (uint32_t)making.now_s;
    int error = shape_make(&making, &fact.shape);
    if (error == 0)
        error = fact_add(facts, &fact);
    if (error == 0)
        times_take(facts, making.now_s, making.now_s);
    return error;
}

// ---- Reading a shape
// --------------------------------------------------------------------------------------------------

struct shape facts_shape(const struct facts *facts, uint32_t shape)
{
    size_t length;
    const void *bytes = intern_get(&facts->shapes, shape, &length);
    return (struct shape){.words = bytes, .count = length / sizeof(uint32_t)};
}

enum truth shape_truth(const struct shape *shape, uint32_t condition)
{
    return (enum truth)(shape->words[condition / 16] >> (condition % 16 * 2) & 3);
}

static struct shape_values group_at(const struct facts *facts, const struct shape *shape, size_t group)
{
    const uint32_t *at = shape->words + truth_words(facts->study);
    for (size_t i = 0; i < group; i++)
        at += 1 + *at;
    return (struct shape_values){.values = at + 1, .count = *at};
}

struct shape_values shape_path(const struct facts *facts, const struct shape *shape, size_t path)
{
    return group_at(facts, shape, path);
}

struct shape_values shape_list(const struct facts *facts, const struct shape *shape, size_t list)
{
    return group_at(facts, shape, facts->paths.count + list);
}

const uint32_t *facts_row(const struct facts *facts, size_t list, uint32_t row)
{
    size_t length;
    return intern_get(&facts->lists[list].rows, row, &length);
}

const char *facts_value(const struct facts *facts, uint32_t value, size_t *ret_length)
{
    const char *text = intern_get(&facts->values, value, ret_length);
    *ret_length -= value == FACTS_NONE ? 1 : 0;
    return text;
}

// ---- Merging
// ----------------------------------------------------------------------------------------------------------

// The numbers of one as the other has them.
struct renumbering {
    uint32_t *values;
    uint32_t *rows[FACTS_LISTS_MAX];
    uint32_t *shapes;
};

static void renumbering_fini(struct renumbering *numbers)
{
    free(numbers->values);
    free(numbers->shapes);
    for (size_t i = 0; i < FACTS_LISTS_MAX; i++)
        free(numbers->rows[i]);
}

static uint32_t *numbers_new(const struct intern *intern)
{
    return calloc(intern->count, sizeof(uint32_t));
}

static int values_merge(struct facts *into, const struct facts *from, uint32_t *ret_values)
{
    struct making making = {.facts = into};
    for (uint32_t i = 0; i < from->values.count && making.error == 0; i++) {
        size_t length;
        const char *text = intern_get(&from->values, i, &length);
        ret_values[i] = text_value(&making, text, length);
    }
    return making.error;
}

static int rows_merge(struct facts *into, const struct facts *from, size_t index, struct renumbering *numbers)
{
    struct facts_list *list = &into->lists[index];
    struct making making = {.facts = into};
    // The first is the empty string of every intern, and no row.
    for (uint32_t i = 1; i < from->lists[index].rows.count && making.error == 0; i++) {
        const uint32_t *row = facts_row(from, index, i);
        making.at = 0;
        word_put(&making, numbers->values[row[0]]);
        for (size_t c = 0; c < list->condition_count; c++)
            word_put(&making, row[1 + c]);
        for (size_t f = 0; f < list->field_count; f++)
            word_put(&making, numbers->values[row[1 + list->condition_count + f]]);
        if (making.error == 0)
            making.error =
                intern_put(&list->rows, into->scratch, making.at * sizeof(uint32_t), &numbers->rows[index][i]);
    }
    return making.error;
}

static void group_merge(struct making *making, const uint32_t **at, const uint32_t *numbers)
{
    uint32_t count = *(*at)++;
    word_put(making, count);
    size_t first = making->at;
    for (uint32_t i = 0; i < count && making->error == 0; i++)
        word_put(making, numbers[*(*at)++]);
    if (making->error == 0)
        words_settle(making, first);
}

static int shape_merge(struct facts *into, const struct facts *from, uint32_t shape, struct renumbering *numbers)
{
    struct making making = {.facts = into};
    const uint32_t *at = facts_shape(from, shape).words;
    for (size_t i = 0; i < truth_words(from->study); i++)
        word_put(&making, *at++);
    for (size_t i = 0; i < from->paths.count && making.error == 0; i++)
        group_merge(&making, &at, numbers->values);
    for (size_t i = 0; i < from->list_count && making.error == 0; i++)
        group_merge(&making, &at, numbers->rows[i]);
    if (making.error != 0)
        return making.error;
    return intern_put(&into->shapes, into->scratch, making.at * sizeof(uint32_t), &numbers->shapes[shape]);
}

static int numbers_merge(struct facts *into, const struct facts *from, struct renumbering *numbers)
{
    numbers->values = numbers_new(&from->values);
    numbers->shapes = numbers_new(&from->shapes);
    int error =
        numbers->values == NULL || numbers->shapes == NULL ? -ENOMEM : values_merge(into, from, numbers->values);
    for (size_t i = 0; i < from->list_count && error == 0; i++) {
        numbers->rows[i] = numbers_new(&from->lists[i].rows);
        error = numbers->rows[i] == NULL ? -ENOMEM : rows_merge(into, from, i, numbers);
    }
    for (uint32_t i = 1; i < from->shapes.count && error == 0; i++)
        error = shape_merge(into, from, i, numbers);
    return error;
}

int facts_merge(struct facts *into, struct facts *from)
{
    struct renumbering numbers = {0};
    int error = numbers_merge(into, from, &numbers);
    for (size_t i = 0; i < from->count && error == 0; i++) {
        struct fact fact = from->items[i];
        fact.shape = numbers.shapes[fact.shape];
        error = fact_add(into, &fact);
    }
    renumbering_fini(&numbers);
    into->filtered += from->filtered;
    into->aside += from->aside;
    into->other += from->other;
    into->crowded += from->crowded;
    times_take(into, from->first_s, from->last_s);
    return error;
}
