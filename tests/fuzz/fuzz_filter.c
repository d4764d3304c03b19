// SPDX-License-Identifier: BSD-3-Clause
// libFuzzer: any bytes as what somebody types behind --filter. What is refused says why; what is taken can be asked of
// records of which nothing is known, and is true of them only where it asks for that.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/catalogue_load.h"
#include "config/condition_load.h"
#include "config/filter.h"
#include "control/classify/condition.h"
#include "tests/fuzz/entry.h"

#define NOW_S INT64_C(1700000000)

static void condition_check(const struct condition_list *list, const struct string_table *strings)
{
    const struct catalogue_finding finding = {.condition_count = (uint32_t)list->count};
    const struct catalogue catalogue = {
        .findings = &finding, .finding_count = 1, .conditions = list->nodes, .condition_count = list->count};
    struct conditions *conditions = conditions_new(&catalogue, strings->bytes, strings->length);
    struct observation nothing;
    bool known = false;
    if (conditions == NULL)
        abort();
    observation_init(&nothing);
    for (size_t i = 0; i < list->count; i++)
        known = known || list->nodes[i].op == CONDITION_KNOWN;
    if (condition_holds(conditions, 0, &nothing, NOW_S) && !known)
        abort();
    observation_fini(&nothing);
    conditions_free(conditions);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    struct complaint complaint = {0};
    struct key_context context = {.file = "--filter", .complaint = &complaint};
    struct condition_list list = {0};
    struct string_table strings;
    json_t *condition = NULL;
    char *text = malloc(size + 1);
    if (text == NULL || string_table_init(&strings) != 0)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    int error = filter_parse(text, &condition, &complaint);
    if (error == 0)
        error = condition_read(&context, "", condition, &strings, &list);
    if (error == -EINVAL && complaint.text[0] == '\0')
        abort();
    if (error == 0)
        condition_check(&list, &strings);
    json_decref(condition);
    free(list.nodes);
    string_table_fini(&strings);
    free(text);
}
