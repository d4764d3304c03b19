// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Text of others on a terminal: what a range file, a plan, a path or a program that talks to strangers says may hold
// bytes that move the cursor, change colours or end the line. Everything of that kind that is printed goes through
// here.

#include <stddef.h>

enum { PRINTABLE_GROWTH = 4 }; // the most that one byte becomes: "\x1b"

// Writes text with every byte that is not part of printable UTF-8 as \xNN: control characters of ASCII and of ISO 6429
// (U+0080 to U+009F), marks that turn the direction of writing, and bytes that are no UTF-8. Cut to capacity, at least
// 1, and always terminated. Returns the length written. text and ret_text do not overlap.
size_t printable(const char *text, char *ret_text, size_t capacity);
