// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// BSON documents (bsonspec.org, version 1.1), as MongoDB's replies are made of: one element after the other, what lies
// in nested documents as bytes.

#include <stdbool.h>

#include "probes/bytes.h"

enum bson_type {
    BSON_DOUBLE = 0x01,
    BSON_STRING = 0x02,
    BSON_DOCUMENT = 0x03,
    BSON_ARRAY = 0x04,
    BSON_BOOL = 0x08,
    BSON_INT32 = 0x10,
    BSON_INT64 = 0x12,
};

struct bson_element {
    uint8_t type; // enum bson_type, or another of the specification
    struct bytes name;
    struct bytes value; // of a string without its length and NUL; of nested documents with their length
};

// The elements of the document at the beginning of *input, which moves behind it. A failed reader when its length is
// not right.
struct bytes bson_document(struct bytes *input);

// Takes the next element of a document's elements. False at their end, and where they are not right.
bool bson_next(struct bytes *elements, struct bson_element *ret_element);

// True when the element has this name.
bool bson_is(const struct bson_element *element, const char *name);

// The value of a number or a bool as a whole number, bounded to 32 bits; false when it is none.
bool bson_number(const struct bson_element *element, int64_t *ret_number);
