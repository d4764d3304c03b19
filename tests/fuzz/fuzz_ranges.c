// SPDX-License-Identifier: BSD-3-Clause
// libFuzzer: any bytes as a provider's range file and as a plain list.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/lists.h"
#include "config/ranges.h"
#include "tests/fuzz/entry.h"

// Every address belongs to somebody or nobody, and edges ascend.
static void attribute(struct range_list *list)
{
    struct range_attribution attribution;
    if (range_list_attribute(list, &attribution) != 0)
        abort();
    if (attribution.edge_count == 0 || attribution.edges[0].first_address != 0)
        abort();
    for (size_t i = 0; i < attribution.edge_count; i++) {
        if (attribution.edges[i].attribution >= attribution.item_count)
            abort();
        if (i > 0 && attribution.edges[i].first_address <= attribution.edges[i - 1].first_address)
            abort();
    }
    range_attribution_fini(&attribution);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    struct complaint complaint;
    struct range_list list;
    struct interval_set set;
    struct pair_list pairs = {.items = NULL};
    struct input input = {.text = malloc(size + 1), .length = size};
    if (input.text == NULL || range_list_init(&list) != 0)
        abort();
    memcpy(input.text, data, size);
    input.text[size] = '\0';
    (void)range_list_is_structured(&input);
    if (range_list_read(&list, "p", "f", &input, &complaint) == 0)
        attribute(&list);
    range_list_fini(&list);
    interval_set_init(&set);
    if (list_read("f", &input, &set, &pairs, NULL, &complaint) == 0)
        interval_set_seal(&set);
    interval_set_fini(&set);
    pair_list_settle(&pairs);
    pair_list_fini(&pairs);
    input_fini(&input);
}
