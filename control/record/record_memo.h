// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What many records have to the byte: what is known to be wrong with a version of a product, which is most of a long
// record. Such a part is read once and lent to each that has it. Bounded: what does not fit is read each time. One
// thread.

#include <stddef.h>
#include <stdint.h>

#include "probes/observation/observation.h"

struct record_memo;

// bytes_max: of everything that it keeps. NULL: no memory.
struct record_memo *record_memo_new(size_t bytes_max);
void record_memo_free(struct record_memo *memo);

// A part of `id` as it was read from those bytes. What it holds stays as it is while the memo is there.
struct record_memo_part {
    struct observation held;
    size_t length;   // of its JSON
    size_t unknown;  // keys in it that no field has
    uint32_t number; // from 1, of the memo
};

// The part whose JSON, once put, is what the text begins with. NULL: none.
const struct record_memo_part *record_memo_find(const struct record_memo *memo, enum part_id id, const char *text,
                                                size_t length);

// Reads a part of an object's JSON into an empty observation; the text is changed and outlives it. False: not kept.
typedef bool record_memo_read(enum part_id id, char *text, size_t length, struct observation *observation,
                              size_t *ret_unknown);

// Keeps what the text begins with: an object long enough to be worth it, that `read` takes whole. NULL when it is not,
// or there is no room.
const struct record_memo_part *record_memo_put(struct record_memo *memo, enum part_id id, const char *text,
                                               size_t length, record_memo_read *read);
