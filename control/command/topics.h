// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What `sonde help` explains besides the subcommands: one line here and one object of that name.

#include "control/scan/exit_status.h"

struct topic {
    const char *name;
    const char *summary; // a phrase without a full stop
    // Prints it to standard output. program is argv[0] of sonde. Returns the exit status, after a line on standard
    // error when it is not EXIT_DONE.
    enum exit_status (*print)(const char *program);
};

// X(name): an object `const struct topic topic_<name>`.
#define TOPICS(X)                                                                                                      \
    X(plan)                                                                                                            \
    X(records)                                                                                                         \
    X(findings)                                                                                                        \
    X(services)

#define X(name) extern const struct topic topic_##name;
TOPICS(X)
#undef X

// NULL-terminated, in the order of the list.
extern const struct topic *const topics[];

// The topic of that name, or NULL.
const struct topic *topic_find(const char *name);
