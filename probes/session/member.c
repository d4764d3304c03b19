// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/member.h"

#include <stdint.h>
#include <string.h>

enum { REPLACEMENT = 0xfffd };

static int peek(const struct bytes *text)
{
    return text->length == 0 ? -1 : text->data[0];
}

static void space_skip(struct bytes *text)
{
    int next;
    while ((next = peek(text)) == ' ' || next == '\t' || next == '\n' || next == '\r')
        (void)bytes_u8(text);
}

static bool take(struct bytes *text, int octet)
{
    space_skip(text);
    if (peek(text) != octet)
        return false;
    (void)bytes_u8(text);
    return true;
}

static bool is_hex(int octet)
{
    return (octet >= '0' && octet <= '9') || ((octet | 0x20) >= 'a' && (octet | 0x20) <= 'f');
}

// Behind a backslash.
static bool escape_skip(struct bytes *text)
{
    uint8_t octet = bytes_u8(text);
    if (text->failed || octet == '\0' || strchr("\"\\/bfnrtu", octet) == NULL)
        return false;
    for (int digit = 0; octet == 'u' && digit < 4; digit++)
        if (!is_hex(bytes_u8(text)))
            return false;
    return !text->failed;
}

// A string with its quotes. False when it is none, or not whole.
static bool string_take(struct bytes *text, struct bytes *ret_inside)
{
    if (!take(text, '"'))
        return false;
    const uint8_t *begin = text->data;
    for (;;) {
        uint8_t octet = bytes_u8(text);
        if (text->failed || octet < ' ')
            return false;
        if (octet == '"')
            break;
        if (octet == '\\' && !escape_skip(text))
            return false;
    }
    *ret_inside = bytes_of(begin, (size_t)(text->data - 1 - begin));
    return true;
}

static size_t digits_skip(struct bytes *text)
{
    size_t count = 0;
    for (; peek(text) >= '0' && peek(text) <= '9'; count++)
        (void)bytes_u8(text);
    return count;
}

// RFC 8259 section 6. One that ends with the text might go on.
static bool number_take(struct bytes *text, struct bytes *ret_number)
{
    const uint8_t *begin = text->data;
    if (peek(text) == '-')
        (void)bytes_u8(text);
    bool zero = peek(text) == '0';
    size_t count = digits_skip(text);
    if (count == 0 || (zero && count > 1))
        return false;
    if (peek(text) == '.') {
        (void)bytes_u8(text);
        if (digits_skip(text) == 0)
            return false;
    }
    if (peek(text) == 'e' || peek(text) == 'E') {
        (void)bytes_u8(text);
        if (peek(text) == '+' || peek(text) == '-')
            (void)bytes_u8(text);
        if (digits_skip(text) == 0)
            return false;
    }
    *ret_number = bytes_of(begin, (size_t)(text->data - begin));
    return text->length > 0;
}

static bool word_take(struct bytes *text, const char *word)
{
    const uint8_t *taken = bytes_take(text, strlen(word));
    return taken != NULL && memcmp(taken, word, strlen(word)) == 0;
}

// What begins here. Of an object or array nothing is taken.
static struct member value_begin(struct bytes *text)
{
    struct member value = {.kind = MEMBER_NONE};
    bool whole = true;
    space_skip(text);
    value.text = *text;
    switch (peek(text)) {
    case '{':
        value.kind = MEMBER_OBJECT;
        return value;
    case '[':
        value.kind = MEMBER_ARRAY;
        return value;
    case '"':
        value.kind = MEMBER_STRING;
        whole = string_take(text, &value.text);
        break;
    case 't':
        value.kind = MEMBER_TRUE;
        whole = word_take(text, "true");
        break;
    case 'f':
        value.kind = MEMBER_FALSE;
        whole = word_take(text, "false");
        break;
    case 'n':
        value.kind = MEMBER_NULL;
        whole = word_take(text, "null");
        break;
    default:
        value.kind = MEMBER_NUMBER;
        whole = number_take(text, &value.text);
        break;
    }
    return whole ? value : (struct member){.kind = MEMBER_NONE};
}

// Whether another element or member follows: 1, or the container has ended: 0; -1 for neither.
static int further(struct bytes *text, bool object)
{
    space_skip(text);
    if (take(text, ','))
        return 1;
    return take(text, object ? '}' : ']') ? 0 : -1;
}

// The name of a member and its colon.
static bool name_take(struct bytes *text, struct bytes *ret_name)
{
    return string_take(text, ret_name) && take(text, ':');
}

// Passes over a whole value. A bit of `objects` says of each container that is open whether it is one.
static bool value_skip(struct bytes *text)
{
    uint64_t objects = 0;
    unsigned depth = 0;
    struct bytes name;
    do {
        struct member value = value_begin(text);
        bool object = value.kind == MEMBER_OBJECT;
        if (value.kind == MEMBER_NONE)
            return false;
        if (object || value.kind == MEMBER_ARRAY) {
            if (depth++ == MEMBER_DEPTH_MAX)
                return false;
            objects = objects << 1 | (object ? 1 : 0);
            (void)bytes_u8(text);
            if (!take(text, object ? '}' : ']')) {
                if (object && !name_take(text, &name))
                    return false;
                continue;
            }
            depth--;
            objects >>= 1;
        }
        int more = 0;
        while (depth > 0 && (more = further(text, (objects & 1) != 0)) == 0) {
            depth--;
            objects >>= 1;
        }
        if (more < 0 || (more > 0 && (objects & 1) != 0 && !name_take(text, &name)))
            return false;
    } while (depth > 0);
    return true;
}

// Goes to the value of that name in the object that begins here.
static bool name_find(struct bytes *text, const char *name, size_t length)
{
    struct bytes found;
    if (!take(text, '{'))
        return false;
    do {
        if (!name_take(text, &found))
            return false;
        if (found.length == length && memcmp(found.data, name, length) == 0)
            return true;
    } while (value_skip(text) && further(text, true) == 1);
    return false;
}

struct member member_find(struct bytes text, const char *path)
{
    while (*path != '\0') {
        size_t length = strcspn(path, ".");
        if (!name_find(&text, path, length))
            return (struct member){.kind = MEMBER_NONE};
        path += length + (path[length] == '.' ? 1 : 0);
    }
    return value_begin(&text);
}

static uint32_t hex4(struct bytes *text)
{
    uint32_t value = 0;
    for (int digit = 0; digit < 4; digit++) {
        uint8_t octet = bytes_u8(text);
        value = value << 4 | (uint32_t)(octet <= '9' ? octet - '0' : (octet | 0x20) - 'a' + 10);
    }
    return value;
}

// The character of an escape, behind its backslash; of two surrogates, the one that they stand for together.
static uint32_t escape_read(struct bytes *text)
{
    static const char written[] = "bfnrt";
    static const char meant[] = "\b\f\n\r\t";
    uint8_t octet = bytes_u8(text);
    const char *at = octet == '\0' ? NULL : strchr(written, octet);
    if (at != NULL)
        return (uint32_t)meant[at - written];
    if (octet != 'u')
        return octet;
    uint32_t first = hex4(text);
    if (first < 0xd800 || first > 0xdfff)
        return first;
    struct bytes ahead = *text;
    if (first > 0xdbff || bytes_u8(&ahead) != '\\' || bytes_u8(&ahead) != 'u')
        return REPLACEMENT;
    uint32_t second = hex4(&ahead);
    if (second < 0xdc00 || second > 0xdfff)
        return REPLACEMENT;
    *text = ahead;
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

static size_t utf8_put(uint32_t code, char ret[static 4])
{
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t at = length - 1; at > 0; at--) {
        ret[at] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    ret[0] = (char)(lead[length] | code);
    return length;
}

size_t member_text(const struct member *value, char *ret_text, size_t size, bool *ret_cut)
{
    struct bytes text = value->text;
    size_t length = 0;
    *ret_cut = false;
    while (value->kind == MEMBER_STRING && text.length > 0) {
        char character[4];
        size_t bytes = 1;
        character[0] = (char)bytes_u8(&text);
        if (character[0] == '\\')
            bytes = utf8_put(escape_read(&text), character);
        else
            for (; bytes < sizeof(character) && text.length > 0 && (text.data[0] & 0xc0) == 0x80; bytes++)
                character[bytes] = (char)bytes_u8(&text);
        if (length + bytes > size) {
            *ret_cut = true;
            break;
        }
        memcpy(ret_text + length, character, bytes);
        length += bytes;
    }
    return length;
}

bool member_is(const struct member *value, const char *word)
{
    return value->kind == MEMBER_STRING && value->text.length == strlen(word) &&
           memcmp(value->text.data, word, value->text.length) == 0;
}
