// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Every subcommand of `sonde`: one line here and one object of that name.

#include "control/command/options.h"

// X(name): an object `const struct subcommand subcommand_<name>`.
#define SUBCOMMANDS(X)                                                                                                 \
    X(scan)                                                                                                            \
    X(check)                                                                                                           \
    X(targets)                                                                                                         \
    X(report)                                                                                                          \
    X(diff)                                                                                                            \
    X(export)                                                                                                          \
    X(feeds)                                                                                                           \
    X(classify)                                                                                                        \
    X(explain)                                                                                                         \
    X(bench)                                                                                                           \
    X(doctor)                                                                                                          \
    X(completion)

#define X(name) extern const struct subcommand subcommand_##name;
SUBCOMMANDS(X)
#undef X

// NULL-terminated, in the order of the list.
extern const struct subcommand *const subcommands[];

// The subcommand of that name, or NULL.
const struct subcommand *subcommand_find(const char *name);
