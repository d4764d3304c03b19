// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/clouds_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "config/prefix.h"
#include "config/ranges.h"

enum { PREFIX_BYTES = 32 };

// What Google itself runs, as opposed to what its customers do.
static const char own_service[] = "Google";

struct collecting {
    sqlite3 *database;
    struct complaint *complaint;
    json_t *providers;
};

// ---- One text of all lists

// A geofeed need not be UTF-8, and JSON is.
static json_t *text_make(const char *text)
{
    json_t *value = json_string(text);
    return value != NULL ? value : json_string("");
}

static json_t *row_make(struct interval interval, const char *service, const char *region, const char *country)
{
    char prefix[PREFIX_BYTES];
    prefix_print(interval, prefix);
    return json_pack("[s,o,o,o]", prefix, text_make(service), text_make(region), text_make(country));
}

// Where rows of a provider go. Its lists follow each other, and have the date of the youngest.
static json_t *rows_of(struct collecting *collecting, const char *provider, int64_t published)
{
    size_t count = json_array_size(collecting->providers);
    json_t *last = count == 0 ? NULL : json_array_get(collecting->providers, count - 1);
    json_t *name = text_make(provider);
    if (json_equal(json_object_get(last, "provider"), name)) {
        json_decref(name);
        if (json_integer_value(json_object_get(last, "published")) < published)
            (void)json_object_set_new(last, "published", json_integer(published));
        return json_object_get(last, "rows");
    }
    json_t *rows = json_array();
    json_t *row = json_pack("{s:o,s:I,s:o}", "provider", name, "published", (json_int_t)published, "rows", rows);
    return row != NULL && json_array_append_new(collecting->providers, row) == 0 ? rows : NULL;
}

static const char *column_text(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text == NULL ? "" : text;
}

static bool interval_read(sqlite3_stmt *row, int column, struct interval *ret_interval)
{
    int64_t first = sqlite3_column_int64(row, column);
    int64_t last = sqlite3_column_int64(row, column + 1);
    if (first < 0 || last < first || last > UINT32_MAX)
        return false;
    *ret_interval = (struct interval){(uint32_t)first, (uint32_t)last};
    return true;
}

// The rows of one list; rows or set may be NULL.
static int list_collect(struct collecting *collecting, const char *provider, const char *list, json_t *rows,
                        struct interval_set *set)
{
    sqlite3_stmt *select = NULL;
    int got = SQLITE_DONE;
    int error =
        feed_prepare(collecting->database,
                     "SELECT first, last, service, region, country FROM cloud_range WHERE provider = ? AND list = "
                     "? ORDER BY first, last, service, region, country",
                     &select, collecting->complaint);
    if (error == 0) {
        (void)sqlite3_bind_text(select, 1, provider, -1, SQLITE_TRANSIENT);
        (void)sqlite3_bind_text(select, 2, list, -1, SQLITE_TRANSIENT);
    }
    while (error == 0 && (got = sqlite3_step(select)) == SQLITE_ROW) {
        struct interval interval;
        // The file may be anybody's.
        if (!interval_read(select, 0, &interval) || prefix_length(interval) < 0)
            continue;
        if (set != NULL)
            error = interval_set_add(set, interval);
        if (rows != NULL && json_array_append_new(rows, row_make(interval, column_text(select, 2),
                                                                 column_text(select, 3), column_text(select, 4))) != 0)
            error = -ENOMEM;
    }
    if (error == 0 && got != SQLITE_DONE)
        error = feed_fail(collecting->database, collecting->complaint);
    (void)sqlite3_finalize(select);
    return error;
}

// An interval as networks.
static int networks_append(json_t *rows, struct interval interval)
{
    for (uint64_t at = interval.first; at <= interval.last;) {
        uint64_t size = at == 0 ? UINT64_C(1) << 32 : at & -at;
        while (at + size - 1 > interval.last)
            size /= 2;
        const struct interval network = {(uint32_t)at, (uint32_t)(at + size - 1)};
        if (json_array_append_new(rows, row_make(network, own_service, "", "")) != 0)
            return -ENOMEM;
        at += size;
    }
    return 0;
}

// Google's own: all of its addresses but those of its cloud. Without the cloud's list nobody can tell them apart.
static int whole_collect(struct collecting *collecting, const char *provider, int64_t published)
{
    struct interval_set whole;
    struct interval_set cloud;
    json_t *rows = rows_of(collecting, provider, published);
    interval_set_init(&whole);
    interval_set_init(&cloud);
    int error = rows == NULL ? -ENOMEM : list_collect(collecting, provider, "", NULL, &cloud);
    if (error == 0 && cloud.count == 0)
        error = list_collect(collecting, provider, CLOUDS_WHOLE, rows, NULL);
    else if (error == 0)
        error = list_collect(collecting, provider, CLOUDS_WHOLE, NULL, &whole);
    interval_set_seal(&whole);
    interval_set_seal(&cloud);
    if (error == 0)
        error = interval_set_subtract(&whole, &cloud, NULL);
    for (size_t i = 0; i < whole.count && error == 0; i++)
        error = networks_append(rows, whole.items[i]);
    interval_set_fini(&whole);
    interval_set_fini(&cloud);
    return error;
}

static int lists_collect(struct collecting *collecting)
{
    sqlite3_stmt *lists = NULL;
    int got = SQLITE_DONE;
    int error =
        feed_prepare(collecting->database, "SELECT provider, list, published FROM cloud_list ORDER BY provider, list",
                     &lists, collecting->complaint);
    while (error == 0 && (got = sqlite3_step(lists)) == SQLITE_ROW) {
        const char *provider = column_text(lists, 0);
        const char *list = column_text(lists, 1);
        int64_t published = sqlite3_column_int64(lists, 2);
        if (strcmp(list, CLOUDS_WHOLE) == 0) {
            error = whole_collect(collecting, provider, published);
            continue;
        }
        json_t *rows = rows_of(collecting, provider, published);
        error = rows == NULL ? -ENOMEM : list_collect(collecting, provider, list, rows, NULL);
    }
    if (error == 0 && got != SQLITE_DONE)
        error = feed_fail(collecting->database, collecting->complaint);
    (void)sqlite3_finalize(lists);
    return error;
}

char *clouds_text(sqlite3 *database, int *ret_error, struct complaint *ret_complaint)
{
    struct collecting collecting = {.database = database, .complaint = ret_complaint, .providers = json_array()};
    json_t *all = json_pack("{s:o}", "providers", collecting.providers);
    int error = all == NULL ? -ENOMEM : lists_collect(&collecting);
    char *text = error == 0 ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    *ret_error = error == 0 && text == NULL ? -ENOMEM : error;
    return text;
}

// ---- The map of owners

static uint32_t responsible_of(const char *text)
{
    return strcmp(text, "customer") == 0   ? INTEL_RESPONSIBLE_CUSTOMER
           : strcmp(text, "provider") == 0 ? INTEL_RESPONSIBLE_PROVIDER
                                           : INTEL_RESPONSIBLE_UNKNOWN;
}

static int64_t published_of(const struct range_list *list, uint32_t provider)
{
    for (size_t i = 0; i < list->provider_count; i++)
        if (list->providers[i] == provider)
            return list->published[i];
    return 0;
}

static void owners_append(struct intel_builder *builder, const struct range_list *list,
                          const struct range_attribution *attribution)
{
    const char *strings = list->strings.bytes;
    for (size_t i = 0; i < attribution->item_count; i++) {
        const struct attribution *item = &attribution->items[i];
        const struct intel_owner owner = {
            .provider = intel_builder_string(builder, strings + item->provider),
            .service = intel_builder_string(builder, strings + item->cloud_service),
            .region = intel_builder_string(builder, strings + item->region),
            .country = intel_builder_string(builder, strings + item->country),
            .responsible = responsible_of(strings + item->responsible),
            .published = i == 0 ? 0 : published_of(list, item->provider),
        };
        (void)intel_builder_append(builder, INTEL_SECTION_OWNERS, &owner, 1);
    }
    for (size_t i = 0; i < attribution->edge_count; i++) {
        const struct intel_edge edge = {.first_address = attribution->edges[i].first_address,
                                        .value = attribution->edges[i].attribution};
        (void)intel_builder_append(builder, INTEL_SECTION_OWNER_EDGES, &edge, 1);
    }
}

int clouds_build(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
                 struct complaint *ret_complaint)
{
    struct range_list list = {0};
    struct range_attribution attribution = {0};
    int error;
    (void)names;
    char *text = clouds_text(database, &error, ret_complaint);
    const struct input input = {.text = text, .length = text == NULL ? 0 : strlen(text)};
    if (error == 0)
        error = range_list_init(&list);
    if (error == 0)
        error = range_list_read_feeds(&list, "clouds.sqlite", &input, ret_complaint);
    if (error == 0)
        error = range_list_attribute(&list, &attribution);
    if (error == 0 && list.count > 0)
        owners_append(builder, &list, &attribution);
    range_attribution_fini(&attribution);
    range_list_fini(&list);
    free(text);
    return error;
}
