// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The catalogues that a scan would use, the site's own included, for commands that show them.

#include <jansson.h>

#include "config/catalogue_files.h"
#include "control/scan/exit_status.h"

// Files of one kind: as the plan image would hold them, and as they were written.
struct catalogue_text {
    struct string_table strings;
    struct catalogue_storage storage;
    json_t *values; // an array, in the order of the files
};

// Reads the files of a kind and checks them. program is argv[0] of sonde. EXIT_DONE with a text for
// catalogue_text_fini, else the exit status after a line on standard error.
enum exit_status catalogue_text_load(const char *program, enum catalogue_file kind, struct catalogue_text *ret_text);
void catalogue_text_fini(struct catalogue_text *text);
