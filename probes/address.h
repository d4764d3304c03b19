// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One address of either family: print, parse, compare. Values, no allocation; any thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESS_TEXT_MAX = 46 }; // of either family, NUL included

struct address {
    uint8_t family;    // 4 or 6; 0 = none
    uint8_t bytes[16]; // network order; of family 4 the first four
};

// The IPv4 address of a number in host byte order, and back (0 for what is not IPv4).
static inline struct address address_v4(uint32_t number)
{
    return (struct address){
        .family = 4,
        .bytes = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
}

static inline uint32_t address_number(const struct address *address)
{
    const uint8_t *bytes = address->bytes;
    return address->family != 4
               ? 0
               : (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

// Dotted decimal, or RFC 5952. Returns the length; the text ends with NUL. "" for none.
size_t address_print(const struct address *address, char ret_text[static ADDRESS_TEXT_MAX]);

// The IPv4 address of a number in host byte order, printed into the caller's room, which is returned.
const char *address_text(uint32_t number, char ret_text[static ADDRESS_TEXT_MAX]);

// The whole of text, in either family's form. Returns 0 or -EINVAL.
int address_parse(const char *text, size_t length, struct address *ret_address);

bool address_equal(const struct address *left, const struct address *right);
