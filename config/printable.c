// SPDX-License-Identifier: BSD-3-Clause
#include "config/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// The bytes of the character at text and its code point; 0 when it is no UTF-8 (RFC 3629).
static size_t character_read(const uint8_t *text, uint32_t *ret_code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = text[0] < 0x80             ? 1
                    : (text[0] & 0xe0) == 0xc0 ? 2
                    : (text[0] & 0xf0) == 0xe0 ? 3
                    : (text[0] & 0xf8) == 0xf0 ? 4
                                               : 0;
    uint32_t code = length == 1 ? text[0] : length > 0 ? text[0] & (0xffU >> (length + 1)) : 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) // the terminating zero, too
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    if (length > 1 && (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)))
        return 0;
    *ret_code = code;
    return length;
}

static bool character_harmless(uint32_t code)
{
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    bool line = code == 0x2028 || code == 0x2029;
    bool direction = code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
                     (code >= 0x2066 && code <= 0x2069) || code == 0x061c;
    return !control && !line && !direction;
}

size_t printable(const char *text, char *ret_text, size_t capacity)
{
    size_t used = 0;
    while (*text != '\0') {
        char escaped[4 * PRINTABLE_GROWTH + 1];
        uint32_t code = 0;
        size_t length = character_read((const uint8_t *)text, &code);
        bool harmless = length > 0 && character_harmless(code);
        length = length > 0 ? length : 1;
        size_t written = harmless ? length : PRINTABLE_GROWTH * length;
        if (used + written >= capacity)
            break;
        for (size_t i = 0; i < length && !harmless; i++)
            (void)snprintf(escaped + PRINTABLE_GROWTH * i, PRINTABLE_GROWTH + 1, "\\x%02x", (uint8_t)text[i]);
        memcpy(ret_text + used, harmless ? text : escaped, written);
        used += written;
        text += length;
    }
    ret_text[used] = '\0';
    return used;
}
