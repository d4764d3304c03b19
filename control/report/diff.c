// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 4096, CHANGES_FIRST = 256 };

static const uint32_t none = UINT32_MAX;

static int words_compare(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a;
    uint32_t second = *(const uint32_t *)b;
    return (first > second) - (first < second);
}

size_t diff_values(const struct facts *facts, uint32_t shape, size_t table, uint32_t *ret_values, size_t room)
{
    const struct facts_table *places = &facts->tables[table];
    struct shape found = facts_shape(facts, shape);
    size_t count = 0;
    if (places->list == none) {
        struct shape_values values = shape_path(facts, &found, places->rows);
        for (uint32_t i = 0; i < values.count && count < room; i++)
            if (values.values[i] != FACTS_NONE)
                ret_values[count++] = values.values[i];
        return count;
    }
    const struct facts_list *list = &facts->lists[places->list];
    struct shape_values rows = shape_list(facts, &found, places->list);
    for (uint32_t i = 0; i < rows.count && count < room; i++) {
        const uint32_t *row = facts_row(facts, places->list, rows.values[i]);
        if (row[1 + places->list_condition] == TRUTH_TRUE && places->rows_in_list)
            ret_values[count++] = row[1 + list->condition_count + places->rows];
    }
    qsort(ret_values, count, sizeof(ret_values[0]), words_compare);
    return count;
}

static int change_add(struct diff *diff, const struct diff_change *change)
{
    if (diff->count == diff->capacity) {
        size_t capacity = diff->capacity == 0 ? CHANGES_FIRST : diff->capacity * 2;
        struct diff_change *changes = reallocarray(diff->changes, capacity, sizeof(changes[0]));
        if (changes == NULL)
            return -ENOMEM;
        diff->changes = changes;
        diff->capacity = capacity;
    }
    diff->changes[diff->count++] = *change;
    return 0;
}

// Room for the values of one table in the old shape and the new one.
struct comparing {
    const struct facts *facts;
    const struct diff_scan *scans;
    size_t outcome_path;
    struct diff *diff;
    uint32_t values[2][VALUES_MAX];
};

// How far a conversation came, the less the further. A record that has no outcome is taken for whole.
static int shortfall(const struct comparing *comparing, const struct fact *fact)
{
    struct shape shape = facts_shape(comparing->facts, fact->shape);
    struct shape_values outcome = shape_path(comparing->facts, &shape, comparing->outcome_path);
    size_t length = 0;
    const char *text = outcome.count == 0 ? "complete" : facts_value(comparing->facts, outcome.values[0], &length);
    if (outcome.count == 0 || (length == 8 && memcmp(text, "complete", length) == 0))
        return 0;
    return length == 7 && memcmp(text, "partial", length) == 0 ? 1 : 2;
}

// Values that only one of two ascending lists has. One gone and one come are one change of a value. `fell_short`: what
// is only gone was not learnt again.
static int table_compare(struct comparing *comparing, const struct fact *before, const struct fact *after, size_t table,
                         bool fell_short)
{
    size_t counts[2] = {diff_values(comparing->facts, before->shape, table, comparing->values[0], VALUES_MAX),
                        diff_values(comparing->facts, after->shape, table, comparing->values[1], VALUES_MAX)};
    size_t at[2] = {0, 0};
    size_t gone = 0;
    size_t come = 0;
    while (at[0] < counts[0] || at[1] < counts[1]) {
        uint32_t first = at[0] < counts[0] ? comparing->values[0][at[0]] : none;
        uint32_t second = at[1] < counts[1] ? comparing->values[1][at[1]] : none;
        // What differs is kept at the front of the lists, which the sweep has passed.
        if (first < second)
            comparing->values[0][gone++] = first;
        else if (second < first)
            comparing->values[1][come++] = second;
        at[0] += first <= second;
        at[1] += second <= first;
    }
    bool one = gone == 1 && come == 1;
    if (fell_short && !one) {
        comparing->diff->unlearnt += gone;
        gone = 0;
    }
    int error = 0;
    for (size_t i = 0; i < gone + come && error == 0; i++) {
        struct diff_change change = {.kind = DIFF_CHANGED,
                                     .address = after->address,
                                     .port = after->port,
                                     .table = (uint16_t)table,
                                     .removed = i < gone ? comparing->values[0][i] : 0,
                                     .added = i < gone ? (one ? comparing->values[1][0] : 0)
                                                       : comparing->values[1][i - gone]};
        error = change_add(comparing->diff, &change);
        if (one)
            break;
    }
    return error;
}

static int service_compare(struct comparing *comparing, const struct fact *before, const struct fact *after)
{
    int error = 0;
    if (before->shape == after->shape)
        return 0;
    bool fell_short = shortfall(comparing, after) > shortfall(comparing, before);
    for (size_t table = 0; table < comparing->facts->study->table_count && error == 0; table++)
        error = table_compare(comparing, before, after, table, fell_short);
    return error;
}

static int facts_order(const void *a, const void *b)
{
    const struct fact *first = a;
    const struct fact *second = b;
    if (first->address != second->address)
        return first->address < second->address ? -1 : 1;
    if (first->port != second->port)
        return first->port < second->port ? -1 : 1;
    return (first->time_s > second->time_s) - (first->time_s < second->time_s);
}

// By address and port, of several records of one the latest; how many are left.
static size_t facts_settle(struct fact *items, size_t count)
{
    size_t kept = 0;
    if (count > 1)
        qsort(items, count, sizeof(items[0]), facts_order);
    for (size_t i = 0; i < count; i++) {
        bool same = kept > 0 && items[kept - 1].address == items[i].address && items[kept - 1].port == items[i].port;
        items[same ? kept - 1 : kept] = items[i];
        kept += !same;
    }
    return kept;
}

// `without`: the scan that has it not.
static int one_sided(const struct comparing *comparing, const struct diff_scan *without, const struct fact *fact)
{
    bool was = without == &comparing->scans[1];
    enum diff_asked asked =
        without->asked == NULL ? DIFF_ASKED_UNKNOWN : without->asked(without->context, fact->address, fact->port);
    bool is_known = asked > DIFF_ASKED; // that it was not asked
    enum diff_kind kind =
        was ? (is_known ? DIFF_NOT_SCANNED : DIFF_DISAPPEARED) : (is_known ? DIFF_NEWLY_SCANNED : DIFF_APPEARED);
    const struct diff_change change = {.kind = kind,
                                       .address = fact->address,
                                       .port = fact->port,
                                       .shape = fact->shape,
                                       .why = is_known ? asked : DIFF_ASKED_UNKNOWN};
    return change_add(comparing->diff, &change);
}

// ---- Who has moved
// ----------------------------------------------------------------------------------------------------

// A key or certificate, and the service that had it.
struct identity {
    uint32_t value;
    uint32_t address;
    uint32_t change; // index into the diff's changes
};

static int identities_order(const void *a, const void *b)
{
    const struct identity *first = a;
    const struct identity *second = b;
    if (first->value != second->value)
        return first->value < second->value ? -1 : 1;
    return (first->address > second->address) - (first->address < second->address);
}

static size_t identities_of(const struct facts *facts, const struct diff *diff, enum diff_kind kind, size_t table,
                            struct identity *ret_identities)
{
    size_t count = 0;
    for (size_t i = 0; i < diff->count; i++) {
        uint32_t value;
        if (diff->changes[i].kind == kind && diff_values(facts, diff->changes[i].shape, table, &value, 1) == 1)
            ret_identities[count++] =
                (struct identity){.value = value, .address = diff->changes[i].address, .change = (uint32_t)i};
    }
    qsort(ret_identities, count, sizeof(ret_identities[0]), identities_order);
    return count;
}

// Only what one host alone had and one alone has: a key that a thousand share tells nothing.
static bool is_alone(const struct identity *identities, size_t count, size_t at)
{
    return (at == 0 || identities[at - 1].value != identities[at].value) &&
           (at + 1 == count || identities[at + 1].value != identities[at].value);
}

static int moved_find(const struct facts *facts, struct diff *diff, size_t table)
{
    size_t room = diff->count + 1;
    struct identity *before = calloc(room, sizeof(before[0]));
    struct identity *after = calloc(room, sizeof(after[0]));
    int error = before == NULL || after == NULL ? -ENOMEM : 0;
    size_t counts[2] = {0, 0};
    if (error == 0) {
        counts[0] = identities_of(facts, diff, DIFF_DISAPPEARED, table, before);
        counts[1] = identities_of(facts, diff, DIFF_APPEARED, table, after);
    }
    for (size_t i = 0, j = 0; i < counts[0] && j < counts[1] && error == 0;) {
        if (before[i].value != after[j].value) {
            *(before[i].value < after[j].value ? &i : &j) += 1;
            continue;
        }
        if (is_alone(before, counts[0], i) && is_alone(after, counts[1], j) && before[i].address != after[j].address)
            error = change_add(diff, &(struct diff_change){.kind = DIFF_MOVED,
                                                           .address = after[j].address,
                                                           .port = diff->changes[after[j].change].port,
                                                           .table = (uint16_t)table,
                                                           .added = after[j].value,
                                                           .other = before[i].address});
        i++;
        j++;
    }
    free(before);
    free(after);
    return error;
}

// ---- Everything
// -------------------------------------------------------------------------------------------------------

static int services_compare(struct comparing *comparing, const struct fact *before, const struct fact *after)
{
    struct diff *diff = comparing->diff;
    size_t at[2] = {0, 0};
    int error = 0;
    while ((at[0] < diff->services[0] || at[1] < diff->services[1]) && error == 0) {
        const struct fact *first = at[0] < diff->services[0] ? &before[at[0]] : NULL;
        const struct fact *second = at[1] < diff->services[1] ? &after[at[1]] : NULL;
        struct fact timeless[2] = {first == NULL ? (struct fact){0} : *first,
                                   second == NULL ? (struct fact){0} : *second};
        timeless[0].time_s = timeless[1].time_s = 0;
        int order = first == NULL ? 1 : second == NULL ? -1 : facts_order(&timeless[0], &timeless[1]);
        if (order == 0)
            error = service_compare(comparing, first, second);
        else if (order < 0)
            error = one_sided(comparing, &comparing->scans[1], first);
        else
            error = one_sided(comparing, &comparing->scans[0], second);
        at[0] += order <= 0;
        at[1] += order >= 0;
    }
    return error;
}

int diff_make(struct facts *facts, size_t old_count, size_t outcome_path, const struct diff_scan scans[static 2],
              struct diff *ret_diff)
{
    struct diff diff = {0};
    struct comparing *comparing = calloc(1, sizeof(*comparing));
    int error = comparing == NULL ? -ENOMEM : 0;
    if (error == 0) {
        *comparing = (struct comparing){.facts = facts, .scans = scans, .outcome_path = outcome_path, .diff = &diff};
        diff.services[0] = facts_settle(facts->items, old_count);
        diff.services[1] = facts_settle(facts->items + old_count, facts->count - old_count);
        error = services_compare(comparing, facts->items, facts->items + old_count);
    }
    for (size_t table = 0; table < facts->study->table_count && error == 0; table++) {
        const char *id = facts->study->tables[table].id;
        if (strcmp(id, "certificate") == 0 || strcmp(id, "host-key") == 0)
            error = moved_find(facts, &diff, table);
    }
    free(comparing);
    if (error != 0)
        diff_fini(&diff);
    else
        *ret_diff = diff;
    return error;
}

void diff_fini(struct diff *diff)
{
    free(diff->changes);
    *diff = (struct diff){0};
}
