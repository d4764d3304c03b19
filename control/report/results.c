// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/results.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_FIRST = 16, MARK_FIRST = 64, RESULT_THREADS_MAX = 16 };

static const uint32_t none = UINT32_MAX;

// Values in the order of their first use, each once, and where each stands.
struct positions {
    uint32_t *values;
    size_t count;
    size_t capacity;
    uint32_t *places; // [value_count + 1] position + 1 of each value of the facts; the last is that of `none`
    size_t value_count;
};

// One table while it is counted: cells by (line, column), grown as they come.
struct counting {
    const struct facts *facts;
    const struct study_table *table;
    const struct facts_table *places;
    struct positions lines;
    struct positions columns;
    struct result_cell *cells; // [line * columns_room + column]
    size_t lines_room;
    size_t columns_room;
    struct result_column *totals; // [columns_room]
    uint64_t among_unknown;
    // Of the unit that is being counted:
    const uint32_t *services; // shapes that are `of` it
    size_t service_count;
    uint64_t times;
    uint32_t unit;       // its number, from 1
    uint32_t *key_units; // [values] which unit's row was the last to have this key; NULL: the table counts no rows
    size_t key_count;    // of the unit
    uint32_t *marks;     // columns that it is in, as positions
    size_t mark_count;
    size_t mark_room;
    int error;
};

static int positions_init(struct positions *positions, size_t value_count)
{
    // Columns of a table with `among` are 0 and 1.
    positions->value_count = value_count < 2 ? 2 : value_count;
    positions->places = calloc(positions->value_count + 1, sizeof(positions->places[0]));
    return positions->places == NULL ? -ENOMEM : 0;
}

static void positions_fini(struct positions *positions)
{
    free(positions->values);
    free(positions->places);
}

// The position of a value, taken when it has none; `none` without memory.
static uint32_t position_of(struct positions *positions, uint32_t value)
{
    uint32_t *place = &positions->places[value == none ? positions->value_count : value];
    if (*place != 0)
        return *place - 1;
    if (positions->count == positions->capacity) {
        size_t capacity = positions->capacity == 0 ? LINES_FIRST : positions->capacity * 2;
        uint32_t *values = reallocarray(positions->values, capacity, sizeof(values[0]));
        if (values == NULL)
            return none;
        positions->values = values;
        positions->capacity = capacity;
    }
    positions->values[positions->count++] = value;
    *place = (uint32_t)positions->count;
    return *place - 1;
}

// Room for these many lines and columns; what was counted keeps its place.
static bool cells_grow(struct counting *counting, size_t lines, size_t columns)
{
    size_t lines_room = counting->lines_room == 0 ? LINES_FIRST : counting->lines_room;
    size_t columns_room = counting->columns_room == 0 ? 4 : counting->columns_room;
    while (lines_room < lines)
        lines_room *= 2;
    while (columns_room < columns)
        columns_room *= 2;
    if (lines_room == counting->lines_room && columns_room == counting->columns_room)
        return true;
    struct result_cell *cells = calloc(lines_room * columns_room, sizeof(cells[0]));
    struct result_column *totals = calloc(columns_room, sizeof(totals[0]));
    if (cells == NULL || totals == NULL) {
        free(cells);
        free(totals);
        return false;
    }
    for (size_t line = 0; line < counting->lines_room; line++)
        memcpy(&cells[line * columns_room], &counting->cells[line * counting->columns_room],
               counting->columns_room * sizeof(cells[0]));
    if (counting->columns_room > 0)
        memcpy(totals, counting->totals, counting->columns_room * sizeof(totals[0]));
    free(counting->cells);
    free(counting->totals);
    counting->cells = cells;
    counting->totals = totals;
    counting->lines_room = lines_room;
    counting->columns_room = columns_room;
    return true;
}

static struct result_cell *cell_at(struct counting *counting, uint32_t line, uint32_t column)
{
    if (line == none || column == none || !cells_grow(counting, line + 1, column + 1)) {
        counting->error = -ENOMEM;
        return NULL;
    }
    return &counting->cells[line * counting->columns_room + column];
}

static void cell_count(struct result_cell *cell, enum truth truth, uint64_t times)
{
    *(truth == TRUTH_TRUE ? &cell->yes : truth == TRUTH_FALSE ? &cell->no : &cell->unknown) += times;
}

// ---- The unit's columns
// -----------------------------------------------------------------------------------------------

static void mark_add(struct counting *counting, uint32_t column)
{
    for (size_t i = 0; i < counting->mark_count; i++)
        if (counting->marks[i] == column)
            return;
    if (counting->mark_count == counting->mark_room) {
        size_t room = counting->mark_room == 0 ? MARK_FIRST : counting->mark_room * 2;
        uint32_t *marks = reallocarray(counting->marks, room, sizeof(marks[0]));
        if (marks == NULL) {
            counting->error = -ENOMEM;
            return;
        }
        counting->marks = marks;
        counting->mark_room = room;
    }
    counting->marks[counting->mark_count++] = column;
}

static struct shape service_shape(const struct counting *counting, size_t service)
{
    return facts_shape(counting->facts, counting->services[service]);
}

// What a condition is of the unit: the most that it is of any of its services.
static enum truth unit_truth(const struct counting *counting, uint32_t condition)
{
    enum truth truth = TRUTH_FALSE;
    for (size_t i = 0; i < counting->service_count && truth != TRUTH_TRUE; i++) {
        struct shape shape = service_shape(counting, i);
        enum truth one = shape_truth(&shape, condition);
        truth = one > truth ? one : truth;
    }
    return truth;
}

static void column_mark(struct counting *counting, uint32_t value)
{
    uint32_t column = position_of(&counting->columns, value);
    if (column == none || !cells_grow(counting, 1, column + 1))
        counting->error = -ENOMEM;
    else
        mark_add(counting, column);
}

// Column 0 is all together. With `among` the others are those of whom it holds (1) and does not (2).
static void columns_mark(struct counting *counting)
{
    const struct study_table *table = counting->table;
    counting->mark_count = 0;
    column_mark(counting, none);
    if (table->among != STUDY_NONE) {
        enum truth truth = unit_truth(counting, table->among);
        if (truth == TRUTH_UNKNOWN)
            counting->among_unknown += counting->times;
        else
            column_mark(counting, truth == TRUTH_TRUE ? 1 : 0);
        return;
    }
    if (counting->places->columns == none || counting->places->columns_in_list)
        return;
    for (size_t i = 0; i < counting->service_count && counting->error == 0; i++) {
        struct shape shape = service_shape(counting, i);
        struct shape_values values = shape_path(counting->facts, &shape, counting->places->columns);
        if (values.count == 0)
            column_mark(counting, 0);
        for (uint32_t v = 0; v < values.count && counting->error == 0; v++)
            column_mark(counting, values.values[v]);
    }
}

// ---- Tables over units
// ------------------------------------------------------------------------------------------------

static void line_count(struct counting *counting, uint32_t value, enum truth truth)
{
    uint32_t line = position_of(&counting->lines, value);
    for (size_t i = 0; i < counting->mark_count; i++) {
        struct result_cell *cell = cell_at(counting, line, counting->marks[i]);
        if (cell == NULL)
            return;
        cell_count(cell, truth, counting->times);
        if (truth == TRUTH_TRUE)
            counting->totals[counting->marks[i]].items += counting->times;
    }
}

// A service's values by which it stands in lines: "not known" when it has none.
static struct shape_values line_values(const struct counting *counting, size_t service)
{
    static const uint32_t unknown = 0;
    struct shape shape = service_shape(counting, service);
    struct shape_values values = shape_path(counting->facts, &shape, counting->places->rows);
    return values.count > 0 ? values : (struct shape_values){.values = &unknown, .count = 1};
}

static bool is_in_line(const struct counting *counting, size_t service, uint32_t value)
{
    struct shape_values values = line_values(counting, service);
    for (uint32_t i = 0; i < values.count; i++)
        if (values.values[i] == value)
            return true;
    return false;
}

// Whether the unit stands in the line that this service of it was the first to name. One has nothing when all of it has
// nothing, and that is known of all.
static bool line_is_new(const struct counting *counting, size_t service, uint32_t value)
{
    for (size_t i = 0; i < service; i++)
        if (is_in_line(counting, i, value))
            return false;
    for (size_t i = 0; value == FACTS_NONE && i < counting->service_count; i++)
        if (!is_in_line(counting, i, FACTS_NONE))
            return false;
    return true;
}

// What the table is about is of the services in one line.
static enum truth line_truth(const struct counting *counting, uint32_t value)
{
    enum truth truth = TRUTH_FALSE;
    for (size_t i = 0; i < counting->service_count && truth != TRUTH_TRUE; i++) {
        if (!is_in_line(counting, i, value))
            continue;
        struct shape shape = service_shape(counting, i);
        enum truth one = counting->table->when == STUDY_NONE ? TRUTH_TRUE : shape_truth(&shape, counting->table->when);
        truth = one > truth ? one : truth;
    }
    return truth;
}

// A unit is in the line of each value that one of its services has.
static void lines_count(struct counting *counting)
{
    for (size_t i = 0; i < counting->service_count && counting->error == 0; i++) {
        struct shape_values values = line_values(counting, i);
        for (uint32_t v = 0; v < values.count && counting->error == 0; v++)
            if (line_is_new(counting, i, values.values[v]))
                line_count(counting, values.values[v], line_truth(counting, values.values[v]));
    }
}

// ---- Tables over rows
// -------------------------------------------------------------------------------------------------

// False for a key that the unit has shown already.
static bool key_take(struct counting *counting, uint32_t key)
{
    if (counting->key_units[key] == counting->unit)
        return false;
    counting->key_units[key] = counting->unit;
    counting->key_count++;
    return true;
}

static uint32_t row_value(const struct counting *counting, const uint32_t *row, uint32_t field)
{
    const struct facts_list *list = &counting->facts->lists[counting->places->list];
    return row[1 + list->condition_count + field];
}

// One row of one service, in the columns of its unit or in its own.
static void row_count(struct counting *counting, const struct shape *shape, const uint32_t *row)
{
    const struct facts_table *places = counting->places;
    if (places->columns_in_list) {
        counting->mark_count = 0;
        column_mark(counting, none);
        column_mark(counting, row_value(counting, row, places->columns));
    }
    if (places->rows == none || places->rows_in_list) {
        uint32_t value = places->rows == none ? 0 : row_value(counting, row, places->rows);
        if (counting->error == 0)
            line_count(counting, value, TRUTH_TRUE);
        return;
    }
    struct shape_values values = shape_path(counting->facts, shape, places->rows);
    if (values.count == 0)
        line_count(counting, 0, TRUTH_TRUE);
    for (uint32_t v = 0; v < values.count && counting->error == 0; v++)
        line_count(counting, values.values[v], TRUTH_TRUE);
}

// The rows that count, each key once; how many there are.
static size_t rows_count(struct counting *counting)
{
    const struct facts_table *places = counting->places;
    counting->key_count = 0;
    counting->unit++;
    for (size_t i = 0; i < counting->service_count; i++) {
        struct shape shape = service_shape(counting, i);
        struct shape_values rows = shape_list(counting->facts, &shape, places->list);
        for (uint32_t r = 0; r < rows.count && counting->error == 0; r++) {
            const uint32_t *row = facts_row(counting->facts, places->list, rows.values[r]);
            if (row[1 + places->list_condition] == TRUTH_TRUE && key_take(counting, row[0]))
                row_count(counting, &shape, row);
        }
    }
    return counting->key_count;
}

static void number_count(struct counting *counting, struct result_column *column, size_t number)
{
    number = number < RESULT_NUMBERS_MAX ? number : RESULT_NUMBERS_MAX - 1;
    if (number >= column->numbers_length) {
        size_t length = number + 1;
        uint64_t *numbers = reallocarray(column->numbers, length, sizeof(numbers[0]));
        if (numbers == NULL) {
            counting->error = -ENOMEM;
            return;
        }
        memset(numbers + column->numbers_length, 0, (length - column->numbers_length) * sizeof(numbers[0]));
        column->numbers = numbers;
        column->numbers_length = length;
    }
    column->numbers[number] += counting->times;
}

// ---- A unit, a host, a table
// ------------------------------------------------------------------------------------------

static void unit_count(struct counting *counting)
{
    const struct study_table *table = counting->table;
    enum truth truth = table->when == STUDY_NONE ? TRUTH_TRUE : unit_truth(counting, table->when);
    columns_mark(counting);
    if (counting->error != 0)
        return;
    if (table->each[0] != '\0') {
        // The marks are those of the last row when rows have columns of their own; the unit stands in the first alone.
        size_t number = rows_count(counting);
        if (counting->places->columns_in_list)
            columns_mark(counting);
        truth = number > 0 ? TRUTH_TRUE : TRUTH_FALSE;
        for (size_t i = 0; i < counting->mark_count && table->number; i++)
            number_count(counting, &counting->totals[counting->marks[i]], number);
    } else if (counting->places->rows != none)
        lines_count(counting);
    for (size_t i = 0; i < counting->mark_count; i++)
        cell_count(&counting->totals[counting->marks[i]].units, truth, counting->times);
}

// One host's services that the table counts at all, as one unit or each as its own.
static void host_count(struct counting *counting, const uint32_t *services, size_t count, uint32_t *room)
{
    const struct study_table *table = counting->table;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct shape shape = facts_shape(counting->facts, services[i]);
        if (table->of == STUDY_NONE || shape_truth(&shape, table->of) == TRUTH_TRUE)
            room[kept++] = services[i];
    }
    counting->services = room;
    counting->service_count = kept;
    if (table->unit == STUDY_HOSTS) {
        if (kept > 0)
            unit_count(counting);
        return;
    }
    counting->service_count = 1;
    for (size_t i = 0; i < kept && counting->error == 0; i++) {
        counting->services = &room[i];
        unit_count(counting);
    }
}

static void counting_fini(struct counting *counting)
{
    positions_fini(&counting->lines);
    positions_fini(&counting->columns);
    for (size_t i = 0; i < counting->columns_room; i++)
        free(counting->totals[i].numbers);
    free(counting->cells);
    free(counting->totals);
    free(counting->key_units);
    free(counting->marks);
}

// ---- Order
// ------------------------------------------------------------------------------------------------------------

// What a sort of lines or columns needs beside them: qsort_r's argument.
struct sorting {
    const struct counting *counting;
    bool by_value;
};

// As people sort values: numbers by size, before texts; what is not known last.
static int values_compare(const struct facts *facts, uint32_t a, uint32_t b)
{
    size_t lengths[2];
    const char *texts[2] = {facts_value(facts, a, &lengths[0]), facts_value(facts, b, &lengths[1])};
    double numbers[2];
    bool numeric[2];
    if ((a == 0) != (b == 0))
        return a == 0 ? 1 : -1;
    for (size_t i = 0; i < 2; i++) {
        char text[32] = "";
        char *end = text;
        if (lengths[i] > 0 && lengths[i] < sizeof(text))
            memcpy(text, texts[i], lengths[i]);
        numbers[i] = strtod(text, &end);
        numeric[i] = end != text && *end == '\0';
    }
    if (numeric[0] != numeric[1])
        return numeric[0] ? -1 : 1;
    if (numeric[0] && numbers[0] < numbers[1])
        return -1;
    if (numeric[0] && numbers[0] > numbers[1])
        return 1;
    int order = memcmp(texts[0], texts[1], lengths[0] < lengths[1] ? lengths[0] : lengths[1]);
    return order != 0 ? order : (lengths[0] > lengths[1]) - (lengths[0] < lengths[1]);
}

static uint64_t line_weight(const struct counting *counting, uint32_t line)
{
    const struct result_cell *cell = &counting->cells[line * counting->columns_room];
    bool share = counting->table->when != STUDY_NONE && counting->table->percent == STUDY_PERCENT_ROW;
    return share ? cell->yes + cell->no + cell->unknown : cell->yes;
}

static int lines_compare(const void *a, const void *b, void *argument)
{
    const struct sorting *sorting = argument;
    const struct counting *counting = sorting->counting;
    uint32_t first = *(const uint32_t *)a;
    uint32_t second = *(const uint32_t *)b;
    uint64_t weights[2] = {line_weight(counting, first), line_weight(counting, second)};
    if (!sorting->by_value && weights[0] != weights[1])
        return weights[0] > weights[1] ? -1 : 1;
    return values_compare(counting->facts, counting->lines.values[first], counting->lines.values[second]);
}

static uint64_t column_weight(const struct result_column *column)
{
    return column->units.yes + column->units.no + column->units.unknown + column->items;
}

static int columns_compare(const void *a, const void *b, void *argument)
{
    const struct sorting *sorting = argument;
    const struct counting *counting = sorting->counting;
    uint32_t first = *(const uint32_t *)a;
    uint32_t second = *(const uint32_t *)b;
    uint64_t weights[2] = {column_weight(&counting->totals[first]), column_weight(&counting->totals[second])};
    if ((first == 0) != (second == 0))
        return first == 0 ? -1 : 1;
    // Those of whom `among` holds come first: they are compared with the others.
    if (counting->table->among != STUDY_NONE)
        return counting->columns.values[first] > counting->columns.values[second] ? -1 : 1;
    if (weights[0] != weights[1])
        return weights[0] > weights[1] ? -1 : 1;
    return values_compare(counting->facts, counting->columns.values[first], counting->columns.values[second]);
}

static uint32_t *order_new(size_t count)
{
    uint32_t *order = malloc((count + 1) * sizeof(order[0]));
    for (size_t i = 0; order != NULL && i < count; i++)
        order[i] = (uint32_t)i;
    return order;
}

// ---- The finished table
// -----------------------------------------------------------------------------------------------

static int lines_settle(const struct counting *counting, const uint32_t *lines, const uint32_t *columns,
                        struct result_table *table)
{
    size_t count = counting->lines.count;
    size_t top = counting->table->top == 0 || counting->table->top > count ? count : counting->table->top;
    table->lines_left_off = count - top;
    table->lines = calloc(top + 1, sizeof(table->lines[0]));
    if (table->lines == NULL)
        return -ENOMEM;
    for (; table->line_count < top; table->line_count++) {
        struct result_line *line = &table->lines[table->line_count];
        uint32_t from = lines[table->line_count];
        line->value = counting->lines.values[from];
        line->cells = calloc(table->column_count + 1, sizeof(line->cells[0]));
        if (line->cells == NULL)
            return -ENOMEM;
        for (size_t c = 0; c < table->column_count; c++)
            line->cells[c] = counting->cells[from * counting->columns_room + columns[c]];
    }
    return 0;
}

static int table_settle(struct counting *counting, struct result_table *table)
{
    struct sorting sorting = {.counting = counting, .by_value = counting->table->order == STUDY_ORDER_VALUE};
    // "All together" is there though nobody was counted.
    if (position_of(&counting->columns, none) == none || !cells_grow(counting, 1, 1))
        return -ENOMEM;
    uint32_t *lines = order_new(counting->lines.count);
    uint32_t *columns = order_new(counting->columns.count);
    table->columns = calloc(counting->columns.count, sizeof(table->columns[0]));
    int error = lines == NULL || columns == NULL || table->columns == NULL ? -ENOMEM : 0;
    if (error == 0) {
        qsort_r(lines, counting->lines.count, sizeof(lines[0]), lines_compare, &sorting);
        qsort_r(columns, counting->columns.count, sizeof(columns[0]), columns_compare, &sorting);
        for (; table->column_count < counting->columns.count; table->column_count++) {
            struct result_column *total = &counting->totals[columns[table->column_count]];
            struct result_column *column = &table->columns[table->column_count];
            uint32_t value = counting->columns.values[columns[table->column_count]];
            *column = *total;
            column->value = value == none || counting->table->among != STUDY_NONE ? 0 : value;
            column->among = counting->table->among != STUDY_NONE && value == 1;
            total->numbers = NULL;
        }
        error = lines_settle(counting, lines, columns, table);
    }
    free(lines);
    free(columns);
    table->among_unknown = counting->among_unknown;
    return error;
}

static int table_count(const struct facts *facts, const struct host_groups *hosts, size_t index, uint32_t *room,
                       struct result_table *ret_table)
{
    struct counting counting = {.facts = facts, .table = &facts->study->tables[index], .places = &facts->tables[index]};
    ret_table->table = counting.table;
    counting.error = positions_init(&counting.lines, facts->values.count);
    if (counting.error == 0)
        counting.error = positions_init(&counting.columns, facts->values.count);
    if (counting.error == 0 && counting.table->each[0] != '\0') {
        counting.key_units = calloc(facts->values.count, sizeof(counting.key_units[0]));
        counting.error = counting.key_units == NULL ? -ENOMEM : 0;
    }
    for (uint32_t i = 1; i < hosts->shapes.count && counting.error == 0; i++) {
        size_t length;
        const uint32_t *services = intern_get(&hosts->shapes, i, &length);
        counting.times = hosts->counts[i];
        host_count(&counting, services, length / sizeof(services[0]), room);
    }
    if (counting.error == 0)
        counting.error = table_settle(&counting, ret_table);
    counting_fini(&counting);
    return counting.error;
}

// Tables that several threads count, each the next one that nobody has.
struct sharing {
    const struct facts *facts;
    const struct host_groups *hosts;
    struct result_table *tables;
    atomic_size_t next;
    atomic_int error;
};

static void *tables_count(void *argument)
{
    struct sharing *sharing = argument;
    uint32_t *room = malloc(65536 * sizeof(room[0])); // services of one host
    int error = room == NULL ? -ENOMEM : 0;
    while (error == 0) {
        size_t index = atomic_fetch_add_explicit(&sharing->next, 1, memory_order_relaxed);
        if (index >= sharing->facts->study->table_count)
            break;
        error = table_count(sharing->facts, sharing->hosts, index, room, &sharing->tables[index]);
    }
    free(room);
    if (error != 0)
        atomic_store_explicit(&sharing->error, error, memory_order_relaxed);
    return NULL;
}

int results_count(const struct facts *facts, const struct host_groups *hosts, unsigned int threads,
                  struct results *ret_results)
{
    struct results results = {.facts = facts,
                              .table_count = facts->study->table_count,
                              .hosts = hosts->host_count,
                              .services = hosts->service_count,
                              .repeated = hosts->repeated};
    pthread_t others[RESULT_THREADS_MAX];
    unsigned int started = 0;
    results.tables = calloc(facts->study->table_count + 1, sizeof(results.tables[0]));
    if (results.tables == NULL)
        return -ENOMEM;
    struct sharing sharing = {.facts = facts, .hosts = hosts, .tables = results.tables};
    for (; started + 1 < threads && started + 1 < RESULT_THREADS_MAX; started++)
        if (pthread_create(&others[started], NULL, tables_count, &sharing) != 0)
            break; // the others count everything
    (void)tables_count(&sharing);
    for (unsigned int i = 0; i < started; i++)
        (void)pthread_join(others[i], NULL);
    int error = atomic_load_explicit(&sharing.error, memory_order_relaxed);
    if (error != 0)
        results_fini(&results);
    else
        *ret_results = results;
    return error;
}

void results_fini(struct results *results)
{
    for (size_t i = 0; i < results->table_count; i++) {
        struct result_table *table = &results->tables[i];
        for (size_t c = 0; c < table->column_count; c++)
            free(table->columns[c].numbers);
        for (size_t l = 0; table->lines != NULL && l <= table->line_count; l++)
            free(table->lines[l].cells);
        free(table->columns);
        free(table->lines);
    }
    free(results->tables);
    *results = (struct results){0};
}

bool result_share(const struct result_table *table, size_t line, size_t column, uint64_t *ret_count, uint64_t *ret_of)
{
    const struct result_cell *cell = &table->lines[line].cells[column];
    const struct result_column *total = &table->columns[column];
    const uint64_t denominators[] = {
        [STUDY_PERCENT_ROW] = cell->yes + cell->no,
        [STUDY_PERCENT_COLUMN] = total->units.yes + total->units.no + total->units.unknown,
        [STUDY_PERCENT_ITEMS] = total->items,
    };
    *ret_count = cell->yes;
    *ret_of = denominators[table->table->percent];
    return *ret_of > 0;
}

struct histogram result_numbers(const struct result_column *column)
{
    return (struct histogram){.counts = column->numbers, .length = column->numbers_length};
}

bool result_compare(const struct result_table *table, struct result_comparison *ret_comparison)
{
    struct result_comparison comparison = {0};
    if (table->table->among == STUDY_NONE || table->column_count != 3)
        return false;
    const struct result_column *groups = &table->columns[1];
    const uint64_t count[2] = {groups[0].units.yes, groups[1].units.yes};
    const uint64_t of[2] = {groups[0].units.yes + groups[0].units.no, groups[1].units.yes + groups[1].units.no};
    const struct histogram numbers[2] = {result_numbers(&groups[0]), result_numbers(&groups[1])};
    comparison.has_shares = shares_compare(count, of, &comparison.shares);
    comparison.has_means = table->table->number && means_compare(numbers, &comparison.means);
    comparison.has_ranks = table->table->number && ranks_compare(numbers, &comparison.ranks);
    *ret_comparison = comparison;
    return true;
}
