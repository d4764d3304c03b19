// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A table for a terminal: columns as wide as their widest cell, numbers to the right. Plain text when piped, too.

#include <stddef.h>
#include <stdio.h>

enum { COLUMNS_MAX = 12 };

struct columns {
    size_t count;
    unsigned int right;   // bit c: column c holds numbers
    char **cells;         // [rows * columns], owned
    const char **colours; // [rows], or NULL where none has one
    size_t rows;
    size_t capacity;
    int error; // -ENOMEM once a row did not fit in memory
};

void columns_init(struct columns *columns, size_t count, unsigned int right);
void columns_fini(struct columns *columns);

// Appends a row; cells are copied as config/printable.h writes them, exactly `count` of
// them. A failure is kept in columns->error.
void columns_add(struct columns *columns, const char *const *cells);

// Gives the row that was added last a colour: the numbers of SGR (ECMA-48), "1;31". A literal; NULL = none.
void columns_colour(struct columns *columns, const char *colour);

// Prints every row after `indent` spaces, columns two spaces apart. Returns columns->error.
int columns_print(const struct columns *columns, int indent, FILE *out);
