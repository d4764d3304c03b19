// SPDX-License-Identifier: BSD-3-Clause
#include "config/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."
#define WORD_ENDS  " \t\r\n()=!<>,\""

struct parse {
    const char *text;
    const char *at;
    struct complaint *complaint;
    int depth;
};

static int expression_read(struct parse *parse, json_t **ret);

static int expected(const struct parse *parse, const char *what)
{
    return complain(parse->complaint, "filter", "", "at character %zu, \"%.32s\": expected %s",
                    (size_t)(parse->at - parse->text) + 1, parse->at, what);
}

static void blanks_skip(struct parse *parse)
{
    parse->at += strspn(parse->at, " \t\r\n");
}

// Takes a sign, or a word that ends there.
static bool word_take(struct parse *parse, const char *word)
{
    size_t length = strlen(word);
    bool sign = strchr(WORD_ENDS, word[0]) != NULL;
    blanks_skip(parse);
    if (strncmp(parse->at, word, length) != 0)
        return false;
    if (!sign && parse->at[length] != '\0' && strchr(WORD_ENDS, parse->at[length]) == NULL)
        return false;
    parse->at += length;
    return true;
}

// A text in quotes.
static int quoted_read(struct parse *parse, json_t **ret)
{
    char *text = malloc(strlen(parse->at) + 1);
    size_t length = 0;
    if (text == NULL)
        return -ENOMEM;
    const char *at = parse->at + 1;
    for (; *at != '\0' && *at != '"'; at++) {
        at += *at == '\\' && (at[1] == '"' || at[1] == '\\');
        text[length++] = *at;
    }
    int error = *at == '"' ? 0 : expected(parse, "a text that ends with \"");
    if (error == 0) {
        parse->at = at + 1;
        *ret = json_stringn(text, length);
        error = *ret != NULL ? 0 : expected(parse, "a text in UTF-8");
    }
    free(text);
    return error;
}

static int value_read(struct parse *parse, json_t **ret)
{
    blanks_skip(parse);
    if (*parse->at == '"')
        return quoted_read(parse, ret);
    size_t length = strcspn(parse->at, WORD_ENDS);
    if (length == 0)
        return expected(parse, "a value");
    char *end;
    long long number = strtoll(parse->at, &end, 10);
    if (length == 4 && strncmp(parse->at, "true", 4) == 0)
        *ret = json_true();
    else if (length == 5 && strncmp(parse->at, "false", 5) == 0)
        *ret = json_false();
    else if (end == parse->at + length)
        *ret = json_integer(number);
    else
        *ret = json_stringn(parse->at, length);
    if (*ret == NULL)
        return expected(parse, "a text in UTF-8");
    parse->at += length;
    return 0;
}

// {name: value}; takes value, which may be NULL without memory.
static json_t *member_new(const char *name, size_t length, json_t *value)
{
    json_t *object = value != NULL ? json_object() : NULL;
    if (object == NULL) {
        json_decref(value);
        return NULL;
    }
    if (json_object_setn_new(object, name, length, value) == 0)
        return object;
    json_decref(object);
    return NULL;
}

static int list_read(struct parse *parse, json_t **ret)
{
    json_t *list = json_array();
    int error = list == NULL ? -ENOMEM : word_take(parse, "(") ? 0 : expected(parse, "( after \"in\"");
    do {
        json_t *value = NULL;
        if (error == 0)
            error = value_read(parse, &value);
        if (error == 0 && json_array_append_new(list, value) != 0)
            error = -ENOMEM;
    } while (error == 0 && word_take(parse, ","));
    if (error == 0 && !word_take(parse, ")"))
        error = expected(parse, ", or )");
    if (error != 0) {
        json_decref(list);
        return error;
    }
    *ret = list;
    return 0;
}

// What a field is tested for, as the value of its member.
static int test_read(struct parse *parse, json_t **ret)
{
    static const struct {
        const char *word;
        const char *test;
    } tests[] = {{"!=", "not"},        {"has", "has"},    {"starts", "starts"}, {"contains", "contains"},
                 {"below", "below"},   {"<", "below"},    {"above", "above"},   {">", "above"},
                 {"before", "before"}, {"after", "after"}};
    json_t *value = NULL;
    static const char *const marks[] = {"known", "sensitive"};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (!word_take(parse, marks[i]))
            continue;
        *ret = member_new(marks[i], strlen(marks[i]), json_true());
        return *ret != NULL ? 0 : -ENOMEM;
    }
    if (word_take(parse, "in"))
        return list_read(parse, ret);
    if (word_take(parse, "=")) {
        (void)word_take(parse, "=");
        return value_read(parse, ret);
    }
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        if (!word_take(parse, tests[i].word))
            continue;
        int error = value_read(parse, &value);
        if (error != 0)
            return error;
        *ret = member_new(tests[i].test, strlen(tests[i].test), value);
        return *ret != NULL ? 0 : -ENOMEM;
    }
    *ret = json_true();
    return 0;
}

static int factor_read(struct parse *parse, json_t **ret)
{
    json_t *inner = NULL;
    if (++parse->depth > FILTER_DEPTH_MAX)
        return expected(parse, "fewer parentheses and nots within each other");
    int error;
    if (word_take(parse, "not")) {
        error = factor_read(parse, &inner);
        json_t *list = error == 0 ? json_pack("[o]", inner) : NULL;
        *ret = list != NULL ? member_new("none", 4, list) : NULL;
        error = error != 0 ? error : *ret == NULL ? -ENOMEM : 0;
    } else if (word_take(parse, "(")) {
        error = expression_read(parse, ret);
        if (error == 0 && !word_take(parse, ")")) {
            json_decref(*ret);
            error = expected(parse, "\"and\", \"or\" or )");
        }
    } else {
        blanks_skip(parse);
        const char *name = parse->at;
        size_t length = strspn(name, NAME_CHARS);
        if (length == 0)
            return expected(parse, "a field of a record, \"not\" or (");
        parse->at += length;
        error = test_read(parse, &inner);
        *ret = error == 0 ? member_new(name, length, inner) : NULL;
        error = error != 0 ? error : *ret == NULL ? -ENOMEM : 0;
    }
    parse->depth--;
    return error;
}

// Operands with a word between them: one, or {"all": [...]}.
static int operands_read(struct parse *parse, const char *word, const char *name,
                         int (*read)(struct parse *parse, json_t **ret), json_t **ret)
{
    json_t *list = NULL;
    json_t *operand = NULL;
    int error = read(parse, &operand);
    while (error == 0 && word_take(parse, word)) {
        if (list == NULL)
            list = json_pack("[o]", operand);
        operand = NULL;
        if (list == NULL)
            return -ENOMEM;
        error = read(parse, &operand);
        if (error == 0 && json_array_append_new(list, operand) != 0)
            error = -ENOMEM;
    }
    if (error != 0) {
        json_decref(list);
        return error;
    }
    *ret = list == NULL ? operand : member_new(name, strlen(name), list);
    return *ret != NULL ? 0 : -ENOMEM;
}

static int term_read(struct parse *parse, json_t **ret)
{
    return operands_read(parse, "and", "all", factor_read, ret);
}

static int expression_read(struct parse *parse, json_t **ret)
{
    return operands_read(parse, "or", "any", term_read, ret);
}

int filter_parse(const char *text, json_t **ret_condition, struct complaint *ret_complaint)
{
    struct parse parse = {.text = text, .at = text, .complaint = ret_complaint};
    json_t *condition = NULL;
    blanks_skip(&parse);
    if (*parse.at == '{')
        return keys_parse("filter", parse.at, strlen(parse.at), ret_condition, ret_complaint);
    int error = expression_read(&parse, &condition);
    blanks_skip(&parse);
    if (error == 0 && *parse.at != '\0') {
        json_decref(condition);
        error = expected(&parse, "\"and\", \"or\" or the end");
    }
    if (error == -ENOMEM)
        (void)complain(ret_complaint, "filter", "", "out of memory");
    if (error == 0)
        *ret_condition = condition;
    return error;
}
