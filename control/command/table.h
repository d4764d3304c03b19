// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A table for a terminal: columns as wide as their widest cell, numbers to the right. Plain text when piped, too.

#include <stddef.h>
#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 6 };

struct table {
    size_t columns;
    unsigned int right; // bit c: column c holds numbers
    char **cells;       // [rows * columns], owned
    size_t rows;
    size_t capacity;
    int error; // -ENOMEM once a row did not fit in memory
};

void table_init(struct table *table, size_t columns, unsigned int right);
void table_fini(struct table *table);

// Appends a row; cells are copied, exactly `columns` of them. A failure is kept in table->error.
void table_add(struct table *table, const char *const *cells);

// Prints every row after `indent` spaces, columns two spaces apart. Returns table->error.
int table_print(const struct table *table, int indent, FILE *out);
