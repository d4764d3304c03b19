// SPDX-License-Identifier: BSD-3-Clause
// Members of JSON texts that strangers write: by hand, and whatever jansson can write, whole and cut off anywhere.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "probes/session/member.h"

static struct member find(const char *text, const char *path)
{
    return member_find(bytes_of(text, strlen(text)), path);
}

static const char *characters(const char *text, const char *path, size_t size)
{
    static char found[64];
    bool cut;
    struct member member = find(text, path);
    size_t length = member_text(&member, found, size < sizeof(found) ? size : sizeof(found) - 1, &cut);
    found[length] = '\0';
    return member.kind == MEMBER_STRING ? found : "(none)";
}

Test(member, values_are_found_by_the_names_that_lead_to_them)
{
    static const struct {
        const char *text, *path;
        enum member_kind kind;
    } cases[] = {
        {"{\"a\":\"b\"}", "a", MEMBER_STRING},
        {"{\"a\":{\"b\":{\"c\":1}}}", "a.b.c", MEMBER_NUMBER},
        {" \r\n\t{ \"x\" : [1,{\"a\":2},[]] , \"a\" : true } ", "a", MEMBER_TRUE},
        {"{\"a\":false,\"a\":true}", "a", MEMBER_FALSE},
        {"{\"a\":null}", "a", MEMBER_NULL},
        {"{\"a\":{\"b\":[", "a.b", MEMBER_ARRAY},
        {"{\"a\":{", "a", MEMBER_OBJECT},
        {"{\"x\":{\"a\":1},\"y\":{}}", "a", MEMBER_NONE},
        {"{\"x\":{},\"y\":[],\"a\":-1.5e+3,", "a", MEMBER_NUMBER},
        {"[\"a\"]", "", MEMBER_ARRAY},
        {"{\"a\":[1]}", "a.b", MEMBER_NONE},
        {"", "a", MEMBER_NONE},
        {"{}", "a", MEMBER_NONE},
        {"{\"a\"", "a", MEMBER_NONE},
        {"{\"a\":12", "a", MEMBER_NONE},
        {"{\"a\":\"b", "a", MEMBER_NONE},
        {"{\"a\":01}", "a", MEMBER_NONE},
        {"{\"a\":1.}", "a", MEMBER_NONE},
        {"{\"a\":-}", "a", MEMBER_NONE},
        {"{\"a\":tru}", "a", MEMBER_NONE},
        {"{\"a\":\"\\x\"}", "a", MEMBER_NONE},
        {"{\"a\":\"\\u12g4\"}", "a", MEMBER_NONE},
        {"{\"a\":\"x\ny\"}", "a", MEMBER_NONE},
        {"{\"x\":[1,2},\"a\":1}", "a", MEMBER_NONE},
        {"{\"x\":[1 2],\"a\":1}", "a", MEMBER_NONE},
        {"{\"x\":1,,\"a\":1}", "a", MEMBER_NONE},
        {"{\"x\":{\"y\"},\"a\":1}", "a", MEMBER_NONE},
        {"{x:1,\"a\":1}", "a", MEMBER_NONE},
        {"{\"\\u0061\":1}", "a", MEMBER_NONE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_expect_eq(find(cases[i].text, cases[i].path).kind, cases[i].kind, "%s %s", cases[i].text, cases[i].path);
}

Test(member, nesting_has_an_end)
{
    char text[4 * MEMBER_DEPTH_MAX];
    for (int depth = MEMBER_DEPTH_MAX; depth <= MEMBER_DEPTH_MAX + 1; depth++) {
        memset(text, 0, sizeof(text));
        strcpy(text, "{\"x\":");
        memset(text + 5, '[', (size_t)depth);
        memset(text + 5 + depth, ']', (size_t)depth);
        strcat(text, ",\"a\":true}");
        cr_expect_eq(find(text, "a").kind, depth > MEMBER_DEPTH_MAX ? MEMBER_NONE : MEMBER_TRUE);
    }
}

Test(member, characters_are_whole)
{
    cr_expect_str_eq(characters("{\"a\":\"x\\n\\\"\\\\\\/\\u00e9\\u20ac\\ud83d\\ude00\"}", "a", 64),
                     "x\n\"\\/\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    cr_expect_str_eq(characters("{\"a\":\"\\ud83d\\u0041\\ude00\"}", "a", 64), "\xef\xbf\xbd"
                                                                               "A"
                                                                               "\xef\xbf\xbd");
    cr_expect_str_eq(characters("{\"a\":\"\\u20ac\\u20ac\"}", "a", 5), "\xe2\x82\xac");
    cr_expect_str_eq(characters("{\"a\":\"\xe2\x82\xac\xe2\x82\xac\"}", "a", 5), "\xe2\x82\xac");
}

static unsigned seed = 1;

static unsigned draw(unsigned below)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % below;
}

static json_t *any_value(int depth)
{
    static const char *const words[] = {"",      "a",        "\"\\\n\x01", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                        "\x7f/", "{\"a\":1}"};
    switch (draw(depth == 0 ? 5 : 7)) {
    case 0:
        return json_string(words[draw(7)]);
    case 1:
        return json_integer((json_int_t)draw(1000) - 500);
    case 2:
        return json_real(draw(1000) / 7.0 * (draw(2) ? 1e30 : -1e-30));
    case 3:
        return json_boolean(draw(2));
    case 4:
        return json_null();
    case 5: {
        json_t *array = json_array();
        for (unsigned i = draw(4); i > 0; i--)
            json_array_append_new(array, any_value(depth - 1));
        return array;
    }
    default: {
        json_t *object = json_object();
        static const char *const names[] = {"a", "b", "bb", "c d"};
        for (unsigned i = draw(5); i > 0; i--)
            json_object_set_new(object, names[draw(4)], any_value(depth - 1));
        return object;
    }
    }
}

// The kind that jansson gives a value.
static enum member_kind kind_of(const json_t *value)
{
    static const enum member_kind kinds[] = {
        [JSON_OBJECT] = MEMBER_OBJECT,  [JSON_ARRAY] = MEMBER_ARRAY, [JSON_STRING] = MEMBER_STRING,
        [JSON_INTEGER] = MEMBER_NUMBER, [JSON_REAL] = MEMBER_NUMBER, [JSON_TRUE] = MEMBER_TRUE,
        [JSON_FALSE] = MEMBER_FALSE,    [JSON_NULL] = MEMBER_NULL};
    return kinds[json_typeof(value)];
}

static void expect_same(const char *text, size_t length, const char *path, const json_t *value)
{
    struct member member = member_find(bytes_of(text, length), path);
    if (length < strlen(text) && member.kind == MEMBER_NONE)
        return;
    cr_assert_eq(member.kind, kind_of(value), "%s in %.*s", path, (int)length, text);
    if (member.kind == MEMBER_STRING) {
        char found[64];
        bool cut;
        size_t bytes = member_text(&member, found, sizeof(found), &cut);
        cr_assert(!cut && bytes == json_string_length(value) && memcmp(found, json_string_value(value), bytes) == 0);
    }
}

// Every member, with the text cut off at every byte: the same or nothing.
static void members_walk(const char *text, json_t *value, const char *path)
{
    for (size_t length = 0; length <= strlen(text); length++)
        expect_same(text, length, path, value);
    if (!json_is_object(value))
        return;
    void *iter;
    for (iter = json_object_iter(value); iter != NULL; iter = json_object_iter_next(value, iter)) {
        char further[128];
        snprintf(further, sizeof(further), "%s%s%s", path, path[0] == '\0' ? "" : ".", json_object_iter_key(iter));
        members_walk(text, json_object_iter_value(iter), further);
    }
}

Test(member, agrees_with_jansson_on_texts_cut_off_anywhere)
{
    static const size_t flags[] = {JSON_COMPACT, JSON_INDENT(2), JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH, 0};
    for (int round = 0; round < 400; round++) {
        json_t *object = json_object();
        for (unsigned i = 0; i < 4; i++) {
            char name[2] = {(char)('a' + draw(3)), '\0'};
            json_object_set_new(object, name, any_value(4));
        }
        char *text = json_dumps(object, flags[round % 4]);
        members_walk(text, object, "");
        free(text);
        json_decref(object);
    }
}
