// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The bounded reader through which every byte from the network passes. A read past the end returns zeros and latches
// `failed`; so a parser reads a whole structure and asks once. No allocation; any thread, one reader each.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *data;
    size_t length; // bytes that remain
    bool failed;   // something was read that was not there
};

static inline struct bytes bytes_of(const void *data, size_t length)
{
    return (struct bytes){.data = (const uint8_t *)data, .length = length, .failed = false};
}

// The next `length` bytes, or NULL (and failed) when fewer remain; NULL too for none of a reader over NULL.
static inline const uint8_t *bytes_take(struct bytes *bytes, size_t length)
{
    if (bytes->failed || bytes->length < length) {
        bytes->failed = true;
        return NULL;
    }
    const uint8_t *taken = bytes->data;
    if (length > 0)
        bytes->data += length; // to add 0 to NULL is undefined
    bytes->length -= length;
    return taken;
}

static inline uint8_t bytes_u8(struct bytes *bytes)
{
    const uint8_t *at = bytes_take(bytes, 1);
    return at == NULL ? 0 : at[0];
}

static inline uint16_t bytes_u16(struct bytes *bytes)
{
    const uint8_t *at = bytes_take(bytes, 2);
    return at == NULL ? 0 : (uint16_t)((uint32_t)at[0] << 8 | at[1]);
}

static inline uint32_t bytes_u24(struct bytes *bytes)
{
    const uint8_t *at = bytes_take(bytes, 3);
    return at == NULL ? 0 : (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static inline uint32_t bytes_u32(struct bytes *bytes)
{
    const uint8_t *at = bytes_take(bytes, 4);
    return at == NULL ? 0 : (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

// The same for protocols that are little-endian.
static inline uint16_t bytes_u16le(struct bytes *bytes)
{
    const uint8_t *at = bytes_take(bytes, 2);
    return at == NULL ? 0 : (uint16_t)((uint32_t)at[1] << 8 | at[0]);
}

static inline uint32_t bytes_u24le(struct bytes *bytes)
{
    const uint8_t *at = bytes_take(bytes, 3);
    return at == NULL ? 0 : (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static inline uint32_t bytes_u32le(struct bytes *bytes)
{
    const uint8_t *at = bytes_take(bytes, 4);
    return at == NULL ? 0 : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static inline uint64_t bytes_u64le(struct bytes *bytes)
{
    uint64_t low = bytes_u32le(bytes);
    return (uint64_t)bytes_u32le(bytes) << 32 | low;
}

// The bytes before the next NUL, which is taken too; a failed reader when there is none.
static inline struct bytes bytes_z(struct bytes *bytes)
{
    const uint8_t *nul = bytes->failed || bytes->length == 0 ? NULL : memchr(bytes->data, 0, bytes->length);
    if (nul == NULL) {
        bytes->failed = true;
        return (struct bytes){.failed = true};
    }
    struct bytes text = bytes_of(bytes->data, (size_t)(nul - bytes->data));
    (void)bytes_take(bytes, text.length + 1);
    return text;
}

// A reader over the next `length` bytes; a failed one when they are not there.
static inline struct bytes bytes_slice(struct bytes *bytes, size_t length)
{
    const uint8_t *at = bytes_take(bytes, length);
    struct bytes slice = bytes_of(at, at == NULL ? 0 : length);
    slice.failed = bytes->failed;
    return slice;
}
