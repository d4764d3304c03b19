// SPDX-License-Identifier: BSD-3-Clause
// Which addresses: targets, provider selectors, exclusions.
#include "config/plan/plan_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/lists.h"
#include "config/prefix.h"
#include "config/reserved.h"

enum { PATH_BYTES = 300, CANDIDATES_MAX = 512 };

// The ranges that `sonde feeds` has made into one file.
static int read_feeds(struct key_context *context, const char *path)
{
    struct plan_private *own = context->target;
    bool plans_own = own->plan.feeds[0] != '\0' && !own->files->feeds_named;
    const char *folder = plans_own ? own->plan.feeds : own->files->feeds;
    struct complaint why;
    struct input input = {0};
    char name[PATH_BYTES * 2];
    char *resolved = NULL;
    if (folder == NULL || snprintf(name, sizeof(name), "%s/" RANGES_OF_FEEDS, folder) >= (int)sizeof(name))
        return key_complain(context, path, "no folder of feeds is known");
    int error = plan_open_input(&own->plan, name, &resolved, &input, &why);
    if (error == -EINVAL)
        return key_complain(context, path, "%s (sonde feeds update clouds makes it)", why.text);
    if (error == 0)
        error = range_list_read_feeds(&own->ranges, resolved, &input, &why);
    input_fini(&input);
    free(resolved);
    return error == -EINVAL ? key_complain(context, path, "%s", why.text) : error;
}

int plan_read_ranges(struct key_context *context, const char *path, const json_t *value)
{
    struct plan_private *own = context->target;
    const char *provider;
    json_t *file;
    if (json_is_string(value) && strcmp(json_string_value(value), "feeds") == 0)
        return read_feeds(context, path);
    if (!json_is_object(value))
        return key_complain(context, path, "is %s, expected an object of provider: file, or \"feeds\"",
                            keys_type_name(value));
    json_object_foreach((json_t *)(uintptr_t)value, provider, file)
    {
        char nested[PATH_BYTES];
        char *resolved = NULL;
        struct input input = {0};
        (void)snprintf(nested, sizeof(nested), "%s.%s", path, provider);
        if (provider[0] == '\0' || strlen(provider) > 63 || !json_is_string(file))
            return key_complain(context, nested, "expected the name of a provider's range file");
        struct complaint why;
        int error = plan_open_input(&own->plan, json_string_value(file), &resolved, &input, &why);
        if (error == 0)
            error = range_list_read(&own->ranges, provider, resolved, &input, &why);
        input_fini(&input);
        free(resolved);
        if (error != 0)
            return error == -EINVAL ? key_complain(context, nested, "%s", why.text) : error;
    }
    return 0;
}

// {"file"}, {"name", "addresses"} or {"provider", "service", "region"}.
struct selection {
    char *file;
    char *name;
    struct key_strings addresses;
    uint64_t port; // 0 = none of its own
    char *provider;
    char *service;
    char *region;
};

static const struct key selection_keys[] = {
    {.name = "file",
     .type = KEY_STRING,
     .offset = offsetof(struct selection, file),
     .help = "A list of networks, or a provider's range file."},
    {.name = "name",
     .type = KEY_STRING,
     .offset = offsetof(struct selection, name),
     .help = "A host name, by which the addresses beside it are asked for."},
    {.name = "addresses",
     .type = KEY_STRINGS,
     .offset = offsetof(struct selection, addresses),
     .help = "The addresses of name."},
    {.name = "port",
     .type = KEY_COUNT,
     .offset = offsetof(struct selection, port),
     .minimum = 1,
     .maximum = 65535,
     .help = "The one port that name is asked on; by default those of all."},
    {.name = "provider",
     .type = KEY_STRING,
     .offset = offsetof(struct selection, provider),
     .help = "Glob pattern of a provider in ranges."},
    {.name = "service",
     .type = KEY_STRING,
     .offset = offsetof(struct selection, service),
     .help = "Glob pattern of its services; all by default."},
    {.name = "region",
     .type = KEY_STRING,
     .offset = offsetof(struct selection, region),
     .help = "Glob pattern of its regions; all by default."},
    {0},
};

// A whole range file named as a target.
static int select_structured(const char *file, const struct input *input, struct interval_set *set,
                             struct complaint *complaint)
{
    struct range_list list;
    size_t rows;
    int error = range_list_init(&list);
    if (error == 0)
        error = range_list_read(&list, "", file, input, complaint);
    if (error == 0)
        error = range_list_select(&list, &(struct range_selector){0}, set, &rows);
    range_list_fini(&list);
    return error;
}

// Where pairs are kept: only a target has a port of its own.
static struct pair_list *pairs_of(struct plan_private *own, const struct interval_set *set)
{
    return set == &own->plan.addresses ? &own->pairs : NULL;
}

static int select_file(struct key_context *context, const char *path, const struct selection *selection,
                       struct interval_set *set)
{
    struct plan_private *own = context->target;
    struct complaint why;
    char *resolved = NULL;
    struct input input = {0};
    int error = plan_open_input(&own->plan, selection->file, &resolved, &input, &why);
    if (error == 0 && range_list_is_structured(&input))
        error = select_structured(resolved, &input, set, &why);
    else if (error == 0)
        error = list_read(resolved, &input, set, pairs_of(own, set), NULL, &why);
    input_fini(&input);
    free(resolved);
    return error == -EINVAL ? key_complain(context, path, "%s", why.text) : error;
}

static bool name_there(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

// The names of a provider's services, or of its regions.
static size_t names_collect(const struct range_list *list, uint16_t provider, bool regions,
                            const char *ret_names[static CANDIDATES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < list->count && count < CANDIDATES_MAX; i++) {
        const struct range_row *row = &list->rows[i];
        const char *name = list->strings.bytes + (regions ? row->region : row->service);
        if (row->provider == provider && name[0] != '\0' && !name_there(ret_names, count, name))
            ret_names[count++] = name;
    }
    return count;
}

// Complains when one of the names may have been meant by one that is none of them. 0 when that is not so.
static int complain_nearest(const struct key_context *context, const char *path, const char *wanted,
                            const char *const *names, size_t count)
{
    const char *nearest = wanted == NULL ? NULL : keys_nearest(wanted, names, count);
    if (nearest == NULL || strcasecmp(nearest, wanted) == 0)
        return 0;
    return key_complain(context, path, "matches no prefix: unknown \"%s\" (did you mean \"%s\"?)", wanted, nearest);
}

// What was meant by a provider, service or region that is nowhere in the ranges.
static int complain_no_match(const struct key_context *context, const char *path, const struct selection *selection)
{
    const struct plan_private *own = context->target;
    const struct range_list *list = &own->ranges;
    const char *names[CANDIDATES_MAX] = {0};
    bool provider_known = false;
    uint16_t provider = 0;
    for (size_t i = 0; i < list->provider_count; i++) {
        names[i] = list->strings.bytes + list->providers[i];
        if (strcasecmp(names[i], selection->provider) == 0) {
            provider_known = true;
            provider = (uint16_t)i;
        }
    }
    int error = complain_nearest(context, path, selection->provider, names, list->provider_count);
    if (error == 0 && provider_known)
        error = complain_nearest(context, path, selection->service, names, names_collect(list, provider, false, names));
    if (error == 0 && provider_known)
        error = complain_nearest(context, path, selection->region, names, names_collect(list, provider, true, names));
    if (error != 0)
        return error;
    if (!provider_known && strpbrk(selection->provider, "*?[") == NULL)
        return key_complain(context, path, "unknown provider \"%s\", expected one that \"ranges\" names a file for",
                            selection->provider);
    return key_complain(context, path, "matches no prefix of the files that \"ranges\" names");
}

static int select_ranges(struct key_context *context, const char *path, const struct selection *selection,
                         struct interval_set *set)
{
    const struct plan_private *own = context->target;
    const struct range_selector selector = {selection->provider, selection->service, selection->region};
    size_t rows;
    int error = range_list_select(&own->ranges, &selector, set, &rows);
    if (error == 0 && rows == 0)
        error = complain_no_match(context, path, selection);
    return error;
}

static int select_object(struct key_context *context, const char *path, const json_t *value, struct interval_set *set)
{
    struct selection selection = {0};
    struct key_context inner = *context;
    inner.target = &selection;
    int error = keys_apply(&inner, selection_keys, path, value);
    int kinds = (selection.file != NULL) + (selection.provider != NULL) + (selection.name != NULL);
    if (error == 0 && kinds != 1)
        error = key_complain(context, path, "expected either \"file\", \"provider\" or \"name\"");
    else if (error == 0 && (selection.name != NULL) != (selection.addresses.count != 0))
        error = key_complain(context, path, "expected \"name\" and \"addresses\" together");
    else if (error == 0 && selection.port != 0 && (selection.name == NULL || pairs_of(context->target, set) == NULL))
        error = key_complain(context, path, "\"port\" goes with the \"name\" of a target");
    else if (error == 0 && selection.file != NULL && (selection.service != NULL || selection.region != NULL))
        error = key_complain(context, path, "\"service\" and \"region\" go with \"provider\", not with \"file\"");
    else if (error == 0 && selection.name != NULL)
        error = plan_add_named(context, path, selection.name, &selection.addresses, (uint16_t)selection.port, set);
    else if (error == 0 && selection.file != NULL)
        error = select_file(context, path, &selection, set);
    else if (error == 0)
        error = select_ranges(context, path, &selection, set);
    keys_release(selection_keys, &selection);
    return error;
}

static int select_text(struct key_context *context, const char *path, const char *text, struct interval_set *set)
{
    struct interval interval;
    struct pair pair;
    struct pair_list *pairs = pairs_of(context->target, set);
    if (pairs != NULL && pair_parse(text, &pair) == 0)
        return pair_list_add(pairs, pair);
    if (pairs != NULL && list_means_pair(text))
        return key_complain(context, path, "\"%s\": expected " PAIR_EXPECTED, text);
    int error = prefix_parse(text, &interval);
    if (error == -EAFNOSUPPORT)
        return key_complain(context, path, "\"%s\" is IPv6, expected " PREFIX_EXPECTED, text);
    if (error != 0) {
        struct complaint why;
        (void)list_complain(&why, "", "", text, error);
        return key_complain(context, path, "%s", why.text);
    }
    return interval_set_add(set, interval);
}

static int select_item(struct key_context *context, const char *path, const json_t *value, struct interval_set *set)
{
    if (json_is_string(value))
        return select_text(context, path, json_string_value(value), set);
    if (json_is_object(value))
        return select_object(context, path, value, set);
    return key_complain(context, path, "is %s, expected a string or an object", keys_type_name(value));
}

int plan_read_on_link(struct key_context *context, const char *path, const json_t *value)
{
    struct plan *plan = context->target;
    if (!json_is_array(value))
        return key_complain(context, path, "is %s, expected an array of networks", keys_type_name(value));
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        char nested[PATH_BYTES];
        (void)snprintf(nested, sizeof(nested), "%s[%zu]", path, i);
        if (!json_is_string(item))
            return key_complain(context, nested, "is %s, expected a string", keys_type_name(item));
        int error = select_text(context, nested, json_string_value(item), &plan->source.on_link);
        if (error != 0)
            return error;
    }
    interval_set_seal(&plan->source.on_link);
    return 0;
}

// Targets that have a port of their own are targets like others; which are not is kept.
static int targets_join(struct plan_private *own)
{
    struct interval_set *addresses = &own->plan.addresses;
    int error = 0;
    interval_set_seal(addresses);
    for (size_t i = 0; own->pairs.count > 0 && i < addresses->count && error == 0; i++)
        error = interval_set_add(&own->common_addresses, addresses->items[i]);
    interval_set_seal(&own->common_addresses);
    for (size_t i = 0; i < own->pairs.count && error == 0; i++) {
        uint32_t address = own->pairs.items[i].address;
        error = interval_set_add(addresses, (struct interval){address, address});
    }
    interval_set_seal(addresses);
    return error;
}

int plan_read_targets(struct key_context *context, const char *path, const json_t *value)
{
    struct plan_private *own = context->target;
    if (!json_is_array(value) || json_array_size(value) == 0)
        return key_complain(context, path, "is %s, expected an array of networks",
                            json_is_array(value) ? "empty" : keys_type_name(value));
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        char nested[PATH_BYTES];
        (void)snprintf(nested, sizeof(nested), "%s[%zu]", path, i);
        int error = select_item(context, nested, item, &own->plan.addresses);
        if (error != 0)
            return error;
    }
    return targets_join(own);
}

// How an entry of "exclude" is shown: the text it is, or the JSON.
static char *describe(const json_t *item)
{
    return json_is_string(item) ? strdup(json_string_value(item)) : json_dumps(item, JSON_COMPACT);
}

int plan_read_exclude(struct key_context *context, const char *path, const json_t *value)
{
    struct plan_private *own = context->target;
    if (!json_is_array(value))
        return key_complain(context, path, "is %s, expected an array of networks", keys_type_name(value));
    own->pieces = calloc(json_array_size(value) + 1, sizeof(*own->pieces));
    if (own->pieces == NULL)
        return -ENOMEM;
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        char nested[PATH_BYTES];
        struct plan_piece *piece = &own->pieces[own->piece_count++];
        (void)snprintf(nested, sizeof(nested), "%s[%zu]", path, i);
        int error = select_item(context, nested, item, &piece->set);
        if (error != 0)
            return error;
        interval_set_seal(&piece->set);
        piece->path = strdup(nested);
        piece->what = describe(item);
        if (piece->path == NULL || piece->what == NULL)
            return -ENOMEM;
    }
    return 0;
}

// A name of the registry, or a network inside one of its own.
static int allow_item(struct key_context *context, const char *path, const json_t *value, struct interval_set *allowed)
{
    const char *names[32] = {0};
    const char *text = json_string_value(value);
    struct interval interval;
    bool found = false;
    if (text == NULL)
        return key_complain(context, path, "is %s, expected a string", keys_type_name(value));
    bool network = prefix_parse(text, &interval) == 0;
    for (size_t i = 0; i < reserved_network_count; i++) {
        const struct reserved_network *reserved = &reserved_networks[i];
        names[i] = reserved->name;
        bool named = strcmp(reserved->name, text) == 0;
        bool inside = network && interval.first >= reserved->interval.first && interval.last <= reserved->interval.last;
        if ((named || inside) && interval_set_add(allowed, named ? reserved->interval : interval) != 0)
            return -ENOMEM;
        found |= named || inside;
    }
    if (found)
        return 0;
    if (network)
        return key_complain(context, path, "\"%s\" lies in no special-purpose network", text);
    const char *nearest = keys_nearest(text, names, reserved_network_count);
    return key_complain(context, path, "\"%s\": expected a network or a name like \"%s\"", text,
                        nearest != NULL ? nearest : "private-use");
}

int plan_read_allow_reserved(struct key_context *context, const char *path, const json_t *value)
{
    struct plan_private *own = context->target;
    if (json_is_boolean(value))
        return json_is_true(value) ? interval_set_add(&own->allowed, (struct interval){0, UINT32_MAX}) : 0;
    if (!json_is_array(value))
        return key_complain(context, path, "is %s, expected true, or an array of names and networks",
                            keys_type_name(value));
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        char nested[PATH_BYTES];
        (void)snprintf(nested, sizeof(nested), "%s[%zu]", path, i);
        int error = allow_item(context, nested, item, &own->allowed);
        if (error != 0)
            return error;
    }
    interval_set_seal(&own->allowed);
    return 0;
}
