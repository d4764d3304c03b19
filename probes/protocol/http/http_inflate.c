// SPDX-License-Identifier: BSD-3-Clause
#define ZLIB_CONST
#include "probes/protocol/http/http_inflate.h"

#include <stdlib.h>
#include <zlib.h>

#include "probes/memory.h"

enum { PIECE = 1024, GZIP_BITS = 16 };

struct http_inflater {
    z_stream stream;
};

static void *zlib_take(void *context, unsigned int items, unsigned int bytes)
{
    (void)context;
    return memory_change(NULL, (size_t)items * bytes);
}

static void zlib_give(void *context, void *memory)
{
    (void)context;
    memory_give(memory);
}

struct http_inflater *http_inflater_new(enum http_inflate_format format)
{
    struct http_inflater *inflater = memory_change(NULL, sizeof(*inflater));
    if (inflater == NULL)
        return NULL;
    inflater->stream = (z_stream){.zalloc = zlib_take, .zfree = zlib_give};
    int bits = format == HTTP_INFLATE_RAW ? -MAX_WBITS : MAX_WBITS + (format == HTTP_INFLATE_GZIP ? GZIP_BITS : 0);
    if (inflateInit2(&inflater->stream, bits) != Z_OK) {
        memory_give(inflater);
        return NULL;
    }
    return inflater;
}

void http_inflater_free(struct http_inflater *inflater)
{
    if (inflater == NULL)
        return;
    (void)inflateEnd(&inflater->stream);
    memory_give(inflater);
}

enum http_inflate_status http_inflate(struct http_inflater *inflater, const uint8_t *data, size_t length,
                                      http_inflate_take *take, void *context)
{
    z_stream *stream = &inflater->stream;
    stream->next_in = data;
    stream->avail_in = (unsigned int)length;
    for (;;) {
        uint8_t piece[PIECE];
        stream->next_out = piece;
        stream->avail_out = sizeof(piece);
        int status = inflate(stream, Z_NO_FLUSH);
        size_t unpacked = sizeof(piece) - stream->avail_out;
        if (status == Z_MEM_ERROR)
            return HTTP_INFLATE_FAILED;
        if (unpacked > 0 && !take(context, piece, unpacked))
            return HTTP_INFLATE_END;
        if (status == Z_BUF_ERROR || (status == Z_OK && stream->avail_out > 0))
            return HTTP_INFLATE_MORE; // all that came is unpacked
        if (status != Z_OK)
            return HTTP_INFLATE_END;
    }
}
