// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/ber.h"

// Lengths below 128 are one byte; of others that byte says how many follow, of which we read four.
static enum ber_found length_take(struct bytes *input, size_t *ret_length)
{
    uint8_t first = bytes_u8(input);
    if (input->failed)
        return BER_SHORT;
    if (first < 0x80) {
        *ret_length = first;
        return BER_WHOLE;
    }
    size_t count = first & 0x7f;
    size_t length = 0;
    if (count == 0 || count > 4)
        return BER_WRONG;
    for (size_t i = 0; i < count; i++)
        length = length << 8 | bytes_u8(input);
    if (input->failed)
        return BER_SHORT;
    *ret_length = length;
    return length <= BER_CONTENT_MAX ? BER_WHOLE : BER_WRONG;
}

enum ber_found ber_take(struct bytes *input, struct ber *ret_element)
{
    struct bytes rest = *input;
    size_t length = 0;
    uint8_t tag = bytes_u8(&rest);
    if (rest.failed)
        return BER_SHORT;
    if ((tag & 0x1f) == 0x1f)
        return BER_WRONG;
    enum ber_found found = length_take(&rest, &length);
    if (found != BER_WHOLE)
        return found;
    ret_element->length = length;
    struct bytes content = bytes_slice(&rest, length);
    if (content.failed)
        return BER_SHORT;
    *ret_element = (struct ber){.tag = tag, .content = content, .length = length};
    *input = rest;
    return BER_WHOLE;
}

struct bytes ber_content(struct bytes *input, uint8_t tag)
{
    struct ber element = {0};
    if (input->failed || ber_take(input, &element) != BER_WHOLE || element.tag != tag)
        return (struct bytes){.failed = true};
    return element.content;
}

int64_t ber_number(struct bytes content)
{
    int64_t number = 0;
    if (content.failed || content.length == 0 || content.length > 4)
        return -1;
    while (content.length > 0)
        number = number << 8 | bytes_u8(&content);
    return number;
}

void ber_put(struct buffer *buffer, uint8_t tag, const void *content, size_t length)
{
    buffer_put_u8(buffer, tag);
    if (length > UINT8_MAX) {
        buffer_put_u8(buffer, 0x82);
        buffer_put_u8(buffer, (uint8_t)(length >> 8));
    } else if (length > 0x7f) {
        buffer_put_u8(buffer, 0x81);
    }
    buffer_put_u8(buffer, (uint8_t)length);
    buffer_put(buffer, content, length);
}
