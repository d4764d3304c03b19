// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A small JSON reader (RFC 8259) for the one place where a library is too slow: records by the million. It walks one
// buffer, decodes texts where they stand and never reads beyond the end. A false answer is final: `what` and `at` say
// what was expected where.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/observation/field.h"

struct reader {
    char *start;
    char *at;
    char *end;
    const char *what; // NULL until something was wrong; a literal
};

void reader_init(struct reader *reader, char *data, size_t length);
// Says what was wrong here, if nothing was wrong before. Always false.
bool reader_fail(struct reader *reader, const char *what);

// The next character that is no white space, 0 at the end. It is not taken.
static inline char reader_peek(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\r'))
        reader->at++;
    return reader->at < reader->end ? *reader->at : '\0';
}

// Takes this character, or fails.
static inline bool reader_take(struct reader *reader, char wanted, const char *what)
{
    if (reader_peek(reader) != wanted || reader->at == reader->end)
        return reader_fail(reader, what);
    reader->at++;
    return true;
}

// Inside an object or array after its bracket: false at its end, which is taken, or at a fault. `first` is kept by the
// caller, true at the beginning.
bool reader_next(struct reader *reader, char close, bool *first);

// A string, decoded in place and ended with a NUL.
bool reader_text(struct reader *reader, struct text *ret_text);

// The key of a member, its colon taken.
bool reader_key(struct reader *reader, struct text *ret_key);

// A whole number of 64 bits; a number with up to three decimals, not negative, as thousandths.
bool reader_number(struct reader *reader, int64_t *ret_value);
bool reader_milli(struct reader *reader, int64_t *ret_thousandths);

bool reader_flag(struct reader *reader, bool *ret_value);

// A string in the form of writer_time: "2026-01-31T23:59:59Z", with ".123" before the Z when with_millis. Seconds, or
// milliseconds, since 1970.
bool reader_time(struct reader *reader, bool with_millis, int64_t *ret_value);

// Takes null if it comes next.
bool reader_null(struct reader *reader);

// Passes over any value.
bool reader_skip(struct reader *reader);
