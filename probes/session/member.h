// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Looks one value up in a JSON text (RFC 8259) that a stranger wrote and that may be cut off at any byte. One pass, no
// memory, depth bounded; what stands before the value is read strictly, what stands behind it is not looked at. A text
// that is longer at its end gives the same answer, or one where there was none.

#include <stdbool.h>
#include <stddef.h>

#include "probes/bytes.h"

enum { MEMBER_DEPTH_MAX = 64 };

enum member_kind {
    MEMBER_NONE = 0, // not there, not whole, or the text is none of JSON before it
    MEMBER_STRING,
    MEMBER_NUMBER,
    MEMBER_TRUE,
    MEMBER_FALSE,
    MEMBER_NULL,
    MEMBER_OBJECT, // begins there; it need not be whole
    MEMBER_ARRAY
};

struct member {
    enum member_kind kind;
    struct bytes text; // of a string: what stands between the quotes; of a number: itself; else from its first byte on
};

// The value behind member names with a dot between them, "version.number"; "" is the whole text. Of members of the same
// name the first one counts. A name that is written with escapes is not found.
struct member member_find(struct bytes text, const char *path);

// The characters of a string as UTF-8: at most `size` bytes, never a part of a character. Returns how many there are;
// *ret_cut when there were more. An escape that stands for no character is U+FFFD, bytes that are no UTF-8 are left.
size_t member_text(const struct member *value, char *ret_text, size_t size, bool *ret_cut);

// True when the value is a string of exactly these characters, none of which is escaped.
bool member_is(const struct member *value, const char *word);
