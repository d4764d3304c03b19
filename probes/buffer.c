// SPDX-License-Identifier: BSD-3-Clause
#include "probes/buffer.h"

#include <string.h>

#include "probes/memory.h"

enum { BUFFER_FIRST = 256 };

void buffer_fini(struct buffer *buffer)
{
    memory_give(buffer->data);
    *buffer = (struct buffer){0};
}

uint8_t *buffer_extend(struct buffer *buffer, size_t length)
{
    if (buffer->failed || length > SIZE_MAX / 4 - buffer->length) {
        buffer->failed = true;
        return NULL;
    }
    if (buffer->capacity - buffer->start - buffer->length < length) {
        if (buffer->start > 0) {
            memmove(buffer->data, buffer->data + buffer->start, buffer->length);
            buffer->start = 0;
        }
        size_t capacity = buffer->capacity < BUFFER_FIRST ? BUFFER_FIRST : buffer->capacity;
        while (capacity - buffer->length < length)
            capacity *= 2;
        if (capacity != buffer->capacity) {
            uint8_t *data = memory_change(buffer->data, capacity);
            if (data == NULL) {
                buffer->failed = true;
                return NULL;
            }
            buffer->data = data;
            buffer->capacity = capacity;
        }
    }
    uint8_t *room = buffer->data + buffer->start + buffer->length;
    buffer->length += length;
    return room;
}

void buffer_drop(struct buffer *buffer, size_t length)
{
    if (length < buffer->length) {
        buffer->start += length;
        buffer->length -= length;
        return;
    }
    // An idle flow keeps no memory for bytes that are gone.
    bool failed = buffer->failed;
    buffer_fini(buffer);
    buffer->failed = failed;
}

void buffer_put(struct buffer *buffer, const void *data, size_t length)
{
    if (length == 0)
        return;
    uint8_t *room = buffer_extend(buffer, length);
    if (room != NULL)
        memcpy(room, data, length);
}

void buffer_put_u8(struct buffer *buffer, uint8_t value)
{
    buffer_put(buffer, &value, 1);
}

void buffer_put_u32(struct buffer *buffer, uint32_t value)
{
    uint8_t octets[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    buffer_put(buffer, octets, sizeof(octets));
}

void buffer_put_string(struct buffer *buffer, const void *data, size_t length)
{
    if (length > UINT32_MAX) {
        buffer->failed = true;
        return;
    }
    buffer_put_u32(buffer, (uint32_t)length);
    buffer_put(buffer, data, length);
}

void buffer_put_text(struct buffer *buffer, const char *text)
{
    buffer_put_string(buffer, text, strlen(text));
}

void buffer_put_mpint(struct buffer *buffer, const uint8_t *number, size_t length)
{
    while (length > 0 && number[0] == 0) {
        number++;
        length--;
    }
    bool sign_octet = length > 0 && (number[0] & 0x80) != 0;
    if (length >= UINT32_MAX) {
        buffer->failed = true;
        return;
    }
    buffer_put_u32(buffer, (uint32_t)length + (sign_octet ? 1 : 0));
    if (sign_octet)
        buffer_put_u8(buffer, 0);
    buffer_put(buffer, number, length);
}
