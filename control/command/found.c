// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/found.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/report/columns.h"
#include "control/record/records.h"
#include "config/figures.h"

enum { COLUMN_ADDRESS, COLUMN_PORT, COLUMN_SERVICE, COLUMN_PRODUCT, COLUMN_OPEN, COLUMN_FINDINGS, COLUMN_COUNT };
enum { CELL_MAX = 160, LINE_CELLS = COLUMN_COUNT };

struct row {
    uint64_t key; // address and port
    int severity; // the worst finding's, -1 = none
    char cells[LINE_CELLS][CELL_MAX];
};

// The rows with the least keys, in a heap whose root has the greatest of them.
struct found {
    const struct plan *plan;
    struct row *rows[FOUND_ROWS_MAX];
    size_t count;
    uint64_t records;
};

bool found_coloured(FILE *out)
{
    const char *term = getenv("TERM");
    const char *refused = getenv("NO_COLOR");
    bool able = term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
    return able && (refused == NULL || refused[0] == '\0') && isatty(fileno(out)) == 1;
}

static void cell_text(char cell[static CELL_MAX], const struct text *text)
{
    snprintf(cell, CELL_MAX, "%.*s", (int)(text->length < CELL_MAX ? text->length : CELL_MAX - 1),
             text->data != NULL ? text->data : "");
}

static void findings_write(const struct found *found, const struct root_observation *root, struct row *row)
{
    char *cell = row->cells[COLUMN_FINDINGS];
    size_t used = 0;
    for (uint32_t i = 0; root->known.findings && i < root->findings.count; i++) {
        const struct text *id = &root->findings.names[i];
        int severity = plan_finding_severity(found->plan, id->data, id->length);
        row->severity = severity > row->severity ? severity : row->severity;
        if (used + id->length + 8 < CELL_MAX)
            used += (size_t)snprintf(cell + used, CELL_MAX - used, "%s%.*s", used > 0 ? ", " : "", (int)id->length,
                                     id->data);
        else if (used > 0 && cell[used - 1] != '.')
            used += (size_t)snprintf(cell + used, CELL_MAX - used, ", ...");
    }
}

static void product_write(const struct observation *observation, char cell[static CELL_MAX])
{
    const struct product_observation *product = observation->product;
    const struct root_observation *root = observation->root;
    if (product != NULL && product->known.name && product->name.length < CELL_MAX / 2) {
        bool version = product->known.version && product->version.length < CELL_MAX / 4;
        snprintf(cell, CELL_MAX, "%.*s%s%.*s", (int)product->name.length, product->name.data, version ? " " : "",
                 version ? (int)product->version.length : 0, version ? product->version.data : "");
    } else if (root->known.banner) {
        cell_text(cell, &root->banner);
        cell[strcspn(cell, "\r\n")] = '\0';
        cell[40] = '\0';
    }
}

static void row_write(const struct found *found, const struct observation *observation, struct row *row)
{
    const struct root_observation *root = observation->root;
    row->severity = -1;
    address_print(&root->ip, row->cells[COLUMN_ADDRESS]);
    snprintf(row->cells[COLUMN_PORT], CELL_MAX, "%" PRId64, root->port);
    if (root->known.service && root->service.length < CELL_MAX / 2)
        snprintf(row->cells[COLUMN_SERVICE], CELL_MAX, "%.*s%s", (int)root->service.length, root->service.data,
                 observation_in_tls(observation) ? " in tls" : "");
    else
        snprintf(row->cells[COLUMN_SERVICE], CELL_MAX, "(%.*s)", (int)(root->outcome.length % (CELL_MAX - 3)),
                 root->known.outcome ? root->outcome.data : "");
    product_write(observation, row->cells[COLUMN_PRODUCT]);
    if (root->known.open)
        snprintf(row->cells[COLUMN_OPEN], CELL_MAX, "%s", root->open ? "yes" : "no");
    findings_write(found, root, row);
}

static void heap_sink(struct found *found, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= found->count)
            return;
        if (child + 1 < found->count && found->rows[child + 1]->key > found->rows[child]->key)
            child++;
        if (found->rows[at]->key >= found->rows[child]->key)
            return;
        struct row *row = found->rows[at];
        found->rows[at] = found->rows[child];
        found->rows[child] = row;
        at = child;
    }
}

static void heap_rise(struct found *found, size_t at)
{
    for (size_t parent = (at - 1) / 2; at > 0 && found->rows[parent]->key < found->rows[at]->key;
         at = parent, parent = (at - 1) / 2) {
        struct row *row = found->rows[at];
        found->rows[at] = found->rows[parent];
        found->rows[parent] = row;
    }
}

static int record_take(void *context, const struct observation *observation, const struct records_place *place)
{
    struct found *found = context;
    (void)place;
    if (observation->root == NULL || !observation->root->known.ip || !observation->root->known.port)
        return 0;
    uint64_t key = (uint64_t)address_number(&observation->root->ip) << 16 | (uint16_t)observation->root->port;
    found->records++;
    if (found->count == FOUND_ROWS_MAX && key >= found->rows[0]->key)
        return 0;
    struct row *row = found->count == FOUND_ROWS_MAX ? found->rows[0] : malloc(sizeof(*row));
    if (row == NULL)
        return -ENOMEM;
    memset(row, 0, sizeof(*row));
    row->key = key;
    row_write(found, observation, row);
    if (found->count < FOUND_ROWS_MAX) {
        found->rows[found->count] = row;
        heap_rise(found, found->count++);
    } else {
        heap_sink(found, 0);
    }
    return 0;
}

static int row_compare(const void *left, const void *right)
{
    const struct row *a = *(const struct row *const *)left;
    const struct row *b = *(const struct row *const *)right;
    return (a->key > b->key) - (a->key < b->key);
}

static int table_print(struct found *found, bool coloured, FILE *out)
{
    static const char *const colours[] = {[SEVERITY_INFO] = NULL,
                                          [SEVERITY_LOW] = NULL,
                                          [SEVERITY_MEDIUM] = "33",
                                          [SEVERITY_HIGH] = "31",
                                          [SEVERITY_CRITICAL] = "1;31"};
    struct columns columns;
    columns_init(&columns, COLUMN_COUNT, 1U << COLUMN_PORT);
    columns_add(&columns, (const char *[]){"address", "port", "service", "product", "open", "findings"});
    for (size_t i = 0; i < found->count; i++) {
        const struct row *row = found->rows[i];
        const char *cells[COLUMN_COUNT];
        for (size_t c = 0; c < COLUMN_COUNT; c++)
            cells[c] = row->cells[c];
        columns_add(&columns, cells);
        if (coloured && row->severity >= 0)
            columns_colour(&columns, colours[row->severity]);
    }
    int error = columns_print(&columns, 0, out);
    columns_fini(&columns);
    return error;
}

int found_print(const char *folder, const struct plan *plan, bool coloured, FILE *out, char message[static 512])
{
    struct found found = {.plan = plan};
    struct records_tally tally;
    char number[FIGURE_MAX];
    void *const contexts[] = {&found};
    const struct records_reading reading = {
        .paths = &folder, .path_count = 1, .take = record_take, .contexts = contexts, .threads = 1};
    int error = records_read(&reading, &tally, message);
    qsort(found.rows, found.count, sizeof(found.rows[0]), row_compare);
    if (error == 0 && found.count > 0)
        error = table_print(&found, coloured, out);
    else if (error == 0)
        fputs("nothing was found that accepts connections\n", out);
    if (error == 0 && found.records > found.count)
        fprintf(out, "and %s more: sonde report %s\n", figure_count(found.records - found.count, number), folder);
    for (size_t i = 0; i < found.count; i++)
        free(found.rows[i]);
    return error;
}
