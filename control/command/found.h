// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a scan has found, as a table for people: a line a port, the worst in colour on a terminal.

#include <stdio.h>

#include "config/plan/plan.h"

enum { FOUND_ROWS_MAX = 200 }; // in the table; the rest is counted

// Reads the records of a folder and prints them in the order of address and port. plan tells how severe a finding is.
// coloured: with the colours of a terminal. Returns 0, -ENOMEM, or -errno with "PATH: why" in message.
int found_print(const char *folder, const struct plan *plan, bool coloured, FILE *out, char message[static 512]);

// Whether out is a terminal that shows colours: TERM is not "dumb", and NO_COLOR is not set (no-color.org).
bool found_coloured(FILE *out);
