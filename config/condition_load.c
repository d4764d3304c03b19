// SPDX-License-Identifier: BSD-3-Clause
#include "config/condition_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/prefix.h"

enum { PATH_MAX_BYTES = 256, NAMES_MAX = 1024 };

// What reading one condition needs.
struct reading {
    struct key_context *context;
    struct string_table *strings;
    struct condition_list *list;
    const struct part *scope; // of `some`: its rows; NULL = the whole record
    uint32_t depth;
};

static const char *const words[CONDITION_OP_COUNT] = {
#define X(enumerator, word) [enumerator] = word,
    CONDITION_OPS(X)
#undef X
};

static int object_read(struct reading *reading, const char *path, const json_t *value);

// Appends a node; its place in *ret_at. Children that follow are counted by node_close.
static int node_open(struct reading *reading, enum condition_op op, const char *field, size_t *ret_at)
{
    struct condition_list *list = reading->list;
    struct catalogue_condition *nodes = reallocarray(list->nodes, list->count + 1, sizeof(*nodes));
    if (nodes == NULL)
        return -ENOMEM;
    list->nodes = nodes;
    nodes[list->count] = (struct catalogue_condition){.op = op, .span = 1};
    *ret_at = list->count++;
    return string_table_add(reading->strings, field, &nodes[*ret_at].field);
}

// A combination of one thing is that thing.
static void node_close(struct reading *reading, size_t at)
{
    struct condition_list *list = reading->list;
    struct catalogue_condition *node = &list->nodes[at];
    node->span = (uint32_t)(list->count - at);
    if (node->op > CONDITION_ANY || node->span < 2 || node[1].span != node->span - 1)
        return;
    list->count--;
    memmove(node, node + 1, (list->count - at) * sizeof(*node));
}

static size_t names_collect(const struct part *part, char (*texts)[PATH_MAX_BYTES], const char **names, size_t count)
{
    for (size_t i = 0; i < part->field_count && count < NAMES_MAX; i++, count++) {
        (void)field_path(&part->fields[i], texts[count], PATH_MAX_BYTES);
        names[count] = texts[count];
    }
    return count;
}

static int unknown_field(const struct key_context *context, const struct part *scope, const char *path,
                         const char *name)
{
    char(*texts)[PATH_MAX_BYTES] = malloc(NAMES_MAX * sizeof(*texts));
    const char **names = malloc(NAMES_MAX * sizeof(*names));
    const char *nearest = NULL;
    size_t count = 0;
    if (texts != NULL && names != NULL) {
        if (scope != NULL)
            count = names_collect(scope, texts, names, 0);
        for (size_t i = 0; i < PART_COUNT && scope == NULL; i++)
            count = names_collect(parts[i], texts, names, count);
        nearest = keys_nearest(name, names, count);
    }
    int error = key_complain(context, path, "unknown field \"%s\"%s%s%s (sonde help records lists them)", name,
                             nearest != NULL ? ", did you mean \"" : "", nearest != NULL ? nearest : "",
                             nearest != NULL ? "\"?" : "");
    free(texts);
    free(names);
    return error;
}

int condition_unknown_field(const struct key_context *context, const char *path, const char *name)
{
    return unknown_field(context, NULL, path, name);
}

static const struct field *field_named(const struct reading *reading, const char *name)
{
    if (reading->scope == NULL)
        return field_find(name);
    for (size_t i = 0; i < reading->scope->field_count; i++)
        if (strcmp(reading->scope->fields[i].name, name) == 0)
            return &reading->scope->fields[i];
    return NULL;
}

static bool is_time(const struct field *field)
{
    return field->kind == FIELD_TIME || field->kind == FIELD_INSTANT;
}

static bool is_number(const struct field *field)
{
    return field->kind == FIELD_NUMBER || field->kind == FIELD_MILLI;
}

static bool op_fits(enum condition_op op, const struct field *field)
{
    switch (op) {
    case CONDITION_KNOWN:
    case CONDITION_NOT:
        return true;
    case CONDITION_IS:
        return field->kind == FIELD_TEXT || field->kind == FIELD_FLAG || field->kind == FIELD_ADDRESS ||
               is_number(field);
    case CONDITION_HAS:
        return field->kind == FIELD_LIST;
    case CONDITION_STARTS:
    case CONDITION_CONTAINS:
    case CONDITION_SENSITIVE:
        return field->kind == FIELD_TEXT;
    case CONDITION_BELOW:
    case CONDITION_ABOVE:
        return is_number(field);
    case CONDITION_BEFORE:
    case CONDITION_AFTER:
        return is_time(field);
    case CONDITION_SOME:
        return field->kind == FIELD_ROWS;
    case CONDITION_ALL:
    case CONDITION_ANY:
    case CONDITION_OP_COUNT:
        break;
    }
    return false;
}

// "now" or "2026-01-31T00:00:00Z".
static int time_read(struct reading *reading, const char *path, const json_t *value, struct catalogue_condition *node)
{
    struct tm time = {0};
    const char *text = json_string_value(value);
    const char *end = text == NULL ? NULL : strptime(text, "%Y-%m-%dT%H:%M:%SZ", &time);
    if (text != NULL && strcmp(text, "now") == 0) {
        node->now_relative = 1;
        return 0;
    }
    if (end == NULL || *end != '\0')
        return key_complain(reading->context, path, "expected \"now\" or a time as \"2026-01-31T00:00:00Z\"");
    node->number = (int64_t)timegm(&time);
    return 0;
}

// A network, as its first and last address.
static int network_read(struct reading *reading, const char *path, const json_t *value,
                        struct catalogue_condition *node)
{
    struct interval interval;
    const char *text = json_string_value(value);
    if (text == NULL || json_string_length(value) != strlen(text) || prefix_parse(text, &interval) != 0)
        return key_complain(reading->context, path, "expected " PREFIX_EXPECTED);
    node->number = (int64_t)((uint64_t)interval.first << 32 | interval.last);
    return 0;
}

static int value_read(struct reading *reading, const char *path, const struct field *field, const json_t *value,
                      struct catalogue_condition *node)
{
    enum condition_op op = (enum condition_op)node->op;
    if (op == CONDITION_BEFORE || op == CONDITION_AFTER)
        return time_read(reading, path, value, node);
    if (op == CONDITION_KNOWN || op == CONDITION_SENSITIVE || field->kind == FIELD_FLAG) {
        if (!json_is_boolean(value))
            return key_complain(reading->context, path, "expected true or false");
        node->number = json_is_true(value);
        return 0;
    }
    if (field->kind == FIELD_ADDRESS)
        return network_read(reading, path, value, node);
    if (is_number(field)) {
        double number = json_number_value(value) * (field->kind == FIELD_MILLI ? 1000 : 1);
        if (!json_is_number(value) || number < -9e15 || number > 9e15)
            return key_complain(reading->context, path, "expected a number");
        node->number = (int64_t)number;
        return 0;
    }
    if (!json_is_string(value) || json_string_length(value) == 0)
        return key_complain(reading->context, path, "expected a text");
    return string_table_add(reading->strings, json_string_value(value), &node->text);
}

static int test_read(struct reading *reading, const char *path, const struct field *field, const char *name,
                     const json_t *value);

// One test of a field with one operand.
static int operand_read(struct reading *reading, const char *path, const struct field *field, const char *name,
                        enum condition_op op, const json_t *value)
{
    size_t at = 0;
    int error = node_open(reading, op, name, &at);
    if (error != 0)
        return error;
    if (op != CONDITION_SOME)
        return value_read(reading, path, field, value, &reading->list->nodes[at]);
    struct reading rows = *reading;
    rows.scope = field->nested;
    rows.depth++;
    error = object_read(&rows, path, value);
    node_close(reading, at);
    return error;
}

// An array of operands: any of them.
static int operands_read(struct reading *reading, const char *path, const struct field *field, const char *name,
                         enum condition_op op, const json_t *values)
{
    size_t at = 0;
    size_t i;
    json_t *value;
    // "None of nothing" would hold for every host.
    if (json_array_size(values) == 0)
        return key_complain(reading->context, path, "is empty, expected values");
    int error = node_open(reading, CONDITION_ANY, "", &at);
    json_array_foreach(values, i, value)
    {
        char place[PATH_MAX_BYTES];
        (void)snprintf(place, sizeof(place), "%s[%zu]", path, i);
        if (error == 0)
            error = operand_read(reading, place, field, name, op, value);
    }
    if (error == 0)
        node_close(reading, at);
    return error;
}

static int not_read(struct reading *reading, const char *path, const struct field *field, const char *name,
                    const json_t *value)
{
    size_t at = 0;
    int error = node_open(reading, CONDITION_NOT, "", &at);
    if (error == 0)
        error = test_read(reading, path, field, name, value);
    if (error == 0)
        node_close(reading, at);
    return error;
}

static int op_find(const char *word)
{
    if (strcmp(word, "in") == 0)
        return CONDITION_IS;
    for (int op = CONDITION_NOT; op < CONDITION_OP_COUNT; op++)
        if (strcmp(words[op], word) == 0)
            return op;
    return -1;
}

static int unknown_test(const struct reading *reading, const char *path, const char *word)
{
    const char *nearest = keys_nearest(word, words + CONDITION_NOT, CONDITION_OP_COUNT - CONDITION_NOT);
    return key_complain(reading->context, path,
                        "unknown test \"%s\"%s%s%s, expected one of: is in not known has starts contains below above "
                        "before after sensitive some",
                        word, nearest != NULL ? " (did you mean \"" : "", nearest != NULL ? nearest : "",
                        nearest != NULL ? "\"?)" : "");
}

// {"has": "password", "known": true}: all of them.
static int tests_read(struct reading *reading, const char *path, const struct field *field, const char *name,
                      const json_t *tests)
{
    size_t at = 0;
    const char *word;
    json_t *value;
    if (json_object_size(tests) == 0)
        return key_complain(reading->context, path, "holds no test");
    int error = node_open(reading, CONDITION_ALL, "", &at);
    json_object_foreach((json_t *)(uintptr_t)tests, word, value)
    {
        char place[PATH_MAX_BYTES];
        (void)snprintf(place, sizeof(place), "%s.%s", path, word);
        int op = op_find(word);
        if (error == 0 && op < 0)
            error = unknown_test(reading, path, word);
        if (error == 0 && !op_fits((enum condition_op)op, field))
            error = key_complain(reading->context, place, "\"%s\" does not go with \"%s\" (%s)", word, name,
                                 field_kind_names[field->kind]);
        if (error != 0)
            return error;
        if (op == CONDITION_NOT)
            error = not_read(reading, place, field, name, value);
        else if (json_is_array(value))
            error = operands_read(reading, place, field, name, (enum condition_op)op, value);
        else
            error = operand_read(reading, place, field, name, (enum condition_op)op, value);
    }
    if (error == 0)
        node_close(reading, at);
    return error;
}

// What a field is tested for: an object of tests, or a value or several that it is to be.
static int test_read(struct reading *reading, const char *path, const struct field *field, const char *name,
                     const json_t *value)
{
    if (json_is_object(value))
        return tests_read(reading, path, field, name, value);
    enum condition_op op = field->kind == FIELD_LIST ? CONDITION_HAS : CONDITION_IS;
    if (!op_fits(op, field))
        return key_complain(reading->context, path, "\"%s\" (%s): expected an object of tests", name,
                            field_kind_names[field->kind]);
    return json_is_array(value) ? operands_read(reading, path, field, name, op, value)
                                : operand_read(reading, path, field, name, op, value);
}

// An array of whole conditions below one node.
static int combination_read(struct reading *reading, const char *path, enum condition_op op, const json_t *items)
{
    size_t at = 0;
    size_t i;
    json_t *item;
    if (!json_is_array(items) || json_array_size(items) == 0)
        return key_complain(reading->context, path, "expected an array of conditions");
    int error = node_open(reading, op, "", &at);
    json_array_foreach(items, i, item)
    {
        char place[PATH_MAX_BYTES];
        (void)snprintf(place, sizeof(place), "%s[%zu]", path, i);
        struct reading below = *reading;
        below.depth++;
        if (error == 0)
            error = object_read(&below, place, item);
    }
    if (error == 0)
        node_close(reading, at);
    return error;
}

static int none_read(struct reading *reading, const char *path, const json_t *items)
{
    size_t at = 0;
    int error = node_open(reading, CONDITION_NOT, "", &at);
    if (error == 0)
        error = combination_read(reading, path, CONDITION_ANY, items);
    if (error == 0)
        node_close(reading, at);
    return error;
}

static int member_read(struct reading *reading, const char *path, const char *name, const json_t *value)
{
    if (strcmp(name, "all") == 0)
        return combination_read(reading, path, CONDITION_ALL, value);
    if (strcmp(name, "any") == 0)
        return combination_read(reading, path, CONDITION_ANY, value);
    if (strcmp(name, "none") == 0)
        return none_read(reading, path, value);
    const struct field *field = field_named(reading, name);
    if (field == NULL)
        return unknown_field(reading->context, reading->scope, path, name);
    return test_read(reading, path, field, name, value);
}

static int object_read(struct reading *reading, const char *path, const json_t *value)
{
    size_t at = 0;
    const char *name;
    json_t *member;
    // Each level of the text makes up to three of nodes.
    if (reading->depth > CONDITION_DEPTH_MAX / 4)
        return key_complain(reading->context, path, "is nested too deep");
    if (!json_is_object(value) || json_object_size(value) == 0)
        return key_complain(reading->context, path, "is %s, expected an object of fields and their tests",
                            json_is_object(value) ? "empty" : keys_type_name(value));
    int error = node_open(reading, CONDITION_ALL, "", &at);
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        char place[PATH_MAX_BYTES];
        (void)snprintf(place, sizeof(place), "%s[\"%s\"]", path, name);
        if (error == 0)
            error = member_read(reading, place, name, member);
    }
    if (error == 0)
        node_close(reading, at);
    return error;
}

int condition_read(struct key_context *context, const char *path, const json_t *value, struct string_table *strings,
                   struct condition_list *list)
{
    struct reading reading = {.context = context, .strings = strings, .list = list};
    size_t first = list->count;
    int error = object_read(&reading, path, value);
    const struct catalogue made = {.conditions = list->nodes, .condition_count = list->count};
    if (error == 0 && !catalogue_condition_fits(&made, (uint32_t)first, (uint32_t)(list->count - first)))
        return key_complain(context, path, "is nested too deep");
    return error;
}
