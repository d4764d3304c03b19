// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Targets of a command line and of the lists that it names: addresses, networks, ranges, and host names, which are
// looked up here, once. A name stays with its addresses as {"name", "addresses"}.

#include <jansson.h>

#include "control/command/line.h"

enum {
    TARGET_LIST_BYTES_MAX = 64 << 20, // of a list that is not left to the plan, unpacked
    NAME_ADDRESSES_MAX = 16           // of one name; more are left out
};

// Appends to an array of the line's plan, which is made when it is not there; takes item over. Returns 0 or -ENOMEM.
int line_list_add(json_t *keys, const char *name, json_t *item);

// Puts a word into the targets. One's own networks are allowed with it. Returns 0, or -EINVAL or -ENOMEM with one line
// in message, as all below.
int line_target(json_t *keys, const char *text, char message[static LINE_MESSAGE_MAX]);

// Standard input to its end, as a list; plain, or packed with gzip or zstd.
int line_targets_stdin(json_t *keys, char message[static LINE_MESSAGE_MAX]);

// A list by its name, "-" for standard input. A plain file of networks is left to the plan; what is packed, a pipe, or
// has host names in it is read here.
int line_targets_file(json_t *keys, const char *name, char message[static LINE_MESSAGE_MAX]);

// Whether a plan's targets (NULL: there are none) have a host name without addresses: "www.example" or {"name": ..}.
bool line_targets_named(const json_t *targets);

// Gives these their addresses, in place.
int line_targets_resolve(json_t *targets, char message[static LINE_MESSAGE_MAX]);
