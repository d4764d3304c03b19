// SPDX-License-Identifier: BSD-3-Clause
// Host names among the targets.
#include "config/plan/plan_private.h"

#include <errno.h>
#include <stdlib.h>

#include "config/prefix.h"

enum { NAMES_FIRST = 64 };

static int name_keep(struct key_context *context, const char *path, const char *name, uint32_t address)
{
    struct plan_private *own = context->target;
    if (own->name_count == HOST_NAMES_MAX)
        return key_complain(context, path, "more than %d addresses have a host name", HOST_NAMES_MAX);
    if ((own->name_count & (own->name_count - 1)) == 0) {
        size_t capacity = own->name_count < NAMES_FIRST ? NAMES_FIRST : 2 * own->name_count;
        struct plan_name *names = realloc(own->names, capacity * sizeof(*names));
        if (names == NULL)
            return -ENOMEM;
        own->names = names;
    }
    struct plan_name *kept = &own->names[own->name_count];
    *kept = (struct plan_name){.item = {.address = address}, .order = (uint32_t)own->name_count};
    int error = string_table_add(&own->ranges.strings, name, &kept->item.name);
    own->name_count += error == 0;
    return error;
}

int plan_add_named(struct key_context *context, const char *path, const char *name, const struct key_strings *addresses,
                   uint16_t port, struct interval_set *set)
{
    struct plan_private *own = context->target;
    bool is_target = set == &own->plan.addresses;
    if (!name_is_valid(name))
        return key_complain(context, path, "\"%.260s\" is no host name, expected lower-case letters, digits, - and .",
                            name);
    for (size_t i = 0; i < addresses->count; i++) {
        struct interval interval;
        if (prefix_parse(addresses->items[i], &interval) != 0 || interval.first != interval.last)
            return key_complain(context, path, "\"%.64s\" is no address of a host, expected one like 192.0.2.1",
                                addresses->items[i]);
        const struct pair pair = {.address = interval.first, .port = port};
        int error = port != 0 ? pair_list_add(&own->pairs, pair) : interval_set_add(set, interval);
        if (error == 0 && is_target)
            error = name_keep(context, path, name, interval.first);
        if (error != 0)
            return error;
    }
    return 0;
}

static int name_compare(const void *left, const void *right)
{
    const struct plan_name *a = left;
    const struct plan_name *b = right;
    if (a->item.address != b->item.address)
        return a->item.address < b->item.address ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

int plan_finish_names(struct plan *plan)
{
    struct plan_private *own = plan_private(plan);
    const char *strings = own->ranges.strings.bytes;
    const char *kept = NULL;
    const char *dropped = NULL;
    size_t count = 0;
    size_t others = 0;
    if (own->name_count == 0)
        return 0;
    qsort(own->names, own->name_count, sizeof(*own->names), name_compare);
    for (size_t i = 0; i < own->name_count; i++) {
        const struct plan_name *before = count == 0 ? NULL : &own->names[count - 1];
        if (before == NULL || before->item.address != own->names[i].item.address) {
            own->names[count++] = own->names[i];
        } else if (before->item.name != own->names[i].item.name) {
            others++;
            kept = strings + before->item.name;
            dropped = strings + own->names[i].item.name;
        }
    }
    own->name_count = count;
    return others == 0 ? 0
                       : plan_add_note(plan,
                                       "%zu host names share an address with one that stands before them, and are not "
                                       "asked for: %s is asked as %s",
                                       others, dropped, kept);
}
