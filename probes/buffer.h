// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Bytes that wait: appended at the end, dropped from the front, without memory when empty. The writer of everything
// sent, too: a failed allocation latches `failed` and later writes do nothing, so a message is written whole and asked
// once.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *data;
    size_t start; // of the bytes that wait
    size_t length;
    size_t capacity;
    bool failed;
};

// Releases the memory and makes the buffer all-empty.
void buffer_fini(struct buffer *buffer);

// The first byte that waits; NULL when there is none.
static inline const uint8_t *buffer_bytes(const struct buffer *buffer)
{
    return buffer->length == 0 ? NULL : buffer->data + buffer->start;
}

// Room for `length` more bytes at the end, already counted as waiting, to be filled by the caller. NULL (and failed)
// when out of memory.
uint8_t *buffer_extend(struct buffer *buffer, size_t length);

// Removes the first `length` bytes; all when there are fewer.
void buffer_drop(struct buffer *buffer, size_t length);

void buffer_put(struct buffer *buffer, const void *data, size_t length);
void buffer_put_u8(struct buffer *buffer, uint8_t value);
void buffer_put_u32(struct buffer *buffer, uint32_t value);

// RFC 4251 section 5: a string, and the non-negative number whose big-endian bytes are given.
void buffer_put_string(struct buffer *buffer, const void *data, size_t length);
void buffer_put_text(struct buffer *buffer, const char *text);
void buffer_put_mpint(struct buffer *buffer, const uint8_t *number, size_t length);
