// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/printable.h"

void columns_init(struct columns *columns, size_t count, unsigned int right)
{
    *columns = (struct columns){.count = count, .right = right};
}

void columns_fini(struct columns *columns)
{
    for (size_t i = 0; i < columns->rows * columns->count; i++)
        free(columns->cells[i]);
    free(columns->cells);
    free((void *)columns->colours);
    columns_init(columns, columns->count, columns->right);
}

static int columns_grow(struct columns *columns)
{
    if (columns->rows < columns->capacity)
        return 0;
    size_t capacity = columns->capacity > 0 ? columns->capacity * 2 : 16;
    char **cells = reallocarray(columns->cells, capacity * columns->count, sizeof(*cells));
    if (cells == NULL)
        return -ENOMEM;
    columns->cells = cells;
    const char **colours = (const char **)reallocarray((void *)columns->colours, capacity, sizeof(*colours));
    if (colours == NULL)
        return -ENOMEM;
    columns->colours = colours;
    columns->capacity = capacity;
    return 0;
}

// Cells quote files: nothing in them may reach the terminal but text.
static char *cell_new(const char *text)
{
    size_t capacity = PRINTABLE_GROWTH * strlen(text) + 1;
    char *cell = malloc(capacity);
    if (cell != NULL)
        printable(text, cell, capacity);
    return cell;
}

void columns_add(struct columns *columns, const char *const *cells)
{
    if (columns->error != 0)
        return;
    if (columns_grow(columns) != 0) {
        columns->error = -ENOMEM;
        return;
    }
    char **row = columns->cells + columns->rows * columns->count;
    columns->colours[columns->rows] = NULL;
    for (size_t c = 0; c < columns->count; c++) {
        row[c] = cell_new(cells[c]);
        if (row[c] != NULL)
            continue;
        while (c-- > 0)
            free(row[c]);
        columns->error = -ENOMEM;
        return;
    }
    columns->rows++;
}

void columns_colour(struct columns *columns, const char *colour)
{
    if (columns->error == 0 && columns->rows > 0)
        columns->colours[columns->rows - 1] = colour;
}

// Characters, not bytes: continuation bytes of UTF-8 take no room.
static int text_width(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

int columns_print(const struct columns *columns, int indent, FILE *out)
{
    int widths[COLUMNS_MAX] = {0};
    for (size_t i = 0; i < columns->rows * columns->count; i++) {
        int width = text_width(columns->cells[i]);
        if (width > widths[i % columns->count])
            widths[i % columns->count] = width;
    }
    for (size_t r = 0; r < columns->rows; r++) {
        const char *colour = columns->colours[r];
        fprintf(out, "%*s", indent, "");
        if (colour != NULL)
            fprintf(out, "\033[%sm", colour);
        for (size_t c = 0; c < columns->count; c++) {
            const char *cell = columns->cells[r * columns->count + c];
            int padding = widths[c] - text_width(cell);
            if (columns->right >> c & 1)
                fprintf(out, "%*s%s", padding, "", cell);
            else if (c + 1 < columns->count)
                fprintf(out, "%s%*s", cell, padding, "");
            else
                fprintf(out, "%s", cell);
            if (c + 1 < columns->count)
                fputs("  ", out);
        }
        fputs(colour != NULL ? "\033[0m\n" : "\n", out);
    }
    return columns->error;
}
