// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/tag.h"

#include <string.h>

static bool is_space(uint8_t octet)
{
    return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

// Where the tag that begins with `<` at `begin` ends: at the first `>` that no attribute's value holds. 0 for nowhere.
static size_t tag_end(const uint8_t *data, size_t begin, size_t length)
{
    uint8_t quote = 0;
    for (size_t at = begin + 1; at < length; at++) {
        if (quote == 0 && data[at] == '>')
            return at;
        if (quote == 0 && (data[at] == '"' || data[at] == '\''))
            quote = data[at];
        else if (data[at] == quote)
            quote = 0;
    }
    return 0;
}

static void trim(struct bytes *text)
{
    while (text->length > 0 && is_space(text->data[0]))
        (void)bytes_u8(text);
    while (text->length > 0 && is_space(text->data[text->length - 1]))
        text->length--;
}

// What stands between `<` and `>`.
static bool tag_read(struct bytes inside, struct tag *ret_tag)
{
    if (inside.length > 0 && inside.data[0] == '/') {
        ret_tag->ends = true;
        (void)bytes_u8(&inside);
    } else if (inside.length > 0 && inside.data[inside.length - 1] == '/') {
        ret_tag->empty = true;
        inside.length--;
    }
    size_t length = 0;
    while (length < inside.length && !is_space(inside.data[length]))
        length++;
    ret_tag->name = bytes_slice(&inside, length);
    trim(&inside);
    ret_tag->attributes = inside;
    return length > 0;
}

enum tag_status tag_take(struct bytes *input, struct tag *ret_tag)
{
    size_t looked = input->length < TAG_BYTES_MAX ? input->length : TAG_BYTES_MAX;
    const uint8_t *begin = looked == 0 ? NULL : memchr(input->data, '<', looked);
    size_t at = begin == NULL ? 0 : (size_t)(begin - input->data);
    size_t end = begin == NULL ? 0 : tag_end(input->data, at, looked);
    if (end == 0)
        return looked < TAG_BYTES_MAX ? TAG_WAIT : TAG_NONE;
    *ret_tag = (struct tag){.text = bytes_of(input->data, at)};
    if (!tag_read(bytes_of(input->data + at + 1, end - at - 1), ret_tag))
        return TAG_NONE;
    (void)bytes_take(input, end + 1);
    return TAG_TAKEN;
}

struct bytes tag_attribute(const struct tag *tag, const char *name)
{
    struct bytes rest = tag->attributes;
    struct bytes none = {.failed = true};
    for (;;) {
        size_t length = 0;
        trim(&rest);
        while (length < rest.length && rest.data[length] != '=' && !is_space(rest.data[length]))
            length++;
        struct bytes found = bytes_slice(&rest, length);
        trim(&rest);
        if (length == 0 || bytes_u8(&rest) != '=')
            return none;
        trim(&rest);
        uint8_t quote = bytes_u8(&rest);
        const uint8_t *end =
            rest.length == 0 || (quote != '"' && quote != '\'') ? NULL : memchr(rest.data, quote, rest.length);
        if (end == NULL)
            return none;
        struct bytes value = bytes_slice(&rest, (size_t)(end - rest.data));
        (void)bytes_u8(&rest);
        if (found.length == strlen(name) && memcmp(found.data, name, found.length) == 0)
            return value;
    }
}

bool tag_is(const struct tag *tag, const char *name)
{
    return tag->name.length == strlen(name) && memcmp(tag->name.data, name, tag->name.length) == 0;
}
