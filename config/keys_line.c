// SPDX-License-Identifier: BSD-3-Clause
#include "config/keys_line.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t keys_options(const struct key *keys, const char *prefix, struct key_option *ret_options, size_t most)
{
    size_t count = 0;
    for (const struct key *key = keys; key->name != NULL && count < most; key++) {
        struct key_option option = {.key = key};
        (void)snprintf(option.path, sizeof(option.path), "%s%s", prefix, key->name);
        if (key->type == KEY_OBJECT) {
            char nested[KEY_OPTION_TEXT];
            (void)snprintf(nested, sizeof(nested), "%.*s.", KEY_OPTION_TEXT - 2, option.path);
            count += keys_options(key->keys, nested, ret_options + count, most - count);
            continue;
        }
        for (size_t i = 0; i < sizeof(option.name); i++)
            option.name[i] = option.path[i] == '.' || option.path[i] == '_' ? '-' : option.path[i];
        ret_options[count++] = option;
    }
    return count;
}

char *path_absolute(const char *folder, const char *name)
{
    char here[PATH_MAX];
    char *path;
    if (name[0] == '/' || name[0] == '\0' || strcmp(name, "-") == 0)
        return strdup(name);
    if (folder[0] != '/' && getcwd(here, sizeof(here)) == NULL)
        return NULL;
    int length = folder[0] == '/'    ? asprintf(&path, "%s/%s", folder, name)
                 : folder[0] == '\0' ? asprintf(&path, "%s/%s", here, name)
                                     : asprintf(&path, "%s/%s/%s", here, folder, name);
    return length < 0 ? NULL : path;
}

// A text that is a path as it stands, seen from folder.
static json_t *path_json(const char *folder, const char *name)
{
    char *path = path_absolute(folder, name);
    json_t *json = path == NULL ? NULL : json_string(path);
    free(path);
    return json;
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0' && strlen(text) < 19;
}

static json_t *bool_json(const char *text)
{
    static const char *const yes[] = {"true", "yes", "on"};
    static const char *const no[] = {"false", "no", "off"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (strcmp(text, yes[i]) == 0)
            return json_true();
        if (strcmp(text, no[i]) == 0)
            return json_false();
    }
    return json_string(text);
}

// A rate, a duration or a share without a unit is a number.
static json_t *quantity_json(const char *text)
{
    char *end;
    if (text[0] == '\0' || text[strspn(text, "0123456789.")] != '\0')
        return json_string(text);
    double number = strtod(text, &end);
    return *end == '\0' ? json_real(number) : json_string(text);
}

static json_t *integer_json(const char *text)
{
    return is_number(text) ? json_integer(strtoll(text, NULL, 10)) : json_string(text);
}

static json_t *word_json(const struct key *key, const char *text)
{
    switch (key->type) {
    case KEY_BOOL:
        return bool_json(text);
    case KEY_COUNT:
    case KEY_COUNT32:
        return integer_json(text);
    case KEY_RATE:
    case KEY_DURATION:
    case KEY_SHARE:
        return quantity_json(text);
    default:
        if (key->words == KEY_WORDS_NUMBER)
            return integer_json(text);
        return key->is_path ? path_json("", text) : json_string(text);
    }
}

// "a=b" into the object, or the item into the array. A lone "true" is what a list may be instead.
static int part_put(const struct key *key, const char *part, json_t **value)
{
    const char *equals = strchr(part, '=');
    if (key->words == KEY_WORDS_PAIRS) {
        if (*value == NULL)
            *value = json_object();
        if (equals == NULL)
            return json_object_set_new(*value, part, json_null()) == 0 ? 0 : -ENOMEM; // which the reader refuses
        json_t *item = key->is_path ? path_json("", equals + 1) : json_string(equals + 1);
        return json_object_setn_new(*value, part, (size_t)(equals - part), item) == 0 ? 0 : -ENOMEM;
    }
    if (*value == NULL)
        *value = json_array();
    return json_array_append_new(*value, json_string(part)) == 0 ? 0 : -ENOMEM;
}

static int parts_put(const struct key *key, const char *text, json_t **value)
{
    char *copy = strdup(text);
    char *rest = copy;
    int error = copy == NULL ? -ENOMEM : 0;
    for (char *part = strsep(&rest, ","); error == 0 && part != NULL; part = strsep(&rest, ","))
        error = part_put(key, part, value);
    free(copy);
    return error;
}

// The object that the last name of a path stands in, made on the way, and that name.
static json_t *object_reach(json_t *object, const char *path, const char **ret_name)
{
    for (const char *dot = strchr(path, '.'); dot != NULL && object != NULL; dot = strchr(path, '.')) {
        json_t *inner = json_object_getn(object, path, (size_t)(dot - path));
        if (!json_is_object(inner)) {
            inner = json_object();
            if (json_object_setn_new(object, path, (size_t)(dot - path), inner) != 0)
                return NULL;
        }
        object = inner;
        path = dot + 1;
    }
    *ret_name = path;
    return object;
}

int key_option_put(const struct key_option *option, const char *text, json_t *object)
{
    const struct key *key = option->key;
    const char *name = NULL;
    bool is_many = key->type == KEY_STRINGS || key->words == KEY_WORDS_LIST || key->words == KEY_WORDS_PAIRS;
    json_t *inner = object_reach(object, option->path, &name);
    if (inner == NULL)
        return -ENOMEM;
    if (!is_many)
        return json_object_set_new(inner, name, word_json(key, text)) == 0 ? 0 : -ENOMEM;
    // What a list or pairs may be instead.
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_object_set_new(inner, name, bool_json(text)) == 0 ? 0 : -ENOMEM;
    if (key->words == KEY_WORDS_PAIRS && strchr(text, '=') == NULL)
        return json_object_set_new(inner, name, json_string(text)) == 0 ? 0 : -ENOMEM;
    json_t *value = json_incref(json_object_get(inner, name));
    if (value != NULL && !json_is_array(value) && !json_is_object(value)) {
        json_decref(value);
        value = NULL;
    }
    int error = parts_put(key, text, &value);
    if (error == 0 && json_object_set(inner, name, value) != 0)
        error = -ENOMEM;
    json_decref(value);
    return error;
}

static int text_absolute(const char *folder, json_t *text)
{
    char *path = path_absolute(folder, json_string_value(text));
    int error = path == NULL || json_string_set(text, path) != 0 ? -ENOMEM : 0;
    free(path);
    return error;
}

// A file that a list names as an object: {"file": NAME}.
static int files_absolute(const char *folder, json_t *array)
{
    int error = 0;
    for (size_t i = 0; i < json_array_size(array) && error == 0; i++) {
        json_t *file = json_object_get(json_array_get(array, i), "file");
        if (json_is_string(file))
            error = text_absolute(folder, file);
    }
    return error;
}

int keys_absolute(const struct key *keys, const char *folder, json_t *object)
{
    int error = 0;
    for (const struct key *key = keys; key->name != NULL && error == 0; key++) {
        json_t *value = json_object_get(object, key->name);
        const char *name;
        json_t *item;
        if (key->type == KEY_OBJECT && json_is_object(value))
            error = keys_absolute(key->keys, folder, value);
        else if (key->words == KEY_WORDS_LIST)
            error = files_absolute(folder, value);
        else if (key->is_path && key->words != KEY_WORDS_PAIRS && json_is_string(value))
            error = text_absolute(folder, value);
        else if (key->is_path && json_is_object(value))
            json_object_foreach(value, name, item) if (error == 0 && json_is_string(item)) error =
                text_absolute(folder, item);
    }
    return error;
}
