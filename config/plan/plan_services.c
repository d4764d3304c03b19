// SPDX-License-Identifier: BSD-3-Clause
// Which ports, and what conversation begins on each.
#include "config/plan/plan_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 300, NAMES_MAX = 256, DECOY_FIRST = 32768 };

int plan_read_lcores(struct key_context *context, const char *path, const json_t *value)
{
    struct plan_private *own = context->target;
    struct plan_device *device = &own->plan.device;
    bool *set = calloc(IMAGE_PORTS_MAX, sizeof(*set));
    if (set == NULL)
        return -ENOMEM;
    char *copy = NULL;
    json_t *list = NULL;
    struct complaint unused;
    struct key_context quiet = {.file = "", .complaint = &unused};
    int error = 0;
    // Lcores are written like ports: "1-3,5" is the array ["1-3", "5"].
    if (json_is_string(value)) {
        copy = strdup(json_string_value(value));
        list = json_array();
        char *rest = copy;
        for (char *part = strsep(&rest, ","); part != NULL && list != NULL; part = strsep(&rest, ","))
            (void)json_array_append_new(list, json_string(part));
    }
    if (json_is_string(value) && (copy == NULL || list == NULL))
        error = -ENOMEM;
    else
        error = service_ports_read(&quiet, path, list != NULL ? list : value, set);
    for (size_t lcore = 0; lcore < IMAGE_PORTS_MAX && error == 0; lcore++) {
        if (!set[lcore])
            continue;
        if (lcore >= IMAGE_LCORES_MAX || device->lcore_count == IMAGE_LCORES_MAX)
            error = -EINVAL;
        else
            device->lcores[device->lcore_count++] = (uint16_t)lcore;
    }
    json_decref(list);
    free(copy);
    free(set);
    return error == -EINVAL ? key_complain(context, path, "expected lcores from 0 to %d, like \"1-3,5\" or [1, 2]",
                                           IMAGE_LCORES_MAX - 1)
                            : error;
}

// Every port of every service of the catalogue.
static void read_all(struct plan_private *own)
{
    for (size_t i = 0; i < own->catalogue.service_count; i++)
        for (size_t p = 0; p < own->catalogue.services[i].port_count; p++)
            own->port_set[own->catalogue.services[i].ports[p]] = true;
}

static int read_name(struct key_context *context, const char *path, const char *name)
{
    struct plan_private *own = context->target;
    const struct catalogue_storage *catalogue = &own->catalogue;
    const char *names[NAMES_MAX] = {"all"};
    size_t count = 1;
    if (strcmp(name, names[0]) == 0) {
        read_all(own);
        return 0;
    }
    for (size_t i = 0; i < catalogue->service_count && count < NAMES_MAX; i++) {
        const struct catalogue_service *service = &catalogue->services[i];
        names[count] = own->ranges.strings.bytes + service->name;
        if (strcmp(names[count++], name) != 0)
            continue;
        for (size_t p = 0; p < service->port_count; p++)
            own->port_set[service->ports[p]] = true;
        return 0;
    }
    const char *nearest = keys_nearest(name, names, count);
    if (nearest != NULL)
        return key_complain(context, path, "unknown service \"%s\" (did you mean \"%s\"?)", name, nearest);
    return key_complain(context, path, "unknown service \"%s\", expected a name of services.json, a port, or a range",
                        name);
}

// A conversation's name is one that the catalogue's services begin with or have inside TLS: it names every one.
static int check_session(const struct key_context *context, const char *path, const char *key, const char *session)
{
    const struct plan_private *own = context->target;
    const struct catalogue_storage *catalogue = &own->catalogue;
    const char *names[NAMES_MAX];
    char nested[PATH_BYTES];
    size_t count = 0;
    if (session == NULL || session[0] == '\0')
        return 0;
    for (size_t i = 0; i < catalogue->service_count && count < NAMES_MAX; i++) {
        const char *name = own->ranges.strings.bytes + catalogue->services[i].session;
        if (strcmp(name, session) == 0)
            return 0;
        if (name[0] != '\0')
            names[count++] = name;
    }
    const char *nearest = keys_nearest(session, names, count);
    (void)snprintf(nested, sizeof(nested), "%s.%s", path, key);
    if (nearest != NULL)
        return key_complain(context, nested, "unknown conversation \"%s\" (did you mean \"%s\"?)", session, nearest);
    return key_complain(
        context, nested,
        "unknown conversation \"%s\", expected one of those that `sonde help services` lists, or \"\" to listen",
        session);
}

static int read_own(struct key_context *context, const char *path, const json_t *value)
{
    struct plan_private *own = context->target;
    struct service_row row = {0};
    int error = service_row_read(context, path, value, &row);
    if (error == 0)
        error = check_session(context, path, "session", row.session);
    if (error == 0)
        error = check_session(context, path, "inner", row.inner);
    for (size_t i = 0; i < row.port_count && error == 0; i++)
        own->port_set[row.ports[i]] = true;
    if (error == 0 && row.port_count > CATALOGUE_PORTS_MAX)
        error = key_complain(context, path, "has %zu ports, expected at most %d for a service with a name",
                             row.port_count, CATALOGUE_PORTS_MAX);
    if (error == 0)
        error = catalogue_add_service(&own->catalogue, &row, &own->ranges.strings);
    service_row_fini(&row);
    return error;
}

static int read_service(struct key_context *context, const char *path, const json_t *value)
{
    struct plan_private *own = context->target;
    const char *text = json_string_value(value);
    if (json_is_object(value))
        return read_own(context, path, value);
    if (text != NULL && (text[0] < '0' || text[0] > '9'))
        return read_name(context, path, text);
    if (text == NULL && !json_is_integer(value))
        return key_complain(context, path, "is %s, expected a service name, a port, or an object",
                            keys_type_name(value));
    return service_ports_read(context, path, value, own->port_set);
}

int plan_read_services(struct key_context *context, const char *path, const json_t *value)
{
    if (!json_is_array(value) || json_array_size(value) == 0)
        return key_complain(context, path, "is %s, expected an array of services",
                            json_is_array(value) ? "empty" : keys_type_name(value));
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        char nested[PATH_BYTES];
        (void)snprintf(nested, sizeof(nested), "%s[%zu]", path, i);
        int error = read_service(context, nested, item);
        if (error != 0)
            return error;
    }
    return 0;
}

// SplitMix64 (Steele, Lea and Flood, 2014): decoys only have to differ from seed to seed.
static uint64_t mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

// High ports outside the plan. A plan of nearly all of them gets fewer.
static void choose_decoys(struct plan *plan, uint32_t wanted)
{
    const struct plan_private *own = plan_private(plan);
    uint64_t state = plan->seed;
    for (size_t tries = 0; tries < 1000 && plan->decoy_count < wanted; tries++) {
        uint16_t port = (uint16_t)(DECOY_FIRST + mix(&state) % (IMAGE_PORTS_MAX - DECOY_FIRST));
        bool taken = own->port_set[port];
        for (size_t i = 0; i < plan->decoy_count; i++)
            taken |= plan->decoys[i] == port;
        if (!taken)
            plan->decoys[plan->decoy_count++] = port;
    }
}

int plan_finish_ports(struct plan *plan, struct complaint *complaint)
{
    const struct plan_private *own = plan_private(plan);
    const struct plan_source *source = &plan->source;
    plan->ports = calloc(IMAGE_PORTS_MAX, sizeof(*plan->ports));
    if (plan->ports == NULL)
        return -ENOMEM;
    for (uint32_t port = 0; port < IMAGE_PORTS_MAX; port++)
        if (own->port_set[port])
            plan->ports[plan->port_count++] = (uint16_t)port;
    choose_decoys(plan, own->decoys);
    uint32_t probe_end = (uint32_t)source->probe_port_first + source->probe_port_count;
    uint32_t flow_end = (uint32_t)source->flow_port_first + source->flow_port_count;
    if (source->probe_port_first < flow_end && source->flow_port_first < probe_end)
        return complain(complaint, plan->path, "source.flow_ports", "meet probe_ports, expected ranges apart");
    return 0;
}
