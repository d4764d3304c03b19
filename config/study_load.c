// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/condition_load.h"
#include "config/study.h"

enum { STUDY_BYTES_MAX = 1 << 20, PLACE_BYTES = 160 };

const char *const study_figure_names[] = {
    [STUDY_FIGURE_NONE] = "none",
    [STUDY_FIGURE_BARS] = "bars",
    [STUDY_FIGURE_STACKED] = "stacked",
    [STUDY_FIGURE_HISTOGRAM] = "histogram",
};

// A table as JSON writes it. Conditions are borrowed.
struct table_row {
    char *id;
    char *title;
    char *note;
    char *headline;
    char *each;
    char *key;
    char *rows;
    char *columns;
    uint32_t unit;
    uint32_t percent;
    uint32_t order;
    uint32_t figure;
    uint32_t top;
    bool number;
    const json_t *of;
    const json_t *when;
    const json_t *each_when;
    const json_t *among;
};

struct loading {
    struct key_context context;
    struct study *study;
    const struct study_change *change;
};

#define CONDITION_READER(member)                                                                                       \
    static int read_##member(struct key_context *context, const char *path, const json_t *value)                       \
    {                                                                                                                  \
        (void)path;                                                                                                    \
        ((struct table_row *)context->target)->member = value;                                                         \
        return 0;                                                                                                      \
    }
CONDITION_READER(of)
CONDITION_READER(when)
CONDITION_READER(each_when)
CONDITION_READER(among)

#define TEXT_KEY(key, need, what)                                                                                      \
    {                                                                                                                  \
        .name = #key, .type = KEY_STRING, .required = need, .offset = offsetof(struct table_row, key),                 \
        .fallback = "\"\"", .expected = what, .help = what                                                             \
    }
#define CHOICE_KEY(key, words, need, standard, what)                                                                   \
    {                                                                                                                  \
        .name = #key, .type = KEY_CHOICE, .required = need, .offset = offsetof(struct table_row, key),                 \
        .choices = words, .fallback = standard, .expected = "one of " words, .help = what                              \
    }
#define CONDITION_KEY(key, what)                                                                                       \
    {                                                                                                                  \
        .name = #key, .type = KEY_CUSTOM, .expected = "an object of conditions", .help = what, .read = read_##key      \
    }

static const struct key table_keys[] = {
    TEXT_KEY(id, true, "its name"),
    TEXT_KEY(title, true, "what it shows"),
    TEXT_KEY(note, false, "what a reader has to know of it"),
    TEXT_KEY(headline, false, "what its share is of, as the end of a sentence"),
    TEXT_KEY(each, false, "the path of a list of rows"),
    TEXT_KEY(key, false, "the field by which two of those rows are the same"),
    TEXT_KEY(rows, false, "the path whose values are the lines"),
    TEXT_KEY(columns, false, "the path whose values are the columns"),
    CHOICE_KEY(unit, "hosts services", true, NULL, "what is counted"),
    CHOICE_KEY(percent, "row column items", false, "\"row\"", "of what a line's share is taken"),
    CHOICE_KEY(order, "count value", false, "\"count\"", "in which order the lines stand"),
    CHOICE_KEY(figure, "none bars stacked histogram", false, "\"none\"", "how it is drawn"),
    {.name = "top",
     .type = KEY_COUNT32,
     .offset = offsetof(struct table_row, top),
     .minimum = 0,
     .maximum = 10000,
     .fallback = "0",
     .expected = "a number of lines",
     .help = "Only the first so many lines."},
    {.name = "number",
     .type = KEY_BOOL,
     .offset = offsetof(struct table_row, number),
     .fallback = "false",
     .expected = "true or false",
     .help = "The number of rows a unit has is shown as a distribution."},
    CONDITION_KEY(of, "the units that are counted at all"),
    CONDITION_KEY(when, "those that the table is about"),
    CONDITION_KEY(each_when, "the rows that are counted"),
    CONDITION_KEY(among, "in place of columns: those of whom it holds beside the others"),
    {0},
};

// Keeps a condition as one of the catalogue's findings; its index in *ret_index.
static int condition_keep(struct loading *loading, const char *path, const json_t *value, uint32_t *ret_index)
{
    struct catalogue_storage *storage = &loading->study->storage;
    struct condition_list list = {.nodes = storage->conditions, .count = storage->condition_count};
    size_t first = list.count;
    int error = condition_read(&loading->context, path, value, &loading->study->strings, &list);
    storage->conditions = list.nodes;
    storage->condition_count = list.count;
    if (error != 0)
        return error;
    struct catalogue_finding *findings =
        reallocarray(storage->findings, storage->finding_count + 1, sizeof(findings[0]));
    if (findings == NULL)
        return -ENOMEM;
    storage->findings = findings;
    *ret_index = (uint32_t)storage->finding_count;
    findings[storage->finding_count++] =
        (struct catalogue_finding){.condition = (uint32_t)first, .condition_count = (uint32_t)(list.count - first)};
    return 0;
}

static int condition_take(struct loading *loading, const char *path, const char *name, const json_t *value,
                          uint32_t *ret_index)
{
    char place[PLACE_BYTES];
    *ret_index = STUDY_NONE;
    if (value == NULL)
        return 0;
    (void)snprintf(place, sizeof(place), "%s.%s", path, name);
    return condition_keep(loading, place, value, ret_index);
}

// A condition over the rows of `each` is the record's condition that some row meets it.
static int each_take(struct loading *loading, const char *path, const struct table_row *row, uint32_t *ret_index)
{
    *ret_index = STUDY_NONE;
    if (row->each[0] == '\0')
        return row->each_when == NULL && row->key[0] == '\0'
                   ? 0
                   : key_complain(&loading->context, path, "\"each_when\" and \"key\" need \"each\"");
    // Without a condition every row counts that has a key.
    json_t *some = row->each_when == NULL ? json_pack("{s:{s:{s:{s:b}}}}", row->each, "some", row->key, "known", 1)
                                          : json_pack("{s:{s:O}}", row->each, "some", row->each_when);
    if (some == NULL)
        return -ENOMEM;
    int error = condition_take(loading, path, "each_when", some, ret_index);
    json_decref(some);
    return error;
}

static const struct field *row_field(const struct field *each, const char *name)
{
    for (size_t i = 0; i < each->nested->field_count; i++)
        if (strcmp(each->nested->fields[i].name, name) == 0)
            return &each->nested->fields[i];
    return NULL;
}

// Whether a path's values can be lines or columns.
static bool has_values(const struct field *field)
{
    return field != NULL && field->kind != FIELD_ROWS;
}

static int path_check(struct loading *loading, const char *path, const struct table_row *row, const char *name)
{
    const struct field *each = row->each[0] == '\0' ? NULL : field_find(row->each);
    size_t length = strlen(row->each);
    if (name[0] == '\0' || has_values(field_find(name)))
        return 0;
    if (each != NULL && strncmp(name, row->each, length) == 0 && name[length] == '.' &&
        has_values(row_field(each, name + length + 1)))
        return 0;
    if (field_find(name) != NULL)
        return key_complain(&loading->context, path, "\"%s\" is a list of rows, which has no values to count by", name);
    return condition_unknown_field(&loading->context, path, name);
}

static int each_check(struct loading *loading, const char *path, const struct table_row *row)
{
    if (row->each[0] == '\0')
        return row->number ? key_complain(&loading->context, path, "\"number\" needs \"each\"") : 0;
    const struct field *each = field_find(row->each);
    if (each == NULL)
        return condition_unknown_field(&loading->context, path, row->each);
    if (each->kind != FIELD_ROWS)
        return key_complain(&loading->context, path, "\"%s\" is no list of rows", row->each);
    const struct field *key = row_field(each, row->key);
    if (key == NULL || !has_values(key) || key->kind == FIELD_LIST)
        return key_complain(&loading->context, path, "\"key\": \"%s\" is no field with one value of \"%s\"", row->key,
                            row->each);
    return 0;
}

static int texts_keep(struct loading *loading, const struct table_row *row, struct study_table *table)
{
    const struct {
        const char *text;
        const char **ret;
    } texts[] = {
        {row->id, &table->id},     {row->title, &table->title},
        {row->note, &table->note}, {row->headline, &table->headline},
        {row->each, &table->each}, {row->key, &table->key},
        {row->rows, &table->rows}, {row->columns, &table->columns},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        // The table of strings moves as it grows: its offsets stand here until study_settle.
        uint32_t offset;
        if (string_table_add(&loading->study->strings, texts[i].text, &offset) != 0)
            return -ENOMEM;
        *texts[i].ret = (const char *)(uintptr_t)offset;
    }
    return 0;
}

static int table_keep(struct loading *loading, const char *path, const struct table_row *row)
{
    struct study *study = loading->study;
    struct study_table table = {.unit = row->unit,
                                .percent = row->percent,
                                .order = row->order,
                                .figure = row->figure,
                                .top = row->top,
                                .number = row->number};
    int error = each_check(loading, path, row);
    if (error == 0)
        error = path_check(loading, path, row, row->rows);
    if (error == 0)
        error = path_check(loading, path, row, row->columns);
    if (error == 0 && row->among != NULL && row->columns[0] != '\0')
        error = key_complain(&loading->context, path, "\"among\" and \"columns\" exclude each other");
    if (error == 0)
        error = condition_take(loading, path, "of", row->of, &table.of);
    if (error == 0)
        error = condition_take(loading, path, "when", row->when, &table.when);
    if (error == 0)
        error = condition_take(loading, path, "among", row->among, &table.among);
    if (error == 0)
        error = each_take(loading, path, row, &table.each_when);
    if (error == 0)
        error = texts_keep(loading, row, &table);
    if (error == 0)
        study->tables[study->table_count++] = table;
    return error;
}

static int by_apply(struct loading *loading, struct table_row *row)
{
    const char *by = loading->change == NULL ? NULL : loading->change->by;
    if (by == NULL || row->columns[0] == '\0')
        return 0;
    free(row->columns);
    row->columns = strdup(by);
    return row->columns == NULL ? -ENOMEM : 0;
}

static int table_read(struct loading *loading, const char *path, const json_t *item)
{
    struct study *study = loading->study;
    struct table_row row = {0};
    struct key_context context = loading->context;
    context.target = &row;
    int error = keys_apply(&context, table_keys, path, item);
    for (size_t i = 0; i < study->table_count && error == 0; i++)
        if (strcmp(study->strings.bytes + (uintptr_t)study->tables[i].id, row.id) == 0)
            error = key_complain(&context, path, "table \"%s\" is there twice", row.id);
    if (error == 0)
        error = by_apply(loading, &row);
    if (error == 0)
        error = table_keep(loading, path, &row);
    keys_release(table_keys, &row);
    return error;
}

static int tables_read(struct loading *loading, const json_t *value)
{
    const json_t *tables = json_object_get(value, "tables");
    const json_t *aside = json_object_get(value, "aside");
    size_t i;
    json_t *item;
    int error = 0;
    if (!json_is_array(tables) || json_object_size(value) != (aside == NULL ? 1 : 2))
        return key_complain(&loading->context, "",
                            "expected an object with \"tables\", an array, and perhaps \"aside\", a condition");
    loading->study->aside = STUDY_NONE;
    if (aside != NULL)
        error = condition_keep(loading, "aside", aside, &loading->study->aside);
    if (error != 0)
        return error;
    if (json_array_size(tables) > STUDY_TABLES_MAX)
        return key_complain(&loading->context, "tables", "are more than %d", STUDY_TABLES_MAX);
    loading->study->tables = calloc(STUDY_TABLES_MAX, sizeof(struct study_table));
    if (loading->study->tables == NULL)
        return -ENOMEM;
    json_array_foreach(tables, i, item)
    {
        char path[64];
        (void)snprintf(path, sizeof(path), "tables[%zu]", i);
        if (error == 0)
            error = table_read(loading, path, item);
    }
    return error;
}

// All filters as one condition.
static int filters_read(struct loading *loading)
{
    const struct study_change *change = loading->change;
    json_t *all = json_array();
    int error = all == NULL ? -ENOMEM : 0;
    for (size_t i = 0; change != NULL && i < change->filter_count && error == 0; i++) {
        json_t *filter = NULL;
        error =
            keys_parse("--filter", change->filters[i], strlen(change->filters[i]), &filter, loading->context.complaint);
        if (error == 0 && json_array_append_new(all, filter) != 0)
            error = -ENOMEM;
    }
    json_t *condition = json_pack("{s:O}", "all", all);
    struct key_context context = loading->context;
    loading->context.file = "--filter";
    loading->context.text = NULL;
    if (error == 0)
        error = condition == NULL ? -ENOMEM : condition_keep(loading, "", condition, &loading->study->filter);
    loading->context = context;
    json_decref(condition);
    json_decref(all);
    return error;
}

// Strings and conditions stay where they are from here on.
static void study_settle(struct study *study)
{
    const struct catalogue_storage *storage = &study->storage;
    study->catalogue = (struct catalogue){
        .services = storage->services,
        .service_count = storage->service_count,
        .findings = storage->findings,
        .finding_count = storage->finding_count,
        .conditions = storage->conditions,
        .condition_count = storage->condition_count,
    };
    for (size_t i = 0; i < study->table_count; i++) {
        struct study_table *table = &study->tables[i];
        const char **texts[] = {&table->id,   &table->title, &table->note, &table->headline,
                                &table->each, &table->key,   &table->rows, &table->columns};
        for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
            *texts[t] = study->strings.bytes + (uintptr_t)*texts[t];
    }
}

static int file_path(const char *folder, const char *name, char *ret_path, struct complaint *ret_complaint)
{
    if (snprintf(ret_path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX)
        return 0;
    return complain(ret_complaint, folder, "", "the path is too long");
}

static int services_read(struct loading *loading, const char *folder)
{
    char path[PATH_MAX];
    struct input input;
    const char *name = catalogue_file_names[CATALOGUE_SERVICES];
    int error = file_path(folder, name, path, loading->context.complaint);
    if (error != 0 || (error = input_read(path, STUDY_BYTES_MAX, &input, loading->context.complaint)) != 0)
        return error;
    error = catalogue_read(&loading->study->storage, CATALOGUE_SERVICES, path, &input, &loading->study->strings,
                           loading->context.complaint);
    input_fini(&input);
    return error;
}

static int study_read(struct loading *loading, const char *folder)
{
    char path[PATH_MAX];
    struct input input;
    json_t *value;
    const char *file = loading->change == NULL || loading->change->file == NULL ? "study.json" : loading->change->file;
    int error = file_path(folder, file, path, loading->context.complaint);
    if (error != 0 || (error = input_read(path, STUDY_BYTES_MAX, &input, loading->context.complaint)) != 0)
        return error;
    loading->context.file = path;
    loading->context.text = input.text;
    error = keys_parse(path, input.text, input.length, &value, loading->context.complaint);
    if (error == 0) {
        error = tables_read(loading, value);
        json_decref(value);
    }
    input_fini(&input);
    return error;
}

int study_load(const char *folder, const struct study_change *change, struct study *ret_study,
               struct complaint *ret_complaint)
{
    struct study study = {.filter = STUDY_NONE};
    struct loading loading = {.context = {.complaint = ret_complaint}, .study = &study, .change = change};
    int error = string_table_init(&study.strings);
    if (error == 0)
        error = services_read(&loading, folder);
    if (error == 0 && change != NULL && change->filter_count > 0)
        error = filters_read(&loading);
    if (error == 0)
        error = study_read(&loading, folder);
    if (error == -ENOMEM)
        (void)complain(ret_complaint, "study.json", "", "out of memory");
    if (error != 0) {
        study_fini(&study);
        return error == -ENOMEM ? error : -EINVAL;
    }
    study_settle(&study);
    *ret_study = study;
    return 0;
}

void study_fini(struct study *study)
{
    free(study->tables);
    catalogue_storage_fini(&study->storage);
    string_table_fini(&study->strings);
    *study = (struct study){0};
}
