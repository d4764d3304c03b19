// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A cell of a CSV file (RFC 4180).

#include <stddef.h>
#include <stdio.h>

// Writes bytes in quotes, NUL as a blank, other control characters but the ends of lines as \xNN. A spreadsheet runs
// what begins like a formula: an apostrophe in front makes it text.
void csv_text(FILE *out, const char *bytes, size_t length);
