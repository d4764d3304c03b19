// SPDX-License-Identifier: BSD-3-Clause
// One service in JSON: the rows of services.json and the plan's own.
#include "config/catalogue_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PORTS = 65536 };

// Up to five digits, at most 65535; *text moves behind them.
static int port_parse(const char **text, uint32_t *ret_port)
{
    uint32_t port = 0;
    size_t digits = strspn(*text, "0123456789");
    if (digits == 0 || digits > 5)
        return -EINVAL;
    for (size_t i = 0; i < digits; i++)
        port = port * 10 + (uint32_t)((*text)[i] - '0');
    if (port >= PORTS)
        return -EINVAL;
    *text += digits;
    *ret_port = port;
    return 0;
}

static int port_range_parse(const char *text, uint32_t *ret_first, uint32_t *ret_last)
{
    if (port_parse(&text, ret_first) != 0)
        return -EINVAL;
    *ret_last = *ret_first;
    if (*text == '-') {
        text++;
        if (port_parse(&text, ret_last) != 0)
            return -EINVAL;
    }
    return *text == '\0' && *ret_first <= *ret_last ? 0 : -EINVAL;
}

static int port_read(struct key_context *context, const char *path, const json_t *value, bool *ret_ports)
{
    uint32_t first = 0;
    uint32_t last = 0;
    if (json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) < PORTS)
        first = last = (uint32_t)json_integer_value(value);
    else if (!json_is_string(value) || port_range_parse(json_string_value(value), &first, &last) != 0)
        return key_complain(context, path, "expected a port from 0 to 65535 or a range like \"8000-8010\"");
    for (uint32_t port = first; port <= last; port++)
        ret_ports[port] = true;
    return 0;
}

int service_ports_read(struct key_context *context, const char *path, const json_t *value, bool *ret_ports)
{
    if (!json_is_array(value))
        return port_read(context, path, value, ret_ports);
    if (json_array_size(value) == 0)
        return key_complain(context, path, "is empty, expected ports");
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        char nested[300];
        (void)snprintf(nested, sizeof(nested), "%s[%zu]", path, i);
        int error = port_read(context, nested, item, ret_ports);
        if (error != 0)
            return error;
    }
    return 0;
}

static int read_ports(struct key_context *context, const char *path, const json_t *value)
{
    struct service_row *row = context->target;
    if (row->ports != NULL)
        return key_complain(context, path, "\"port\" and \"ports\" exclude each other");
    bool *set = calloc(PORTS, sizeof(*set));
    row->ports = calloc(PORTS, sizeof(*row->ports));
    int error = set == NULL || row->ports == NULL ? -ENOMEM : service_ports_read(context, path, value, set);
    for (size_t port = 0; port < PORTS && error == 0; port++)
        if (set[port])
            row->ports[row->port_count++] = (uint16_t)port;
    free(set);
    return error;
}

static const struct key service_keys[] = {
    {.name = "name",
     .type = KEY_STRING,
     .required = true,
     .offset = offsetof(struct service_row, name),
     .expected = "a name",
     .help = "Name of the service in records."},
    {.name = "title",
     .type = KEY_STRING,
     .offset = offsetof(struct service_row, title),
     .fallback = "\"\"",
     .help = "What it is, in words."},
    {.name = "port", .type = KEY_CUSTOM, .expected = "port or range", .help = "Its port.", .read = read_ports},
    {.name = "ports",
     .type = KEY_CUSTOM,
     .expected = "array of ports and ranges",
     .help = "Its ports.",
     .read = read_ports},
    {.name = "session",
     .type = KEY_STRING,
     .offset = offsetof(struct service_row, session),
     .fallback = "\"\"",
     .help = "The conversation to begin with: \"ssh\", \"tls\", \"http\", or \"\" to listen first."},
    {.name = "inner",
     .type = KEY_STRING,
     .offset = offsetof(struct service_row, inner),
     .help = "The conversation inside TLS, where that is spoken; \"\" listens, then asks for a page; by default the "
             "session, and \"http\" where that is \"tls\"."},
    {.name = "sensitive",
     .type = KEY_BOOL,
     .offset = offsetof(struct service_row, sensitive),
     .fallback = "false",
     .help = "Whether it should not face the whole internet."},
    {0},
};

static bool is_name(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0';
}

int service_row_read(struct key_context *context, const char *path, const json_t *object, struct service_row *row)
{
    struct key_context own = *context;
    own.target = row;
    int error = keys_apply(&own, service_keys, path, object);
    if (error != 0)
        return error;
    if (row->name[0] == '\0' || strlen(row->name) > 31 || !is_name(row->name) || !is_name(row->session) ||
        (row->inner != NULL && !is_name(row->inner)))
        return key_complain(context, path, "expected names of lower-case letters, digits, \"-\", \"_\" and \".\"");
    if (row->port_count == 0)
        return key_complain(context, path, "\"port\" or \"ports\" is missing");
    return 0;
}

void service_row_fini(struct service_row *row)
{
    keys_release(service_keys, row);
    free(row->ports);
    *row = (struct service_row){0};
}

int catalogue_add_service(struct catalogue_storage *storage, const struct service_row *row,
                          struct string_table *strings)
{
    struct catalogue_service service = {.sensitive = row->sensitive};
    const char *inner = row->inner;
    if (inner == NULL)
        inner = strcmp(row->session, "tls") == 0 ? "http" : row->session;
    for (size_t i = 0; i < row->port_count && i < CATALOGUE_PORTS_MAX; i++)
        service.ports[service.port_count++] = row->ports[i];
    struct catalogue_service *services =
        reallocarray(storage->services, storage->service_count + 1, sizeof(*storage->services));
    if (services == NULL)
        return -ENOMEM;
    storage->services = services;
    if (string_table_add(strings, row->name, &service.name) != 0 ||
        string_table_add(strings, row->session, &service.session) != 0 ||
        string_table_add(strings, inner, &service.inner) != 0 ||
        string_table_add(strings, row->title, &service.title) != 0)
        return -ENOMEM;
    services[storage->service_count++] = service;
    return 0;
}
