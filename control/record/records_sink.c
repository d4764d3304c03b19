// SPDX-License-Identifier: BSD-3-Clause
#include "control/record/records_sink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

enum { PACKED_BYTES = 256 << 10, STREAM_BYTES = 256 << 10, GZIP_BITS = 15 + 16, GZIP_MEMORY = 8 };

struct sink {
    int fd;
    enum records_packing packing;
    int error; // the first, as errno
    z_stream gzip;
    ZSTD_CStream *zstd;
    uint8_t packed[PACKED_BYTES];
};

static bool bytes_write(struct sink *sink, const void *bytes, size_t length)
{
    for (size_t done = 0; done < length && sink->error == 0;) {
        ssize_t wrote = write(sink->fd, (const char *)bytes + done, length - done);
        if (wrote < 0 && errno != EINTR)
            sink->error = errno;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return sink->error == 0;
}

static bool gzip_write(struct sink *sink, const void *bytes, size_t length, bool end)
{
    z_stream *gzip = &sink->gzip;
    int status = Z_OK;
    gzip->next_in = (Bytef *)(uintptr_t)bytes;
    gzip->avail_in = (uInt)length;
    do {
        gzip->next_out = sink->packed;
        gzip->avail_out = PACKED_BYTES;
        status = deflate(gzip, end ? Z_FINISH : Z_NO_FLUSH);
        if (!bytes_write(sink, sink->packed, PACKED_BYTES - gzip->avail_out))
            return false;
    } while (gzip->avail_out == 0 || (end && status == Z_OK));
    return true;
}

static bool zstd_write(struct sink *sink, const void *bytes, size_t length, bool end)
{
    ZSTD_inBuffer in = {.src = bytes, .size = length};
    size_t left;
    do {
        ZSTD_outBuffer out = {.dst = sink->packed, .size = PACKED_BYTES};
        left = ZSTD_compressStream2(sink->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left) != 0)
            sink->error = EIO;
        if (sink->error != 0 || !bytes_write(sink, sink->packed, out.pos))
            return false;
    } while (in.pos < in.size || (end && left > 0));
    return true;
}

static bool sink_put(struct sink *sink, const void *bytes, size_t length, bool end)
{
    switch (sink->packing) {
    case RECORDS_GZIP:
        return gzip_write(sink, bytes, length, end);
    case RECORDS_ZSTD:
        return zstd_write(sink, bytes, length, end);
    case RECORDS_PLAIN:
        break;
    }
    return bytes_write(sink, bytes, length);
}

// As fopencookie(3) asks: nothing was taken on an error.
static ssize_t cookie_write(void *cookie, const char *bytes, size_t length)
{
    struct sink *sink = cookie;
    if (sink->error == 0 && sink_put(sink, bytes, length, false))
        return (ssize_t)length;
    errno = sink->error;
    return 0;
}

static void sink_free(struct sink *sink)
{
    if (sink->packing == RECORDS_GZIP)
        (void)deflateEnd(&sink->gzip);
    (void)ZSTD_freeCStream(sink->zstd);
    free(sink);
}

static int cookie_close(void *cookie)
{
    struct sink *sink = cookie;
    bool good = sink->error == 0 && sink_put(sink, "", 0, true);
    if (good && fsync(sink->fd) != 0)
        sink->error = errno;
    if (close(sink->fd) != 0 && sink->error == 0)
        sink->error = errno;
    int error = sink->error;
    sink_free(sink);
    errno = error;
    return error == 0 ? 0 : EOF;
}

static int packing_begin(struct sink *sink)
{
    if (sink->packing == RECORDS_GZIP)
        return deflateInit2(&sink->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_BITS, GZIP_MEMORY,
                            Z_DEFAULT_STRATEGY) == Z_OK
                   ? 0
                   : -ENOMEM;
    if (sink->packing == RECORDS_ZSTD) {
        sink->zstd = ZSTD_createCStream();
        return sink->zstd != NULL ? 0 : -ENOMEM;
    }
    return 0;
}

FILE *records_sink_open(int fd, enum records_packing packing)
{
    static const cookie_io_functions_t functions = {.write = cookie_write, .close = cookie_close};
    struct sink *sink = calloc(1, sizeof(*sink));
    FILE *stream = NULL;
    if (sink != NULL) {
        *sink = (struct sink){.fd = fd, .packing = packing};
        if (packing_begin(sink) == 0)
            stream = fopencookie(sink, "w", functions);
        if (stream == NULL)
            sink_free(sink);
    }
    if (stream == NULL) {
        (void)close(fd);
        errno = ENOMEM;
        return NULL;
    }
    (void)setvbuf(stream, NULL, _IOFBF, STREAM_BYTES);
    return stream;
}
