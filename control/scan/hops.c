// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/hops.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/prefix.h"
#include "control/scan/route.h"

// Targets on the link that are less than this apart may share a stretch.
enum { WINDOW = 4096 };

enum { ROUTES_MAX = 32768, PREFIX_TEXT_MAX = 32 };

// What the kernel's tables hold: where its routes begin and end, and what is directly on our interface.
struct tables {
    unsigned int ifindex;
    struct interval_set prefixes; // of all routes, as they came, one after the other
    struct interval_set link;     // of routes without a gateway by our interface
    int error;
};

bool hops_clip(const struct interval_set *set, uint32_t first, uint32_t last, struct interval *ret_clipped)
{
    size_t low = 0;
    size_t high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->items[middle].last < first)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == set->count || set->items[low].first > last)
        return false;
    size_t end = low;
    while (end + 1 < set->count && set->items[end + 1].first <= last)
        end++;
    ret_clipped->first = set->items[low].first > first ? set->items[low].first : first;
    ret_clipped->last = set->items[end].last < last ? set->items[end].last : last;
    return true;
}

void hops_fini(struct hops *hops)
{
    free(hops->items);
    *hops = (struct hops){.count = 0};
}

// Appends a stretch, or makes the last one longer. Nothing that is a target lies between two stretches behind one
// gateway, so they are one; on the link each address costs memory.
static int hops_add(struct hops *hops, struct interval stretch, uint32_t gateway, char message[static HOPS_MESSAGE_MAX])
{
    struct image_hop *last = hops->count > 0 ? &hops->items[hops->count - 1] : NULL;
    if (last != NULL && last->gateway == gateway && (gateway != 0 || last->last + 1 == stretch.first)) {
        last->last = stretch.last;
        return 0;
    }
    if (hops->count == HOPS_MAX) {
        snprintf(message, HOPS_MESSAGE_MAX,
                 "source.gateway: the targets fall into more than %d stretches of different routes; expected a gateway "
                 "for all of them",
                 HOPS_MAX);
        return -EINVAL;
    }
    if (hops->items == NULL)
        hops->items = malloc(sizeof(*hops->items) * HOPS_MAX);
    if (hops->items == NULL)
        return -ENOMEM;
    hops->items[hops->count++] = (struct image_hop){.first = stretch.first, .last = stretch.last, .gateway = gateway};
    return 0;
}

// Appends what the targets have of a stretch on the link, without the wide gaps between them.
static int hops_add_link(struct hops *hops, const struct interval_set *addresses, struct interval stretch,
                         char message[static HOPS_MESSAGE_MAX])
{
    struct interval rest = stretch;
    while (hops_clip(addresses, rest.first, stretch.last, &rest)) {
        struct interval window = {rest.first, rest.first};
        window.last = stretch.last - rest.first < WINDOW ? stretch.last : rest.first + WINDOW - 1;
        uint32_t end = window.last;
        (void)hops_clip(addresses, window.first, window.last, &window);
        int error = hops_add(hops, window, 0, message);
        if (error != 0 || end == stretch.last)
            return error;
        rest.first = end + 1;
    }
    return 0;
}

// One gateway for all needs no table; too many on the link are refused.
static int hops_finish(struct hops *hops, char message[static HOPS_MESSAGE_MAX])
{
    uint64_t on_link = 0;
    for (size_t i = 0; i < hops->count; i++)
        on_link += hops->items[i].gateway == 0 ? (uint64_t)hops->items[i].last - hops->items[i].first + 1 : 0;
    if (on_link > HOPS_ON_LINK_MAX) {
        snprintf(message, HOPS_MESSAGE_MAX,
                 "targets: %llu of them are on the link, expected at most %d; scan it in several parts, or give "
                 "source.gateway",
                 (unsigned long long)on_link, HOPS_ON_LINK_MAX);
        return -EINVAL;
    }
    if (hops->count == 1 && hops->items[0].gateway != 0) {
        hops->gateway = hops->items[0].gateway;
        hops->count = 0;
    }
    return 0;
}

static void tables_take(void *context, uint32_t first, uint32_t last, const struct route *route)
{
    struct tables *tables = context;
    const struct interval prefix = {first, last};
    if (tables->prefixes.count >= ROUTES_MAX)
        tables->error = -E2BIG;
    if (tables->error == 0)
        tables->error = interval_set_add(&tables->prefixes, prefix);
    if (tables->error == 0 && route->gateway == 0 && route->is_unicast && route->ifindex == tables->ifindex &&
        last - first != UINT32_MAX)
        tables->error = interval_set_add(&tables->link, prefix);
}

static int number_compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

// The addresses at which another route may begin, ascending, from 0 to 2^32. Returns their number, 0 without memory.
static size_t edges_make(const struct tables *tables, uint64_t **ret_edges)
{
    uint64_t *edges = malloc(sizeof(*edges) * (2 * tables->prefixes.count + 2));
    size_t count = 0;
    if (edges == NULL)
        return 0;
    edges[count++] = 0;
    edges[count++] = UINT64_C(1) << 32;
    for (size_t i = 0; i < tables->prefixes.count; i++) {
        edges[count++] = tables->prefixes.items[i].first;
        edges[count++] = (uint64_t)tables->prefixes.items[i].last + 1;
    }
    qsort(edges, count, sizeof(*edges), number_compare);
    *ret_edges = edges;
    return count;
}

static int refuse(const struct interval *stretch, const char *interface, int error, unsigned int other,
                  char message[static HOPS_MESSAGE_MAX])
{
    char text[PREFIX_TEXT_MAX];
    char name[IF_NAMESIZE];
    prefix_print(*stretch, text);
    if (error == 0 && if_indextoname(other, name) != NULL)
        snprintf(message, HOPS_MESSAGE_MAX,
                 "targets: %s leaves by interface %s, not by the device's %s: scan it through that one, or exclude it",
                 text, name, interface);
    else if (error == -EINVAL || error == -EACCES || error == -EHOSTUNREACH)
        snprintf(message, HOPS_MESSAGE_MAX, "targets: the kernel's routes refuse %s (%s): exclude it", text,
                 error == -EINVAL   ? "blackhole"
                 : error == -EACCES ? "prohibit"
                                    : "unreachable");
    else
        snprintf(message, HOPS_MESSAGE_MAX,
                 "targets: the kernel has no route to %s: connect the network, exclude it, or give source.gateway",
                 text);
    return -EINVAL;
}

// The route of a stretch by our interface: the kernel's choice, or what our interface has for it besides. Where it has
// nothing, the kernel takes anything to be on the link, which nobody else would.
static int stretch_route(const struct tables *tables, const struct interval *stretch, const char *interface,
                         struct route *ret_route, char message[static HOPS_MESSAGE_MAX])
{
    struct interval unused;
    struct route other = {0};
    int error = route_find(stretch->first, NULL, ret_route);
    if (error == 0 && (!ret_route->is_unicast || ret_route->ifindex == tables->ifindex))
        return 0;
    if (error == 0)
        other = *ret_route;
    if (route_find(stretch->first, interface, ret_route) == 0 && ret_route->ifindex == tables->ifindex &&
        (ret_route->gateway != 0 || hops_clip(&tables->link, stretch->first, stretch->first, &unused)))
        return 0;
    return refuse(stretch, interface, error, other.ifindex, message);
}

static int stretches_ask(const struct tables *tables, const uint64_t *edges, size_t edge_count,
                         const struct interval_set *addresses, const char *interface, struct hops *hops,
                         char message[static HOPS_MESSAGE_MAX])
{
    int error = 0;
    for (size_t i = 0; i + 1 < edge_count && error == 0; i++) {
        struct interval stretch;
        struct route route;
        if (edges[i] == edges[i + 1] ||
            !hops_clip(addresses, (uint32_t)edges[i], (uint32_t)(edges[i + 1] - 1), &stretch))
            continue;
        error = stretch_route(tables, &stretch, interface, &route, message);
        if (error != 0 || !route.is_unicast)
            continue;
        if (hops->source == 0)
            hops->source = route.source;
        error = route.gateway != 0 ? hops_add(hops, stretch, route.gateway, message)
                                   : hops_add_link(hops, addresses, stretch, message);
    }
    return error;
}

static int tables_read(const char *interface, struct tables *tables, char message[static HOPS_MESSAGE_MAX])
{
    *tables = (struct tables){.ifindex = if_nametoindex(interface)};
    interval_set_init(&tables->prefixes);
    interval_set_init(&tables->link);
    int error = route_walk(tables_take, tables);
    if (error == 0)
        error = tables->error;
    if (error == -ENOMEM)
        return error;
    if (error == -E2BIG)
        snprintf(message, HOPS_MESSAGE_MAX,
                 "source.gateway: the kernel has more than %d routes; expected a gateway for all targets", ROUTES_MAX);
    else if (error != 0)
        snprintf(message, HOPS_MESSAGE_MAX, "the kernel's routes cannot be read: %s", strerror(-error));
    interval_set_seal(&tables->link);
    return error == 0 ? 0 : -EINVAL;
}

int hops_route(const struct interval_set *addresses, const char *interface, struct hops *ret_hops,
               char message[static HOPS_MESSAGE_MAX])
{
    struct hops hops = {.count = 0};
    struct tables tables;
    uint64_t *edges = NULL;
    int error = tables_read(interface, &tables, message);
    size_t edge_count = error == 0 ? edges_make(&tables, &edges) : 0;
    if (error == 0 && edge_count == 0)
        error = -ENOMEM;
    if (error == 0)
        error = stretches_ask(&tables, edges, edge_count, addresses, interface, &hops, message);
    if (error == 0 && hops.count == 0) {
        snprintf(message, HOPS_MESSAGE_MAX,
                 "targets: all of them are this machine's own addresses or broadcasts, which no scan can reach");
        error = -EINVAL;
    }
    if (error == 0)
        error = hops_finish(&hops, message);
    free(edges);
    interval_set_fini(&tables.prefixes);
    interval_set_fini(&tables.link);
    if (error != 0)
        hops_fini(&hops);
    *ret_hops = hops;
    return error;
}

int hops_divide(const struct interval_set *addresses, const struct interval_set *on_link, uint32_t gateway,
                struct hops *ret_hops, char message[static HOPS_MESSAGE_MAX])
{
    struct hops hops = {.count = 0};
    struct interval stretch;
    uint64_t from = 0;
    int error = 0;
    for (size_t i = 0; i <= on_link->count && error == 0; i++) {
        bool last = i == on_link->count;
        uint64_t until = last ? UINT64_C(1) << 32 : on_link->items[i].first;
        bool between = until > from && hops_clip(addresses, (uint32_t)from, (uint32_t)(until - 1), &stretch);
        if (between && gateway == 0) {
            char text[PREFIX_TEXT_MAX];
            prefix_print((struct interval){stretch.first, stretch.first}, text);
            snprintf(message, HOPS_MESSAGE_MAX, "source.gateway: expected one, because %s is outside source.on_link",
                     text);
            error = -EINVAL;
        } else if (between) {
            error = hops_add(&hops, stretch, gateway, message);
        }
        if (error == 0 && !last && hops_clip(addresses, on_link->items[i].first, on_link->items[i].last, &stretch))
            error = hops_add_link(&hops, addresses, stretch, message);
        from = last ? until : (uint64_t)on_link->items[i].last + 1;
    }
    if (error == 0)
        error = hops_finish(&hops, message);
    if (error != 0)
        hops_fini(&hops);
    *ret_hops = hops;
    return error;
}
