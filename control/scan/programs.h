// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Where the other programs and the catalogues are: beside sonde as it was called, else beside the file that runs (a
// build tree), else where they are installed.

#include <limits.h>

// Writes the path of an executable program ("sonde-dataplane"). sonde_path is argv[0]. Returns 0, or -ENOENT with the
// installed place in ret_path.
int program_find(const char *sonde_path, const char *name, char ret_path[static PATH_MAX]);

// Writes the folder that holds services.json, findings.json and products.json. Returns as program_find.
int catalogues_find(const char *sonde_path, char ret_path[static PATH_MAX]);
