// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the words of a command line mean as a plan: a plan file, targets, or both, and options. `sonde scan 10.0.0.0/24
// -p 22` is a plan of its own; options win over a plan file's keys, and exclusions are added to its exclusions.

#include <jansson.h>

#include "control/command/options.h"

enum { LINE_MESSAGE_MAX = 512 };

// Rows for every subcommand that takes targets, and what its operands are called.
#define LINE_OPERANDS "[PLAN] [TARGET]..."
#define LINE_OPTIONS                                                                                                   \
    {"ports", "LIST", "ports to ask, like 22,443,8000-8100", 'p', NULL},                                               \
        {"services", "LIST", "services to ask by name, like ssh,redis (sonde help services); all by default",          \
         's',        NULL,   COMPLETED_SERVICES},                                                                      \
        {"targets-file", "FILE", "targets, one a line, packed with gzip or zstd too; - is standard input", '\0',       \
         "-iL"},                                                                                                       \
        {"provider", "NAME", "targets of a provider, by the feeds or the file that --ranges names", '\0', NULL},       \
        {"region", "GLOB", "of the provider, the regions that match", '\0', NULL},                                     \
    {                                                                                                                  \
        "cloud-service", "GLOB", "of the provider, its services that match", '\0', NULL                                \
    }

enum { LINE_OPTION_COUNT = 6 };

struct line {
    const char *plan; // the plan file, NULL = none
    json_t *keys;     // what the other words mean, as keys of a plan; NULL when there are no others
};

// Reads operands and options; host names are looked up, and standard input is read to its end where it is a target.
// Returns 0 and a line for line_fini, or -EINVAL or -ENOMEM with one line in message.
int line_read(const struct invocation *invocation, struct line *ret_line, char message[static LINE_MESSAGE_MAX]);
void line_fini(struct line *line);

// The whole plan that a line means, with every path absolute, so that it is the same plan wherever it is stored.
// Returns 0 and an object for json_decref, or -EINVAL or -ENOMEM with one line in message.
int line_whole(const struct line *line, json_t **ret_plan, char message[static LINE_MESSAGE_MAX]);
