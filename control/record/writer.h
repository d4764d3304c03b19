// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A small bounded JSON writer (RFC 8259) for the one place where a library is too slow: a record per conversation. It
// writes into the caller's storage and latches `full` instead of overrunning. Whatever bytes it is given, what comes
// out is valid UTF-8 without control characters.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer {
    char *data;
    size_t length;
    size_t capacity;
    bool full;  // something did not fit; everything after it is left out
    bool comma; // a value precedes at this level
    bool named; // writer_key has written the name of the next value
};

void writer_init(struct writer *writer, char *data, size_t capacity);

// The name of the value that the next call writes with NULL for its name: for callers who know how long it is.
void writer_key(struct writer *writer, const char *name, size_t length);

// Objects and arrays. name is NULL inside an array and at the top; it is a literal of the program's, written as it is.
void writer_open(struct writer *writer, const char *name, char bracket); // '{' or '['
void writer_close(struct writer *writer, char bracket);                  // '}' or ']'

void writer_number(struct writer *writer, const char *name, int64_t value);
void writer_milli(struct writer *writer, const char *name, uint64_t thousandths); // 12345 -> 12.345
void writer_flag(struct writer *writer, const char *name, bool value);

// Any bytes. C0, DEL and C1 controls, quotes and backslashes are escaped; bytes that are no UTF-8 (RFC 3629: overlong,
// surrogates, above U+10FFFF, cut short) become U+FFFD each, and so does NUL, which many readers refuse even escaped.
void writer_text(struct writer *writer, const char *name, const void *bytes, size_t length);

// A literal of the program's.
void writer_word(struct writer *writer, const char *name, const char *word);

// Whether writer_time can write it: the year is 0 to 9999.
static inline bool writer_time_fits(int64_t seconds)
{
    return seconds >= INT64_C(-62167219200) && seconds <= INT64_C(253402300799);
}

// An instant as RFC 3339 in UTC, to the millisecond unless millis is negative. Nothing when it does not fit.
void writer_time(struct writer *writer, const char *name, int64_t seconds, int millis);

// Bytes that are JSON already, such as a newline.
void writer_raw(struct writer *writer, const char *bytes, size_t length);
