// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Our own words, coming back. An echo service (RFC 862) repeats all of them, a server of tagged commands repeats the
// first word as the tag of its complaint, a shell names what it did not find. What repeats us proves nothing about who
// is speaking.

#include <stddef.h>
#include <stdint.h>

enum echo {
    ECHO_NONE = 0,
    ECHO_UNDECIDED, // all of it, or of its last line, is the beginning of what was said
    ECHO_LINE,      // a line begins with all of our first line
    ECHO_ALL,       // it begins with all that was said
};

// How the bytes of a stream, from its beginning on, repeat what was said before they came: the first bytes of that,
// `said_length` of them. The answer for a longer piece of the same stream differs only where it was ECHO_UNDECIDED, or
// a line that begins further on is one of ours.
// Lines are of text: those of a stream end where it turns binary, and what we said has none if it begins so.
enum echo echo_beginning(const uint8_t *said, size_t said_length, const uint8_t *data, size_t length);
enum echo echo_lines(const uint8_t *said, size_t said_length, const uint8_t *data, size_t length);
