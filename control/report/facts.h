// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What records say to a study, small enough to keep of ten million: of each record its address, port, time and *shape*,
// which is all that the study's tables ask of it (what each condition is, the values of each path, the rows of each
// list), kept once for all records that agree in it. One thread; those of several threads are merged.

#include "config/study.h"
#include "control/classify/condition.h"
#include "control/report/intern.h"
#include "probes/observation/observation.h"

enum { FACTS_PATHS_MAX = 64, FACTS_LISTS_MAX = 8 };

// Which things of a record a study asks for, each once.
struct facts_paths {
    const struct field *fields[FACTS_PATHS_MAX]; // root paths of rows and columns
    size_t count;
};

// A list of rows, and what is asked of its rows.
struct facts_list {
    const struct field *field;
    const struct field *key;
    uint32_t conditions[STUDY_TABLES_MAX]; // each_when of the tables that count it: findings of the study's catalogue
    size_t condition_count;
    const struct field *fields[FACTS_PATHS_MAX]; // of the row
    size_t field_count;
    struct intern rows; // shapes of its rows
    // Of parts that records share (observation->lent): where in `lent` its rows stand, their number first. 0: not yet.
    bool lendable;    // what its rows are does not depend on more than the part
    uint32_t *places; // [place_count] by the number of the part
    size_t place_count;
    uint32_t *lent; // [lent_count]
    size_t lent_count;
    size_t lent_room;
};

// Where in a shape each table finds its own. UINT32_MAX: it has none.
struct facts_table {
    uint32_t list;           // index into lists
    uint32_t list_condition; // index into its conditions
    uint32_t rows;           // index into paths, or into the list's fields when rows_in_list
    uint32_t columns;
    bool rows_in_list;
    bool columns_in_list;
};

struct fact {
    uint32_t address;
    uint32_t shape;
    uint32_t time_s;
    uint16_t port;
    uint16_t reserved;
};

struct facts {
    const struct study *study;
    struct conditions *conditions;
    struct facts_paths paths;
    struct facts_list lists[FACTS_LISTS_MAX];
    size_t list_count;
    struct facts_table tables[STUDY_TABLES_MAX];
    uint32_t *same;       // [findings of the study's catalogue] the first that has the same condition
    struct intern values; // texts
    struct intern shapes; // of records
    struct fact *items;
    size_t count;
    size_t capacity;
    int64_t first_s; // times of the records
    int64_t last_s;
    uint64_t filtered; // records that the study's filters left out
    uint64_t aside;    // records that the study sets aside
    uint64_t other;    // records without an IPv4 address, port or time: not counted
    uint64_t crowded;  // values that were too many to be told apart; they count as "(other)"
    uint32_t *scratch;
    size_t scratch_words;
};

// The study outlives it. NULL and errno: ENOMEM, EINVAL for a study that asks for more lists or paths than there is
// room for.
struct facts *facts_new(const struct study *study);
void facts_free(struct facts *facts);

// Has the values of one more path kept, for others than the study's tables; of all that are merged the same ones,
// before their first record. Its index for shape_path, or UINT32_MAX when there is no such path or no room.
uint32_t facts_ask(struct facts *facts, const char *path);

// Takes what one record says; observation->lent names the same part from the first record to the last. Returns 0,
// -ENOMEM, or -ENOSPC when records differ in more ways than can be kept.
int facts_add(struct facts *facts, const struct observation *observation);

// Moves what `from` holds, made for the same study, into `into`. Returns as facts_add; from is to be freed in any case.
int facts_merge(struct facts *into, struct facts *from);

// The value of a list that is known and has nothing in it; 0 is what is not known.
enum { FACTS_NONE = 1 };

// The words of a shape:
//   truths   2 bits for each finding of the study's catalogue (of, when, among), [facts_truth_words]
//   paths    for each path the number of its values, and those (ascending)
//   lists    for each list the number of its rows, and those (row shapes; ascending)
// and those of a row's: key, truths of the list's conditions (one word each), a value for each field (0 = not known).
struct shape {
    const uint32_t *words;
    size_t count;
};
struct shape facts_shape(const struct facts *facts, uint32_t shape);
enum truth shape_truth(const struct shape *shape, uint32_t condition);

struct shape_values {
    const uint32_t *values;
    uint32_t count;
};
struct shape_values shape_path(const struct facts *facts, const struct shape *shape, size_t path);
struct shape_values shape_list(const struct facts *facts, const struct shape *shape, size_t list);

// A row's shape as words: [0] key, [1 + condition] truth, [1 + condition_count + field] value.
const uint32_t *facts_row(const struct facts *facts, size_t list, uint32_t row);

// A value as text: "(none)" of FACTS_NONE.
const char *facts_value(const struct facts *facts, uint32_t value, size_t *ret_length);
