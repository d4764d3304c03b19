// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "config/keys.h"
#include "config/plan/plan.h"

struct thing {
    char *name;
    struct key_strings words;
    bool flag;
    uint64_t count;
    uint32_t small;
    struct key_rate rate;
    uint64_t wait_ns;
    double share;
    uint32_t colour;
    uint32_t inner;
};

#define AT(member) .offset = offsetof(struct thing, member)

static const struct key inner_keys[] = {
    {.name = "depth", .type = KEY_COUNT32, AT(inner), .maximum = 9, .fallback = "4", .help = "Depth."},
    {0},
};

static const struct key keys[] = {
    {.name = "name", .type = KEY_STRING, .required = true, AT(name), .expected = "a name", .help = "Name."},
    {.name = "words", .type = KEY_STRINGS, AT(words), .fallback = "[\"a\",\"b\"]", .help = "Words."},
    {.name = "flag", .type = KEY_BOOL, AT(flag), .fallback = "true", .help = "Flag."},
    {.name = "count", .type = KEY_COUNT, AT(count), .minimum = 1, .maximum = 1e15, .fallback = "7", .help = "Count."},
    {.name = "small", .type = KEY_COUNT32, AT(small), .help = "Small."},
    {.name = "rate",
     .type = KEY_RATE,
     AT(rate),
     .minimum = 1,
     .maximum = 1e9,
     .fallback = "\"2 kpps\"",
     .help = "Rate."},
    {.name = "wait", .type = KEY_DURATION, AT(wait_ns), .maximum = 60, .fallback = "\"3 s\"", .help = "Wait."},
    {.name = "share", .type = KEY_SHARE, AT(share), .minimum = 1, .maximum = 100, .fallback = "\"50 %\"", .help = "S."},
    {.name = "colour",
     .type = KEY_CHOICE,
     AT(colour),
     .choices = "red green blue",
     .fallback = "\"green\"",
     .help = "C."},
    {.name = "inner", .type = KEY_OBJECT, .keys = inner_keys, .help = "Inner."},
    {0},
};

static int apply(const char *text, struct thing *thing, struct complaint *complaint)
{
    json_t *value;
    memset(thing, 0, sizeof(*thing));
    int error = keys_parse("f", text, strlen(text), &value, complaint);
    if (error != 0)
        return error;
    struct key_context context = {.file = "f", .text = text, .target = thing, .complaint = complaint};
    error = keys_apply(&context, keys, "", value);
    json_decref(value);
    return error;
}

Test(keys, absent_keys_have_their_defaults)
{
    struct thing thing;
    struct complaint complaint;
    cr_assert_eq(apply("{\"name\":\"x\"}", &thing, &complaint), 0, "%s", complaint.text);
    cr_assert_str_eq(thing.name, "x");
    cr_assert_eq(thing.words.count, 2);
    cr_assert_str_eq(thing.words.items[1], "b");
    cr_assert(thing.flag);
    cr_assert_eq(thing.count, 7);
    cr_assert_eq(thing.small, 0);
    cr_assert_eq(thing.rate.per_second, 2000);
    cr_assert_eq(thing.wait_ns, 3000000000);
    cr_assert_float_eq(thing.share, 0.5, 1e-12);
    cr_assert_eq(thing.colour, 1);
    cr_assert_eq(thing.inner, 4);
    keys_release(keys, &thing);
    cr_assert_null(thing.name);
}

Test(keys, given_keys_are_taken)
{
    struct thing thing;
    struct complaint complaint;
    cr_assert_eq(apply("{\"name\":\"\",\"words\":[],\"flag\":false,\"count\":1000000000000000,\"small\":4294967295,"
                       "\"rate\":5,\"wait\":1.5,\"share\":25,\"colour\":\"blue\",\"inner\":{\"depth\":9}}",
                       &thing, &complaint),
                 0, "%s", complaint.text);
    cr_assert_eq(thing.words.count, 0);
    cr_assert_not(thing.flag);
    cr_assert_eq(thing.count, 1000000000000000);
    cr_assert_eq(thing.small, UINT32_MAX);
    cr_assert_eq(thing.rate.per_second, 5);
    cr_assert_eq(thing.wait_ns, 1500000000);
    cr_assert_float_eq(thing.share, 0.25, 1e-12);
    cr_assert_eq(thing.colour, 2);
    cr_assert_eq(thing.inner, 9);
    keys_release(keys, &thing);
}

Test(keys, mistakes_are_named_with_line_path_and_what_was_expected)
{
    const char *rows[][2] = {
        {"[]", "f:1: is an array, expected an object"},
        {"{}", "f:1: \"name\" is missing, expected a name"},
        {"{\"name\":1}", "f:1: name: is a number, expected a string"},
        {"{\"name\":\"x\",\n\"nmae\":\"y\"}", "unknown key \"nmae\" (did you mean \"name\"?)"},
        {"{\"name\":\"x\",\"zzzzzzz\":1}", "unknown key \"zzzzzzz\""},
        {"{\"name\":\"x\",\"words\":\"y\"}", "words: \"y\": expected an array of strings"},
        {"{\"name\":\"x\",\"words\":[1]}", "words: is an array, expected an array of strings"},
        {"{\"name\":\"x\",\"flag\":1}", "flag: is a number, expected true or false"},
        {"{\"name\":\"x\",\"flag\":null}", "flag: is null, expected true or false"},
        {"{\"name\":\"x\",\n\n\"count\":0}", "f:3: count: is out of range, expected 1 to 1e+15"},
        {"{\"name\":\"x\",\"count\":1.5}", "count: is a number, expected an integer"},
        {"{\"name\":\"x\",\"small\":-1}", "small: is negative"},
        {"{\"name\":\"x\",\"small\":4294967296}", "small: is out of range"},
        {"{\"name\":\"x\",\"rate\":\"fast\"}", "rate: \"fast\": expected a rate like"},
        {"{\"name\":\"x\",\"rate\":-5}", "rate: is a number, expected a rate like"},
        {"{\"name\":\"x\",\"rate\":\"0.5 pps\"}", "rate: is out of range, expected 1 to 1000000000 pps"},
        {"{\"name\":\"x\",\"wait\":\"2 m\"}", "wait: is out of range, expected 0 to 60 s"},
        {"{\"name\":\"x\",\"wait\":1e300}", "wait: is a number, expected a duration"},
        {"{\"name\":\"x\",\"share\":\"0.5 %\"}", "share: is out of range, expected 1 to 100 %"},
        {"{\"name\":\"x\",\"colour\":\"re\"}", "colour: \"re\": expected one of red green blue"},
        {"{\"name\":\"x\",\n \"inner\": {\n \"depth\": 10}}", "f:3: inner.depth: is out of range, expected 0 to 9"},
        {"{\"name\":\"x\",\"inner\":{\"dpeth\":1}}", "inner: unknown key \"dpeth\" (did you mean \"depth\"?)"},
        {"{\"name\":\"x\",\"name\":\"y\"}", "f:1: no valid JSON: duplicate object key"},
        {"{\"name\":\"\xff\"}", "no valid JSON: unable to decode byte 0xff"},
        {"{\"name\":\"a\\u0000b\"}", "no valid JSON"},
        {"{\"count\":123456789012345678901234567890}", "no valid JSON: too big integer"},
        {"", "no valid JSON"},
        {"{", "no valid JSON"},
        {"{\"name\":\"x\"} trailing", "no valid JSON: end of file expected"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct thing thing;
        struct complaint complaint = {""};
        cr_assert_eq(apply(rows[i][0], &thing, &complaint), -EINVAL, "row %zu was taken", i);
        cr_assert_not_null(strstr(complaint.text, rows[i][1]), "row %zu: %s", i, complaint.text);
        keys_release(keys, &thing);
    }
}

Test(keys, deep_nesting_and_terminal_escapes_do_no_harm)
{
    static char deep[200001];
    struct thing thing;
    struct complaint complaint;
    memset(deep, '[', sizeof(deep) - 1);
    cr_assert_eq(apply(deep, &thing, &complaint), -EINVAL);
    cr_assert_eq(apply("{\"name\":\"x\",\"colour\":\"\\u001b[2J\\n\\u009b\"}", &thing, &complaint), -EINVAL);
    for (const char *at = complaint.text; *at != '\0'; at++)
        cr_assert(*at >= ' ' || *at < 0, "%s", complaint.text);
    cr_assert_not_null(strstr(complaint.text, "\"\\x1b[2J\\x0a\\xc2\\x9b\""));
    keys_release(keys, &thing);
}

Test(keys, values_are_located_by_their_path)
{
    const char *text = "{\n \"a\": [1,\n 2, {\"b\\\"]\": \"}\",\n \"c\": [[],\n [7]]}],\n \"d\": null}";
    cr_assert_eq(keys_locate(text, ""), 1);
    cr_assert_eq(keys_locate(text, "a[0]"), 2);
    cr_assert_eq(keys_locate(text, "a[1]"), 3);
    cr_assert_eq(keys_locate(text, "a[2].c"), 4);
    cr_assert_eq(keys_locate(text, "a[2].c[1]"), 5);
    cr_assert_eq(keys_locate(text, "a[2].c[1][0]"), 5);
    cr_assert_eq(keys_locate(text, "d"), 6);
    cr_assert_eq(keys_locate(text, "e"), 0);
    cr_assert_eq(keys_locate(text, "a[3]"), 0);
    cr_assert_eq(keys_locate(text, "d.x"), 0);
}

static void walk(const struct key *table, size_t *count)
{
    for (const struct key *key = table; key->name != NULL; key++, (*count)++) {
        cr_assert_not_null(key->help, "%s has no help", key->name);
        cr_assert_eq(key->help[strlen(key->help) - 1], '.', "help of %s is no sentence", key->name);
        cr_assert_eq(key->type == KEY_CUSTOM, key->read != NULL, "%s", key->name);
        cr_assert(key->type != KEY_CUSTOM || key->expected != NULL, "%s says not what it expects", key->name);
        cr_assert_eq(key->type == KEY_CHOICE, key->choices != NULL, "%s", key->name);
        cr_assert_eq(key->type == KEY_OBJECT, key->keys != NULL, "%s", key->name);
        for (const struct key *other = table; other != key; other++)
            cr_assert_str_neq(other->name, key->name);
        if (key->fallback != NULL) {
            json_t *value = json_loads(key->fallback, JSON_DECODE_ANY, NULL);
            cr_assert_not_null(value, "default of %s is no JSON", key->name);
            json_decref(value);
        }
        if (key->keys != NULL)
            walk(key->keys, count);
    }
}

Test(keys, the_table_of_plan_keys_is_whole_and_its_help_names_each)
{
    char *help;
    size_t length;
    size_t count = 0;
    walk(plan_keys, &count);
    cr_assert_geq(count, 30);
    FILE *out = open_memstream(&help, &length);
    keys_print_help(out, plan_keys, "");
    fclose(out);
    for (const struct key *key = plan_keys; key->name != NULL; key++)
        cr_assert_not_null(strstr(help, key->name), "%s is not in the help", key->name);
    cr_assert_not_null(strstr(help, "source.gateway_mac: MAC address"));
    cr_assert_not_null(strstr(help, "rate: rate, 0.001 to 1000000000 pps, default \"10 kpps\""));
    free(help);
}
