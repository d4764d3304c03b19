// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/condition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct conditions {
    const struct catalogue *catalogue;
    const char *strings;
    size_t string_bytes;
    struct text *sensitive; // names of services
    size_t sensitive_count;
    struct resolved {
        const struct field *field; // NULL where it has none
        const struct field *only;  // that all tests under it ask for, so that nothing is known without; NULL
        struct text word;
        uint64_t needs;             // bits of parts: without one of these that the record lacks it cannot be true
        const struct text *service; // nor for another one than this; NULL: it asks for none
    } nodes[];                      // of the catalogue's
};
_Static_assert((int)PART_COUNT <= 64, "needs has a bit for every part");

// Where a test looks: the record's parts, or one row.
struct scope {
    const struct conditions *conditions;
    const struct observation *observation;
    const void *row; // NULL = the record
    int64_t now_s;
};

static const char *string_at(const struct conditions *conditions, uint32_t offset)
{
    return offset < conditions->string_bytes ? conditions->strings + offset : "";
}

static const struct field *field_named(const struct part *scope, const char *name)
{
    if (scope == NULL)
        return field_find(name);
    for (size_t i = 0; i < scope->field_count; i++)
        if (strcmp(scope->fields[i].name, name) == 0)
            return &scope->fields[i];
    return NULL;
}

// Whether a test can read a value of this kind. config/condition_load.c says so to who wrote it; an image may be
// damaged.
static bool test_fits(enum condition_op op, enum field_kind kind)
{
    bool number = kind == FIELD_NUMBER || kind == FIELD_MILLI;
    switch (op) {
    case CONDITION_KNOWN:
        return true;
    case CONDITION_IS:
        return number || kind == FIELD_TEXT || kind == FIELD_FLAG || kind == FIELD_ADDRESS;
    case CONDITION_HAS:
        return kind == FIELD_LIST;
    case CONDITION_STARTS:
    case CONDITION_CONTAINS:
    case CONDITION_SENSITIVE:
        return kind == FIELD_TEXT;
    case CONDITION_BELOW:
    case CONDITION_ABOVE:
        return number;
    case CONDITION_BEFORE:
    case CONDITION_AFTER:
        return kind == FIELD_TIME || kind == FIELD_INSTANT;
    case CONDITION_SOME:
        return kind == FIELD_ROWS;
    default:
        return false;
    }
}

// Finds the fields of a node and its children, which lie in `scope`. False for a field that is not there, one that the
// test does not go with, and a node that another condition has already.
static bool nodes_resolve(struct conditions *conditions, uint32_t first, const struct part *scope)
{
    const struct catalogue_condition *node = &conditions->catalogue->conditions[first];
    bool combines = node->op <= CONDITION_NOT;
    const struct field *field = combines ? NULL : field_named(scope, string_at(conditions, node->field));
    if (!combines && (field == NULL || !test_fits((enum condition_op)node->op, (enum field_kind)field->kind)))
        return false;
    if (conditions->nodes[first].word.data != NULL)
        return false;
    const char *word = string_at(conditions, node->text);
    conditions->nodes[first] =
        (struct resolved){.field = field, .word = {.data = word, .length = (uint32_t)strlen(word)}};
    scope = node->op == CONDITION_SOME ? field->nested : scope;
    for (uint32_t at = first + 1; at < first + node->span; at += conditions->catalogue->conditions[at].span)
        if (!nodes_resolve(conditions, at, scope))
            return false;
    return true;
}

// The field without which a node is neither true nor false. Lists of words are many tests of one field, which most
// records do not have.
static const struct field *node_only(const struct conditions *conditions, uint32_t first)
{
    const struct catalogue_condition *nodes = conditions->catalogue->conditions;
    const struct catalogue_condition *node = &nodes[first];
    if (node->op > CONDITION_NOT)
        return node->op == CONDITION_KNOWN ? NULL : conditions->nodes[first].field;
    const struct field *only = node->span == 1 ? NULL : node_only(conditions, first + 1);
    for (uint32_t at = first + 1; at < first + node->span && only != NULL; at += nodes[at].span)
        only = node_only(conditions, at) == only ? only : NULL;
    return only;
}

// For a node and all under it.
static void nodes_only(struct conditions *conditions, uint32_t first)
{
    for (uint32_t at = first; at < first + conditions->catalogue->conditions[first].span; at++)
        conditions->nodes[at].only = node_only(conditions, at);
}

// The parts that a node needs of a record. Nearly all of a catalogue's findings are about a protocol that a host does
// not speak, and one look at its parts settles those.
static uint64_t node_needs(const struct conditions *conditions, uint32_t first)
{
    const struct catalogue_condition *nodes = conditions->catalogue->conditions;
    const struct catalogue_condition *node = &nodes[first];
    if (node->op == CONDITION_NOT || (node->op == CONDITION_KNOWN && node->number == 0))
        return 0;
    if (node->op != CONDITION_ALL && node->op != CONDITION_ANY)
        return UINT64_C(1) << conditions->nodes[first].field->part;
    uint64_t needs = node->op == CONDITION_ALL || node->span == 1 ? 0 : UINT64_MAX;
    for (uint32_t at = first + 1; at < first + node->span; at += nodes[at].span) {
        uint64_t child = node_needs(conditions, at);
        needs = node->op == CONDITION_ALL ? needs | child : needs & child;
    }
    return needs;
}

// The service without which a node cannot be true; NULL when it asks for none, or for several.
static const struct text *node_service(const struct conditions *conditions, uint32_t first)
{
    const struct catalogue_condition *nodes = conditions->catalogue->conditions;
    const struct text *service = NULL;
    if (nodes[first].op == CONDITION_IS && conditions->nodes[first].field == FIELD(root, service))
        return &conditions->nodes[first].word;
    for (uint32_t at = first + 1; nodes[first].op == CONDITION_ALL && at < first + nodes[first].span && service == NULL;
         at += nodes[at].span)
        service = node_service(conditions, at);
    return service;
}

static int sensitive_find(struct conditions *conditions)
{
    const struct catalogue *catalogue = conditions->catalogue;
    conditions->sensitive = calloc(catalogue->service_count + 1, sizeof(conditions->sensitive[0]));
    if (conditions->sensitive == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < catalogue->service_count; i++) {
        const char *name = string_at(conditions, catalogue->services[i].name);
        if (catalogue->services[i].sensitive != 0)
            conditions->sensitive[conditions->sensitive_count++] =
                (struct text){.data = name, .length = (uint32_t)strlen(name)};
    }
    return 0;
}

struct conditions *conditions_new(const struct catalogue *catalogue, const char *strings, size_t string_bytes)
{
    struct conditions *conditions =
        calloc(1, sizeof(*conditions) + catalogue->condition_count * sizeof(conditions->nodes[0]));
    if (conditions == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    conditions->catalogue = catalogue;
    conditions->strings = strings;
    conditions->string_bytes = string_bytes;
    if (sensitive_find(conditions) != 0) {
        conditions_free(conditions);
        errno = ENOMEM;
        return NULL;
    }
    for (size_t i = 0; i < catalogue->finding_count; i++) {
        const struct catalogue_finding *finding = &catalogue->findings[i];
        if (!catalogue_condition_fits(catalogue, finding->condition, finding->condition_count) ||
            !nodes_resolve(conditions, finding->condition, NULL)) {
            conditions_free(conditions);
            errno = EINVAL;
            return NULL;
        }
        struct resolved *root = &conditions->nodes[finding->condition];
        root->needs = node_needs(conditions, finding->condition);
        root->service = node_service(conditions, finding->condition);
        nodes_only(conditions, finding->condition);
    }
    return conditions;
}

void conditions_free(struct conditions *conditions)
{
    if (conditions == NULL)
        return;
    free(conditions->sensitive);
    free(conditions);
}

static enum truth truth_of(bool holds)
{
    return holds ? TRUTH_TRUE : TRUTH_FALSE;
}

// Letters of ASCII in either case.
static bool text_holds(const struct text *text, const struct text *word, bool at_start)
{
    for (size_t at = 0; at + word->length <= text->length; at++) {
        if (strncasecmp(text->data + at, word->data, word->length) == 0)
            return true;
        if (at_start)
            break;
    }
    return false;
}

static bool texts_equal(const struct text *text, const struct text *other)
{
    return text->length == other->length && memcmp(text->data, other->data, text->length) == 0;
}

static bool list_holds(const struct list *list, const struct text *word)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (texts_equal(&list->names[i], word))
            return true;
    return false;
}

static bool service_is_sensitive(const struct conditions *conditions, const struct text *name)
{
    for (size_t i = 0; i < conditions->sensitive_count; i++)
        if (texts_equal(name, &conditions->sensitive[i]))
            return true;
    return false;
}

// The number a NUMBER, MILLI or FLAG is; of a time its seconds.
static int64_t number_of(const struct field *field, const void *value)
{
    if (field->kind == FIELD_FLAG)
        return *(const bool *)value;
    int64_t number = *(const int64_t *)value;
    return field->kind == FIELD_INSTANT ? number / 1000 : number;
}

// Of IPv4 alone, as records have them.
static bool is_within(const struct address *address, uint64_t network)
{
    uint32_t number = address_number(address);
    return address->family == 4 && number >= network >> 32 && number <= (uint32_t)network;
}

static bool is_equal(const struct catalogue_condition *node, const struct field *field, const void *value,
                     const struct text *word)
{
    if (field->kind == FIELD_ADDRESS)
        return is_within(value, (uint64_t)node->number);
    return field->kind == FIELD_TEXT ? texts_equal(value, word) : number_of(field, value) == node->number;
}

// What a test of the part that was kept says of the whole.
static enum truth cut_truth(const struct catalogue_condition *node, const void *value, const struct text *word,
                            enum truth truth)
{
    const struct text *kept = value;
    if (node->op == CONDITION_IS)
        return kept->length < word->length && memcmp(kept->data, word->data, kept->length) == 0 ? TRUTH_UNKNOWN
                                                                                                : TRUTH_FALSE;
    if (truth == TRUTH_TRUE)
        return TRUTH_TRUE;
    bool settled = node->op == CONDITION_STARTS &&
                   (kept->length >= word->length || strncasecmp(kept->data, word->data, kept->length) != 0);
    return settled ? TRUTH_FALSE : TRUTH_UNKNOWN;
}

// A test of a field whose value is known.
static bool value_passes(const struct scope *scope, uint32_t first, const struct field *field, const void *value)
{
    const struct catalogue_condition *node = &scope->conditions->catalogue->conditions[first];
    const struct text *word = &scope->conditions->nodes[first].word;
    int64_t number = (int64_t)((uint64_t)node->number + (node->now_relative != 0 ? (uint64_t)scope->now_s : 0));
    switch ((enum condition_op)node->op) {
    case CONDITION_IS:
        return is_equal(node, field, value, word);
    case CONDITION_HAS:
        return list_holds(value, word);
    case CONDITION_STARTS:
    case CONDITION_CONTAINS:
        return text_holds(value, word, node->op == CONDITION_STARTS);
    case CONDITION_BELOW:
    case CONDITION_BEFORE:
        return number_of(field, value) < number;
    case CONDITION_ABOVE:
    case CONDITION_AFTER:
        return number_of(field, value) > number;
    case CONDITION_SENSITIVE:
        return service_is_sensitive(scope->conditions, value) == (node->number != 0);
    default:
        return false;
    }
}

static enum truth node_truth(const struct scope *scope, uint32_t first);

// The least or the most of what the children are.
static enum truth children_truth(const struct scope *scope, uint32_t first, bool all)
{
    const struct catalogue_condition *nodes = scope->conditions->catalogue->conditions;
    enum truth truth = all ? TRUTH_TRUE : TRUTH_FALSE;
    enum truth final = all ? TRUTH_FALSE : TRUTH_TRUE;
    for (uint32_t at = first + 1; at < first + nodes[first].span && truth != final; at += nodes[at].span) {
        enum truth child = node_truth(scope, at);
        truth = (all ? child < truth : child > truth) ? child : truth;
    }
    return truth;
}

static enum truth rows_truth(const struct scope *scope, uint32_t first, const struct field *field,
                             const struct rows *rows)
{
    enum truth truth = TRUTH_FALSE;
    for (uint32_t i = 0; i < rows->count && truth != TRUTH_TRUE; i++) {
        struct scope row = *scope;
        row.row = (const uint8_t *)rows->items + i * field->nested->bytes;
        enum truth child = node_truth(&row, first + 1);
        truth = child > truth ? child : truth;
    }
    return truth;
}

// Where a field of this scope lies.
static const void *base_of(const struct scope *scope, const struct field *field)
{
    return scope->row != NULL ? scope->row : scope->observation->parts[field->part];
}

static enum truth node_truth(const struct scope *scope, uint32_t first)
{
    const struct catalogue_condition *node = &scope->conditions->catalogue->conditions[first];
    const struct field *only = scope->conditions->nodes[first].only;
    if (only != NULL && !field_known(base_of(scope, only), only))
        return TRUTH_UNKNOWN;
    if (node->op == CONDITION_NOT)
        return (enum truth)(TRUTH_TRUE - node_truth(scope, first + 1));
    if (node->op == CONDITION_ALL || node->op == CONDITION_ANY)
        return children_truth(scope, first, node->op == CONDITION_ALL);
    const struct field *field = scope->conditions->nodes[first].field;
    const void *base = base_of(scope, field);
    bool known = field_known(base, field);
    bool cut =
        (field->kind == FIELD_TEXT || field->kind == FIELD_LIST || field->kind == FIELD_ROWS) && field_cut(base, field);
    // What came and could not be kept is not what never came.
    if (node->op == CONDITION_KNOWN)
        return truth_of((known || cut) == (node->number != 0));
    if (!known)
        return TRUTH_UNKNOWN;
    const void *value = field_value_const(base, field);
    enum truth truth = node->op == CONDITION_SOME ? rows_truth(scope, first, field, value)
                                                  : truth_of(value_passes(scope, first, field, value));
    return cut ? cut_truth(node, value, &scope->conditions->nodes[first].word, truth) : truth;
}

uint64_t condition_needs(const struct conditions *conditions, uint32_t first)
{
    return conditions->nodes[first].needs;
}

const struct text *condition_service(const struct conditions *conditions, uint32_t first)
{
    return conditions->nodes[first].service;
}

bool condition_holds(const struct conditions *conditions, uint32_t first, const struct observation *observation,
                     int64_t now_s)
{
    const struct scope scope = {.conditions = conditions, .observation = observation, .now_s = now_s};
    for (uint64_t needs = conditions->nodes[first].needs; needs != 0; needs &= needs - 1)
        if (observation->parts[__builtin_ctzll(needs)] == NULL)
            return false;
    const struct text *service = conditions->nodes[first].service;
    const struct root_observation *root = observation->root;
    if (service != NULL && root != NULL && root->known.service && !root->cut.service &&
        !texts_equal(&root->service, service))
        return false;
    return node_truth(&scope, first) == TRUTH_TRUE;
}

enum truth condition_judge(const struct conditions *conditions, uint32_t first, const struct observation *observation,
                           int64_t now_s)
{
    const struct scope scope = {.conditions = conditions, .observation = observation, .now_s = now_s};
    return node_truth(&scope, first);
}

bool condition_asks_time(const struct conditions *conditions, uint32_t first)
{
    const struct catalogue_condition *nodes = conditions->catalogue->conditions;
    for (uint32_t at = first; at < first + nodes[first].span; at++)
        if (nodes[at].now_relative != 0)
            return true;
    return false;
}

enum truth condition_judge_row(const struct conditions *conditions, uint32_t first,
                               const struct observation *observation, const void *row, int64_t now_s)
{
    const struct scope scope = {.conditions = conditions, .observation = observation, .row = row, .now_s = now_s};
    return node_truth(&scope, first + 1);
}
