// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/ground.h"

#include <stdlib.h>

const char ground_title[] = "Addresses of the plan, by provider and cloud service";
const char ground_note[] = "By the providers' lists when the scan began; overlapping prefixes counted once.";

enum { ROWS_MAX = 4096 };

json_t *ground_of(const struct scans *scans)
{
    const json_t *first = NULL;
    json_int_t addresses = 0;
    for (size_t i = 0; i < scans->count; i++) {
        const json_t *plan = json_object_get(scans->scans[i].summary, "plan");
        const json_t *providers = json_object_get(plan, "providers");
        if (!json_is_object(providers) || (first != NULL && json_equal(first, providers) == 0))
            return NULL;
        first = providers;
        addresses = json_integer_value(json_object_get(plan, "addresses"));
    }
    return first == NULL ? NULL
                         : json_pack("{s:I,s:O}", "addresses", addresses, "providers", (json_t *)(uintptr_t)first);
}

static uint64_t number_of(const json_t *object, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(object, name));
    return number > 0 ? (uint64_t)number : 0;
}

static int row_compare(const void *left, const void *right)
{
    const struct ground_row *a = left;
    const struct ground_row *b = right;
    return a->addresses != b->addresses ? (a->addresses > b->addresses ? -1 : 1) : 0;
}

// The services of a provider, from the most addresses on.
static void services_each(const char *provider, const json_t *services, ground_take *take, void *context)
{
    size_t count = 0;
    const char *name;
    json_t *value;
    struct ground_row *rows = calloc(ROWS_MAX, sizeof(rows[0]));
    json_object_foreach((json_t *)(uintptr_t)services, name, value)
    {
        if (rows != NULL && count < ROWS_MAX && json_is_object(value))
            rows[count++] = (struct ground_row){.provider = provider,
                                                .service = name,
                                                .addresses = number_of(value, "addresses"),
                                                .counted_once = number_of(value, "counted_once")};
    }
    if (count > 0)
        qsort(rows, count, sizeof(rows[0]), row_compare);
    for (size_t i = 0; i < count; i++)
        take(context, &rows[i]);
    free(rows);
}

void ground_each(const json_t *ground, ground_take *take, void *context)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(ground, "providers"), name, value)
    {
        const json_t *services = json_object_get(value, "services");
        uint64_t once = 0;
        const char *service;
        json_t *own;
        json_object_foreach((json_t *)(uintptr_t)services, service, own)
        {
            once += number_of(own, "counted_once");
        }
        uint64_t addresses = number_of(value, "addresses");
        const struct ground_row row = {.provider = name,
                                       .service = "",
                                       .addresses = addresses,
                                       .counted_once = json_object_size(services) > 0 ? once : addresses};
        take(context, &row);
        services_each(name, services, take, context);
    }
}
