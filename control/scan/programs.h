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

// Where programs that are not ours are looked for: never where PATH says, which the caller's shell decides.
#define SYSTEM_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

// The absolute path of a program of the system's (nft) in SYSTEM_PATH. Returns 0, or -ENOENT with ret_path untouched.
int program_find_system(const char *name, char ret_path[static PATH_MAX]);
