// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// BER as LDAP has it (X.690; RFC 4511, 5.1): tags of one byte, definite lengths.

#include <stdbool.h>

#include "probes/buffer.h"
#include "probes/bytes.h"

enum ber_found {
    BER_WRONG = 0, // no such element can begin so
    BER_SHORT,     // more bytes are needed
    BER_WHOLE,
};

enum {
    BER_INTEGER = 0x02,
    BER_OCTETS = 0x04,
    BER_ENUMERATED = 0x0a,
    BER_SEQUENCE = 0x30,
    BER_SET = 0x31,
    BER_CONTENT_MAX = 1 << 24, // a longer element is wrong
};

struct ber {
    uint8_t tag;
    struct bytes content;
    size_t length; // of the content, also while it is short; 0 while not known
};

// Takes the next element. *input and *ret_element stay as they are unless it is whole; but the length is told as soon
// as it is known.
enum ber_found ber_take(struct bytes *input, struct ber *ret_element);

// Takes the next element of this tag from what is whole; a failed reader when there is another or none.
struct bytes ber_content(struct bytes *input, uint8_t tag);

// A number of at most four bytes; -1 for what is none.
int64_t ber_number(struct bytes content);

// Appends an element, of less than 65536 bytes.
void ber_put(struct buffer *buffer, uint8_t tag, const void *content, size_t length);
