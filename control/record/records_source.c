// SPDX-License-Identifier: BSD-3-Clause
#include "control/record/records_source.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

enum { PACKED_BYTES = 256 << 10, GZIP_BITS = 15 + 16, MAGIC_BYTES = 4 };

struct records_source {
    int fd;
    enum records_packing packing;
    bool between; // members or frames: the end of the file may be here
    z_stream gzip;
    ZSTD_DStream *zstd;
    size_t at; // of packed
    size_t length;
    uint8_t packed[PACKED_BYTES];
};

static ssize_t read_whole(int fd, void *bytes, size_t room)
{
    ssize_t got;
    do
        got = read(fd, bytes, room);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static enum records_packing packing_of(const uint8_t *bytes, size_t length)
{
    static const uint8_t gzip[] = {0x1f, 0x8b};
    static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    if (length >= sizeof(gzip) && memcmp(bytes, gzip, sizeof(gzip)) == 0)
        return RECORDS_GZIP;
    return length >= sizeof(zstd) && memcmp(bytes, zstd, sizeof(zstd)) == 0 ? RECORDS_ZSTD : RECORDS_PLAIN;
}

int records_packing_find(int fd, enum records_packing *ret_packing)
{
    uint8_t bytes[MAGIC_BYTES];
    ssize_t got = pread(fd, bytes, sizeof(bytes), 0);
    if (got < 0)
        return -errno;
    *ret_packing = packing_of(bytes, (size_t)got);
    return 0;
}

static int packing_begin(struct records_source *source)
{
    // A pipe may give less than the bytes by which a packing is known.
    while (source->length < MAGIC_BYTES) {
        ssize_t got = read_whole(source->fd, source->packed + source->length, PACKED_BYTES - source->length);
        if (got < 0)
            return (int)got;
        if (got == 0)
            break;
        source->length += (size_t)got;
    }
    source->packing = packing_of(source->packed, source->length);
    source->between = true;
    if (source->packing == RECORDS_GZIP)
        return inflateInit2(&source->gzip, GZIP_BITS) == Z_OK ? 0 : -ENOMEM;
    if (source->packing == RECORDS_ZSTD) {
        source->zstd = ZSTD_createDStream();
        return source->zstd != NULL ? 0 : -ENOMEM;
    }
    return 0;
}

struct records_source *records_source_new(int fd)
{
    struct records_source *source = calloc(1, sizeof(*source));
    if (source == NULL) {
        (void)close(fd);
        errno = ENOMEM;
        return NULL;
    }
    source->fd = fd;
    int error = packing_begin(source);
    if (error == 0)
        return source;
    records_source_free(source);
    errno = -error;
    return NULL;
}

void records_source_free(struct records_source *source)
{
    if (source == NULL)
        return;
    if (source->packing == RECORDS_GZIP)
        (void)inflateEnd(&source->gzip);
    (void)ZSTD_freeDStream(source->zstd);
    (void)close(source->fd);
    free(source);
}

// More packed bytes when there are none left. Their number, 0 at the end of the file, or -errno.
static ssize_t packed_fill(struct records_source *source)
{
    if (source->at < source->length)
        return (ssize_t)(source->length - source->at);
    ssize_t got = read_whole(source->fd, source->packed, PACKED_BYTES);
    source->at = 0;
    source->length = got > 0 ? (size_t)got : 0;
    return got;
}

static ssize_t plain_read(struct records_source *source, void *bytes, size_t room)
{
    size_t left = source->length - source->at;
    if (left == 0)
        return read_whole(source->fd, bytes, room);
    left = left < room ? left : room;
    memcpy(bytes, source->packed + source->at, left);
    source->at += left;
    return (ssize_t)left;
}

static ssize_t gzip_read(struct records_source *source, void *bytes, size_t room)
{
    z_stream *gzip = &source->gzip;
    gzip->next_out = bytes;
    gzip->avail_out = (uInt)(room < UINT32_MAX ? room : UINT32_MAX);
    uInt asked = gzip->avail_out;
    while (gzip->avail_out == asked) {
        ssize_t left = packed_fill(source);
        if (left <= 0)
            return left < 0 || source->between ? left : -EBADMSG;
        gzip->next_in = source->packed + source->at;
        gzip->avail_in = (uInt)left;
        source->between = false;
        int status = inflate(gzip, Z_NO_FLUSH);
        source->at += (size_t)left - gzip->avail_in;
        if (status == Z_STREAM_END) {
            source->between = true;
            status = inflateReset(gzip);
        }
        if (status != Z_OK && status != Z_BUF_ERROR)
            return gzip->avail_out < asked ? (ssize_t)(asked - gzip->avail_out) : -EBADMSG;
    }
    return (ssize_t)(asked - gzip->avail_out);
}

static ssize_t zstd_read(struct records_source *source, void *bytes, size_t room)
{
    ZSTD_outBuffer out = {.dst = bytes, .size = room};
    while (out.pos == 0) {
        ssize_t left = packed_fill(source);
        if (left <= 0)
            return left < 0 || source->between ? left : -EBADMSG;
        ZSTD_inBuffer in = {.src = source->packed + source->at, .size = (size_t)left};
        size_t status = ZSTD_decompressStream(source->zstd, &out, &in);
        source->at += in.pos;
        if (ZSTD_isError(status) != 0)
            return out.pos > 0 ? (ssize_t)out.pos : -EBADMSG;
        source->between = status == 0;
    }
    return (ssize_t)out.pos;
}

ssize_t records_source_read(struct records_source *source, void *bytes, size_t room)
{
    switch (source->packing) {
    case RECORDS_GZIP:
        return gzip_read(source, bytes, room);
    case RECORDS_ZSTD:
        return zstd_read(source, bytes, room);
    case RECORDS_PLAIN:
        break;
    }
    return plain_read(source, bytes, room);
}
