// SPDX-License-Identifier: BSD-3-Clause
#include "config/image/catalogue.h"

const struct catalogue_service *catalogue_find_port(const struct catalogue *catalogue, uint16_t port)
{
    for (size_t i = catalogue->service_count; i > 0; i--) {
        const struct catalogue_service *service = &catalogue->services[i - 1];
        for (size_t p = 0; p < service->port_count; p++)
            if (service->ports[p] == port)
                return service;
    }
    return NULL;
}

static bool takes_children(uint32_t op, uint32_t children)
{
    if (op == CONDITION_ALL || op == CONDITION_ANY)
        return true;
    return children == (op == CONDITION_NOT || op == CONDITION_SOME ? 1 : 0);
}

static bool node_fits(const struct catalogue *catalogue, uint32_t first, uint32_t count, uint32_t depth)
{
    const struct catalogue_condition *nodes = catalogue->conditions;
    uint32_t children = 0;
    uint32_t at = first + 1;
    if (count == 0 || depth > CONDITION_DEPTH_MAX || nodes[first].op >= CONDITION_OP_COUNT ||
        nodes[first].span != count)
        return false;
    for (; at < first + count; at += nodes[at].span, children++)
        if (nodes[at].span > first + count - at || !node_fits(catalogue, at, nodes[at].span, depth + 1))
            return false;
    return takes_children(nodes[first].op, children);
}

bool catalogue_condition_fits(const struct catalogue *catalogue, uint32_t first, uint32_t count)
{
    return first < catalogue->condition_count && count <= catalogue->condition_count - first &&
           node_fits(catalogue, first, count, 0);
}
