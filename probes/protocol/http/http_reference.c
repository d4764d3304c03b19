// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http_reference.h"

#include <stdbool.h>
#include <string.h>

enum { NAME_MAX_BYTES = 32, TEXT_MAX_BYTES = 8, CODE_MAX = 0x10ffff, NO_CHARACTER = 0xfffd };

// Made at build time from the list that Python's library has of the standard's (section 13.5).
static const struct entity {
    char name[NAME_MAX_BYTES + 1];
    char text[TEXT_MAX_BYTES];
} entities[] = {
#include "http_entities.h"
};

enum { ENTITIES = sizeof(entities) / sizeof(entities[0]) };

// What numbers of the C1 controls stand for: the characters of windows-1252, which is what is meant.
static const uint16_t windows_1252[32] = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                          0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
                                          0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                          0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

size_t http_utf8_put(uint32_t code, char ret_octets[static 4])
{
    if (code > CODE_MAX || (code >= 0xd800 && code <= 0xdfff))
        code = NO_CHARACTER;
    if (code < 0x80) {
        ret_octets[0] = (char)code;
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    ret_octets[0] = (char)(lead[more] | code >> (6 * more));
    for (size_t at = 1; at <= more; at++)
        ret_octets[at] = (char)(0x80 | (code >> (6 * (more - at)) & 0x3f));
    return more + 1;
}

static bool is_alphanumeric(char octet)
{
    char small = (char)(octet | 0x20);
    return (small >= 'a' && small <= 'z') || (octet >= '0' && octet <= '9');
}

static const struct entity *entity_find(const char *name, size_t length)
{
    size_t low = 0;
    size_t high = ENTITIES;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(entities[middle].name, name, length);
        if (order == 0 && entities[middle].name[length] == '\0')
            return &entities[middle];
        // An entity whose name goes on stands behind the one that is asked for.
        if (order >= 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

// The longest name that stands at `text`, behind "&". Returns its length, 0 when it is none.
static size_t named_take(const char *text, size_t length, char *ret_text, size_t *ret_length)
{
    size_t whole = 0;
    while (whole < length && whole < NAME_MAX_BYTES && is_alphanumeric(text[whole]))
        whole++;
    if (whole < length && whole < NAME_MAX_BYTES && text[whole] == ';')
        whole++;
    for (size_t taken = whole; taken > 1; taken--) {
        const struct entity *found = entity_find(text, taken);
        if (found != NULL) {
            *ret_length = strlen(found->text);
            memcpy(ret_text, found->text, *ret_length);
            return taken;
        }
    }
    return 0;
}

static uint32_t digit_value(char octet)
{
    char small = (char)(octet | 0x20);
    if (octet >= '0' && octet <= '9')
        return (uint32_t)(octet - '0');
    return small >= 'a' && small <= 'f' ? (uint32_t)(small - 'a' + 10) : UINT32_MAX;
}

// The same of "#60;" or "#x3c;", with or without the semicolon.
static size_t number_take(const char *text, size_t length, char *ret_text, size_t *ret_length)
{
    size_t at = 1;
    bool hex = at < length && (text[at] | 0x20) == 'x';
    uint32_t base = hex ? 16 : 10;
    at += hex ? 1 : 0;
    size_t begin = at;
    uint32_t code = 0;
    for (; at < length && digit_value(text[at]) < base; at++)
        code = code > CODE_MAX ? code : code * base + digit_value(text[at]);
    if (at == begin)
        return 0;
    if (code >= 0x80 && code < 0xa0 && windows_1252[code - 0x80] != 0)
        code = windows_1252[code - 0x80];
    *ret_length = http_utf8_put(code == 0 ? NO_CHARACTER : code, ret_text);
    return at < length && text[at] == ';' ? at + 1 : at;
}

size_t http_references_decode(const char *text, size_t length, char *ret_text)
{
    size_t written = 0;
    for (size_t at = 0; at < length;) {
        size_t left = length - at - 1;
        size_t taken = 0;
        size_t put = 0;
        if (text[at] == '&' && left > 0)
            taken = text[at + 1] == '#' ? number_take(text + at + 1, left, ret_text + written, &put)
                                        : named_take(text + at + 1, left, ret_text + written, &put);
        if (taken == 0)
            ret_text[written] = text[at];
        written += taken == 0 ? 1 : put;
        at += taken + 1;
    }
    return written;
}
