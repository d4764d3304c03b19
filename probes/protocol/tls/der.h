// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A bounded reader of the distinguished encoding rules (ITU-T X.690): values of a tag and a definite length in the
// fewest bytes, tag numbers below 31. What OpenSSL accepts beyond that (indefinite and padded lengths) it refuses, for
// its caller has another way to read it. No allocation, no recursion; any thread.

#include <stdbool.h>
#include <stdint.h>

#include "probes/bytes.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OBJECT = 0x06,
    DER_UTF8 = 0x0c,
    DER_PRINTABLE = 0x13,
    DER_IA5 = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT = 0x80, // | number: IMPLICIT, primitive
    DER_CONTEXT_CONSTRUCTED = 0xa0,
};

struct der {
    uint8_t tag; // identifier octet, class and `constructed` included
    struct bytes body;
    struct bytes whole; // with tag and length
};

// Takes the next value, whatever it is. Otherwise false, and the input has failed.
bool der_next(struct bytes *input, struct der *ret_value);

// Takes the next value, which has to have that tag, and returns its body: failed where there is none.
struct bytes der_take(struct bytes *input, uint8_t tag);

// Whether the next value has that tag. Takes nothing.
bool der_ahead(const struct bytes *input, uint8_t tag);

// Takes an INTEGER; its bytes as they stand, at least one and no more than the number needs.
struct bytes der_integer(struct bytes *input);

// The same of one that is not negative, without its leading zero byte.
struct bytes der_unsigned(struct bytes *input);

// Takes a BIT STRING of whole bytes and returns these.
struct bytes der_bits(struct bytes *input);

// Takes UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 writes them, with seconds and Z: seconds since 1970.
// Otherwise false, and the input has failed.
bool der_time(struct bytes *input, int64_t *ret_seconds);

// Whether a body is exactly these bytes.
bool der_equal(struct bytes body, const void *data, size_t length);
