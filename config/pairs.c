// SPDX-License-Identifier: BSD-3-Clause
#include "config/pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/prefix.h"

enum { PAIRS_FIRST = 64, ADDRESS_BYTES = 16, PORT_DIGITS = 5, PORT_MAX = 65535 };

int pair_parse(const char *text, struct pair *ret_pair)
{
    const char *colon = strchr(text, ':');
    char address[ADDRESS_BYTES];
    struct interval interval;
    if (colon == NULL || (size_t)(colon - text) >= sizeof(address))
        return -EINVAL;
    memcpy(address, text, (size_t)(colon - text));
    address[colon - text] = '\0';
    size_t digits = strspn(colon + 1, "0123456789");
    unsigned long port = digits == 0 || digits > PORT_DIGITS ? PORT_MAX + 1UL : strtoul(colon + 1, NULL, 10);
    if (colon[1 + digits] != '\0' || port > PORT_MAX || prefix_parse(address, &interval) != 0 ||
        interval.first != interval.last)
        return -EINVAL;
    *ret_pair = (struct pair){.address = interval.first, .port = (uint16_t)port};
    return 0;
}

int pair_list_add(struct pair_list *list, struct pair pair)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? PAIRS_FIRST : 2 * list->capacity;
        struct pair *items = reallocarray(list->items, capacity, sizeof(items[0]));
        if (items == NULL)
            return -ENOMEM;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = pair;
    return 0;
}

static int pair_compare(const void *left, const void *right)
{
    const struct pair *a = left;
    const struct pair *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return (int)a->port - (int)b->port;
}

void pair_list_settle(struct pair_list *list)
{
    size_t kept = 0;
    if (list->count > 0)
        qsort(list->items, list->count, sizeof(list->items[0]), pair_compare);
    for (size_t i = 0; i < list->count; i++)
        if (kept == 0 || pair_compare(&list->items[kept - 1], &list->items[i]) != 0)
            list->items[kept++] = list->items[i];
    list->count = kept;
}

void pair_list_fini(struct pair_list *list)
{
    free(list->items);
    *list = (struct pair_list){.items = NULL};
}
