// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/cpe_names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/input.h"

enum { NAMES_BYTES_MAX = 1 << 20, NAME_BYTES = 256 };

static bool is_name(const char *text)
{
    const char *colon = strchr(text, ':');
    return colon != NULL && colon != text && colon[1] != '\0' && strchr(colon + 1, ':') == NULL &&
           strlen(text) < NAME_BYTES;
}

static int names_check(const struct cpe_names *names, const char *path, struct complaint *ret_complaint)
{
    const char *key;
    json_t *value;
    json_object_foreach(names->aliases, key, value)
    {
        if (!is_name(key) || !json_is_string(value) || !is_name(json_string_value(value)))
            return complain(ret_complaint, path, "aliases", "\"%s\": expected \"vendor:name\" on both sides", key);
        if (json_object_get(names->aliases, json_string_value(value)) != NULL)
            return complain(ret_complaint, path, "aliases", "\"%s\" is an alias itself", json_string_value(value));
    }
    return 0;
}

int cpe_names_load(const char *path, struct cpe_names *ret_names, struct complaint *ret_complaint)
{
    struct input input;
    json_t *value = NULL;
    struct cpe_names names = {0};
    size_t i;
    json_t *item;
    int error = input_read(path, NAMES_BYTES_MAX, &input, ret_complaint);
    if (error != 0)
        return error == -ENOMEM ? error : -EINVAL;
    error = keys_parse(path, input.text, input.length, &value, ret_complaint);
    input_fini(&input);
    if (error != 0)
        return error;
    json_t *list = json_object_get(value, "client_only");
    names.aliases = json_incref(json_object_get(value, "aliases"));
    names.packages = json_incref(json_object_get(value, "packages"));
    names.client_only = json_object();
    if (!json_is_object(names.aliases) || !json_is_object(names.packages) || !json_is_array(list) ||
        json_object_size(value) != 3)
        error =
            complain(ret_complaint, path, "",
                     "expected an object with \"aliases\" and \"packages\", objects, and \"client_only\", an array");
    json_array_foreach(list, i, item)
    {
        if (error == 0 && !json_is_string(item))
            error = complain(ret_complaint, path, "client_only", "expected names of CVEs");
        else if (error == 0 && json_object_set_new(names.client_only, json_string_value(item), json_true()) != 0)
            error = -ENOMEM;
    }
    json_decref(value);
    if (error == 0)
        error = names_check(&names, path, ret_complaint);
    if (error != 0)
        cpe_names_fini(&names);
    else
        *ret_names = names;
    return error;
}

void cpe_names_fini(struct cpe_names *names)
{
    json_decref(names->aliases);
    json_decref(names->packages);
    json_decref(names->client_only);
    *names = (struct cpe_names){0};
}

void cpe_names_canonical(const struct cpe_names *names, char *vendor, char *name)
{
    char both[2 * NAME_BYTES];
    (void)snprintf(both, sizeof(both), "%s:%s", vendor, name);
    const char *canonical = json_string_value(json_object_get(names->aliases, both));
    const char *colon = canonical == NULL ? NULL : strchr(canonical, ':');
    if (colon == NULL)
        return;
    (void)snprintf(vendor, NAME_BYTES, "%.*s", (int)(colon - canonical), canonical);
    (void)snprintf(name, NAME_BYTES, "%s", colon + 1);
}

const char *cpe_names_package(const struct cpe_names *names, const char *vendor, const char *name)
{
    char both[2 * NAME_BYTES];
    (void)snprintf(both, sizeof(both), "%s:%s", vendor, name);
    const char *package = json_string_value(json_object_get(names->packages, both));
    return package == NULL ? "" : package;
}

bool cpe_names_client_only(const struct cpe_names *names, const char *cve)
{
    return json_object_get(names->client_only, cve) != NULL;
}
