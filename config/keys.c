// SPDX-License-Identifier: BSD-3-Clause
#include "config/keys.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/units.h"

enum { PATH_BYTES = 256, CANDIDATES_MAX = 64 };

int keys_parse(const char *file, const char *text, size_t length, json_t **ret_value, struct complaint *ret_complaint)
{
    json_error_t fault;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault);
    if (value == NULL) {
        char where[300];
        (void)snprintf(where, sizeof(where), fault.line > 0 ? "%s:%d" : "%s", file, fault.line);
        return complain(ret_complaint, where, "", "no valid JSON: %s", fault.text);
    }
    *ret_value = value;
    return 0;
}

static int wrong_type(const struct key_context *context, const struct key *key, const char *path, const json_t *value)
{
    static const char *const expected[] = {
        [KEY_CUSTOM] = "",
        [KEY_STRING] = "a string",
        [KEY_STRINGS] = "an array of strings",
        [KEY_BOOL] = "true or false",
        [KEY_COUNT] = "an integer",
        [KEY_COUNT32] = "an integer",
        [KEY_RATE] = "a rate like \"20 kpps\" or \"1 Gbit/s\"",
        [KEY_DURATION] = "a duration like \"250 ms\", \"2 s\" or \"10 m\"",
        [KEY_SHARE] = "a share like \"1 %\"",
        [KEY_CHOICE] = "one of ",
        [KEY_OBJECT] = "an object",
    };
    const char *choices = key->type == KEY_CHOICE ? key->choices : "";
    if (json_is_string(value))
        return key_complain(context, path, "\"%s\": expected %s%s", json_string_value(value), expected[key->type],
                            choices);
    return key_complain(context, path, "is %s, expected %s%s", keys_type_name(value), expected[key->type], choices);
}

static int check_range(const struct key_context *context, const struct key *key, const char *path, double number)
{
    if (key->minimum == 0 && key->maximum == 0)
        return 0;
    if (number >= key->minimum && number <= key->maximum)
        return 0;
    return key_complain(context, path, "is out of range, expected %.15g to %.15g%s", key->minimum, key->maximum,
                        key->type == KEY_RATE       ? " pps"
                        : key->type == KEY_DURATION ? " s"
                        : key->type == KEY_SHARE    ? " %"
                                                    : "");
}

static int read_string(struct key_context *context, const struct key *key, const char *path, const json_t *value)
{
    if (!json_is_string(value))
        return wrong_type(context, key, path, value);
    char *copy = strdup(json_string_value(value));
    if (copy == NULL)
        return -ENOMEM;
    char **slot = (char **)((char *)context->target + key->offset);
    free(*slot);
    *slot = copy;
    return 0;
}

static int read_strings(struct key_context *context, const struct key *key, const char *path, const json_t *value)
{
    struct key_strings *strings = (struct key_strings *)((char *)context->target + key->offset);
    if (!json_is_array(value))
        return wrong_type(context, key, path, value);
    size_t count = json_array_size(value);
    strings->items = calloc(count + 1, sizeof(*strings->items));
    if (strings->items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_string(item))
            return wrong_type(context, key, path, value);
        strings->items[i] = strdup(json_string_value(item));
        if (strings->items[i] == NULL)
            return -ENOMEM;
        strings->count = i + 1;
    }
    return 0;
}

static int read_count(struct key_context *context, const struct key *key, const char *path, const json_t *value)
{
    if (!json_is_integer(value))
        return wrong_type(context, key, path, value);
    json_int_t number = json_integer_value(value);
    int error = check_range(context, key, path, (double)number);
    if (error == 0 && number < 0)
        error = key_complain(context, path, "is negative");
    if (error != 0)
        return error;
    char *slot = (char *)context->target + key->offset;
    if (key->type == KEY_COUNT)
        *(uint64_t *)slot = (uint64_t)number;
    else if (number > UINT32_MAX)
        return key_complain(context, path, "is out of range, expected at most %u", UINT32_MAX);
    else
        *(uint32_t *)slot = (uint32_t)number;
    return 0;
}

static int read_quantity(struct key_context *context, const struct key *key, const char *path, const json_t *value)
{
    char *slot = (char *)context->target + key->offset;
    const char *text = json_string_value(value);
    double number = json_number_value(value);
    struct key_rate rate = {.per_second = number};
    double share = number / 100;
    uint64_t ns = 0;
    int error = text != NULL || (json_is_number(value) && number >= 0 && number < 1e9) ? 0 : -EINVAL;
    if (error == 0 && text == NULL)
        ns = (uint64_t)llround(number * 1e9);
    else if (error == 0)
        error = key->type == KEY_RATE       ? units_rate(text, &rate)
                : key->type == KEY_DURATION ? units_duration(text, &ns)
                                            : units_share(text, &share);
    if (error != 0)
        return wrong_type(context, key, path, value);
    double checked = key->type == KEY_RATE       ? rate.per_second
                     : key->type == KEY_DURATION ? (double)ns / 1e9
                                                 : share * 100;
    // A rate in bits is checked where its packets' size is known.
    error = key->type == KEY_RATE && rate.bits ? 0 : check_range(context, key, path, checked);
    if (error != 0)
        return error;
    if (key->type == KEY_RATE)
        *(struct key_rate *)slot = rate;
    else if (key->type == KEY_DURATION)
        *(uint64_t *)slot = ns;
    else
        *(double *)slot = share;
    return 0;
}

static int read_choice(struct key_context *context, const struct key *key, const char *path, const json_t *value)
{
    const char *text = json_string_value(value);
    const char *choice = key->choices;
    for (uint32_t i = 0; text != NULL && *choice != '\0'; i++) {
        size_t length = strcspn(choice, " ");
        if (strlen(text) == length && strncmp(text, choice, length) == 0) {
            *(uint32_t *)((char *)context->target + key->offset) = i;
            return 0;
        }
        choice += length + (choice[length] == ' ');
    }
    return wrong_type(context, key, path, value);
}

static int read_value(struct key_context *context, const struct key *key, const char *path, const json_t *value)
{
    switch (key->type) {
    case KEY_CUSTOM:
        return key->read(context, path, value);
    case KEY_STRING:
        return read_string(context, key, path, value);
    case KEY_STRINGS:
        return read_strings(context, key, path, value);
    case KEY_BOOL:
        if (!json_is_boolean(value))
            return wrong_type(context, key, path, value);
        *(bool *)((char *)context->target + key->offset) = json_is_true(value);
        return 0;
    case KEY_COUNT:
    case KEY_COUNT32:
        return read_count(context, key, path, value);
    case KEY_RATE:
    case KEY_DURATION:
    case KEY_SHARE:
        return read_quantity(context, key, path, value);
    case KEY_CHOICE:
        return read_choice(context, key, path, value);
    case KEY_OBJECT:
        return keys_apply(context, key->keys, path, value);
    }
    return -EINVAL;
}

static const struct key *find_key(const struct key *keys, const char *name)
{
    for (; keys->name != NULL; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

static int refuse_unknown(const struct key_context *context, const struct key *keys, const char *path,
                          const json_t *object)
{
    const char *name;
    json_t *value;
    // jansson iterates through a non-const pointer without changing the object.
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (find_key(keys, name) != NULL)
            continue;
        const char *candidates[CANDIDATES_MAX] = {0};
        size_t count = 0;
        for (const struct key *key = keys; key->name != NULL && count < CANDIDATES_MAX; key++)
            candidates[count++] = key->name;
        const char *nearest = keys_nearest(name, candidates, count);
        if (nearest != NULL)
            return key_complain(context, path, "unknown key \"%s\" (did you mean \"%s\"?)", name, nearest);
        return key_complain(context, path, "unknown key \"%s\"", name);
    }
    return 0;
}

// A member's value, or its default, or an empty object so that nested defaults are applied.
static int apply_key(struct key_context *context, const struct key *key, const char *path, const json_t *object)
{
    char nested[PATH_BYTES];
    (void)snprintf(nested, sizeof(nested), "%s%s%s", path, path[0] != '\0' ? "." : "", key->name);
    const json_t *given = json_object_get(object, key->name);
    if (given != NULL)
        return read_value(context, key, nested, given);
    if (key->required)
        return key_complain(context, path, "\"%s\" is missing, expected %s", key->name,
                            key->expected != NULL ? key->expected : key->help);
    const char *text = key->type == KEY_OBJECT ? "{}" : key->fallback;
    if (text == NULL)
        return 0;
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (value == NULL)
        return -ENOMEM;
    int error = read_value(context, key, nested, value);
    json_decref(value);
    return error;
}

int keys_apply(struct key_context *context, const struct key *keys, const char *path, const json_t *object)
{
    if (!json_is_object(object))
        return key_complain(context, path, "is %s, expected an object", keys_type_name(object));
    int error = refuse_unknown(context, keys, path, object);
    for (const struct key *key = keys; key->name != NULL && error == 0; key++)
        error = apply_key(context, key, path, object);
    if (error == -ENOMEM)
        (void)complain(context->complaint, context->file, "", "out of memory");
    return error;
}

void keys_release(const struct key *keys, void *target)
{
    for (const struct key *key = keys; key->name != NULL; key++) {
        char *slot = (char *)target + key->offset;
        if (key->type == KEY_OBJECT) {
            keys_release(key->keys, target);
        } else if (key->type == KEY_STRING) {
            free(*(char **)slot);
            *(char **)slot = NULL;
        } else if (key->type == KEY_STRINGS) {
            struct key_strings *strings = (struct key_strings *)slot;
            for (size_t i = 0; i < strings->count; i++)
                free(strings->items[i]);
            free(strings->items);
            *strings = (struct key_strings){0};
        }
    }
}
