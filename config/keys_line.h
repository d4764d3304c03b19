// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A key table as options of a command line: `source.address` is --source-address, a list is written with commas. What a
// text cannot mean is left a text, so that it is the key's own reader that refuses it.

#include <stddef.h>

#include "config/keys.h"

enum { KEY_OPTION_TEXT = 64 };

struct key_option {
    const struct key *key;
    char name[KEY_OPTION_TEXT]; // "source-address"
    char path[KEY_OPTION_TEXT]; // "source.address"
};

// Writes an option for each key that has a value of its own, nested ones too. prefix is "" for the outermost table.
// Returns their number, at most `most`.
size_t keys_options(const struct key *keys, const char *prefix, struct key_option *ret_options, size_t most);

// Puts what a text means for an option into object, at the option's path; a list or pairs go on with what stands there.
// A path becomes an absolute one. Returns 0 or -ENOMEM.
int key_option_put(const struct key_option *option, const char *text, json_t *object);

// Makes every path in object (of these keys) that is relative start from folder. Returns 0 or -ENOMEM.
int keys_absolute(const struct key *keys, const char *folder, json_t *object);

// `name` as seen from folder, "" for the working folder; "" and "-" stay what they are. NULL when out of memory.
char *path_absolute(const char *folder, const char *name);
