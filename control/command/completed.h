// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a shell may offer behind `sonde`, in one form for the three shells that scripts are made for.

#include "control/command/options.h"

enum { COMPLETED_MAX = OPTIONS_MAX + OPTION_KEYS_MAX + 1 };

// One option of a subcommand; everything points into the tables, and is good until the next call for a subcommand.
struct completed_option {
    const char *name;     // without its dashes
    char letter;          // '\0' = none
    const char *alias;    // "-iL", NULL = none
    const char *argument; // NULL = a switch
    const char *help;
    const char *values; // words separated by blanks, one of the COMPLETED_ names, or NULL
    bool files;         // its argument names a file or a folder
};

// Every option of a subcommand: its rows, --help, and the keys of a plan. Returns their number; 0 for one whose
// arguments are another program's. Not thread-safe.
size_t completed_options(const struct subcommand *subcommand, struct completed_option ret_options[COMPLETED_MAX]);

// Whether its operands may be files.
bool completed_files(const struct subcommand *subcommand);
