// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void table_init(struct table *table, size_t columns, unsigned int right)
{
    *table = (struct table){.columns = columns, .right = right};
}

void table_fini(struct table *table)
{
    for (size_t i = 0; i < table->rows * table->columns; i++)
        free(table->cells[i]);
    free(table->cells);
    table_init(table, table->columns, table->right);
}

static int table_grow(struct table *table)
{
    if (table->rows < table->capacity)
        return 0;
    size_t capacity = table->capacity > 0 ? table->capacity * 2 : 16;
    char **cells = reallocarray(table->cells, capacity * table->columns, sizeof *cells);
    if (cells == NULL)
        return -ENOMEM;
    table->cells = cells;
    table->capacity = capacity;
    return 0;
}

void table_add(struct table *table, const char *const *cells)
{
    if (table->error != 0)
        return;
    if (table_grow(table) != 0) {
        table->error = -ENOMEM;
        return;
    }
    char **row = table->cells + table->rows * table->columns;
    for (size_t c = 0; c < table->columns; c++) {
        row[c] = strdup(cells[c]);
        if (row[c] != NULL)
            continue;
        while (c-- > 0)
            free(row[c]);
        table->error = -ENOMEM;
        return;
    }
    table->rows++;
}

// Characters, not bytes: continuation bytes of UTF-8 take no room.
static int text_width(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

int table_print(const struct table *table, int indent, FILE *out)
{
    int widths[TABLE_COLUMNS_MAX] = {0};
    for (size_t i = 0; i < table->rows * table->columns; i++) {
        int width = text_width(table->cells[i]);
        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
    for (size_t r = 0; r < table->rows; r++) {
        fprintf(out, "%*s", indent, "");
        for (size_t c = 0; c < table->columns; c++) {
            const char *cell = table->cells[r * table->columns + c];
            int padding = widths[c] - text_width(cell);
            if (table->right >> c & 1)
                fprintf(out, "%*s%s", padding, "", cell);
            else if (c + 1 < table->columns)
                fprintf(out, "%s%*s", cell, padding, "");
            else
                fprintf(out, "%s", cell);
            fprintf(out, "%s", c + 1 < table->columns ? "  " : "\n");
        }
    }
    return table->error;
}
