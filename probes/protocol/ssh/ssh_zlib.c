// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_zlib.h"

#include <errno.h>
#include <zlib.h>

#include "probes/memory.h"

// The smallest window and tables: what we say fits into them ten times, and a deflating stream is 260 KB otherwise.
enum { WINDOW_BITS = 9, MEMORY_LEVEL = 1, PIECE_BYTES = 4096 };

struct ssh_zlib {
    z_stream stream;
    size_t made;
    bool deflates;
};

static void *stream_take(void *opaque, unsigned int count, unsigned int bytes)
{
    (void)opaque;
    return memory_change(NULL, (size_t)count * bytes);
}

static void stream_give(void *opaque, void *memory)
{
    (void)opaque;
    memory_give(memory);
}

struct ssh_zlib *ssh_zlib_new(bool deflates)
{
    struct ssh_zlib *zlib = memory_change(NULL, sizeof(*zlib));
    if (zlib == NULL)
        return NULL;
    *zlib = (struct ssh_zlib){.stream = {.zalloc = stream_take, .zfree = stream_give}, .deflates = deflates};
    int status =
        deflates ? deflateInit2(&zlib->stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY)
                 : inflateInit(&zlib->stream);
    if (status == Z_OK)
        return zlib;
    memory_give(zlib);
    return NULL;
}

void ssh_zlib_free(struct ssh_zlib *zlib)
{
    if (zlib == NULL)
        return;
    if (zlib->deflates)
        (void)deflateEnd(&zlib->stream);
    else
        (void)inflateEnd(&zlib->stream);
    memory_give(zlib);
}

int ssh_zlib_run(struct ssh_zlib *zlib, const struct buffer *payload, bool cut, struct buffer *ret_other)
{
    uint8_t piece[PIECE_BYTES];
    z_stream *stream = &zlib->stream;
    if (cut)
        return -EBADMSG;
    // zlib only reads it, but says so only when asked at compile time.
    stream->next_in = payload->length == 0 ? piece : payload->data + payload->start;
    stream->avail_in = (unsigned int)payload->length;
    do {
        stream->next_out = piece;
        stream->avail_out = sizeof(piece);
        int status = zlib->deflates ? deflate(stream, Z_PARTIAL_FLUSH) : inflate(stream, Z_SYNC_FLUSH);
        size_t made = sizeof(piece) - stream->avail_out;
        zlib->made += made;
        if ((status != Z_OK && status != Z_BUF_ERROR) || (!zlib->deflates && zlib->made > SSH_INFLATED_MAX))
            return status == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
        buffer_put(ret_other, piece, made);
    } while (stream->avail_out == 0);
    return ret_other->failed ? -ENOMEM : 0;
}
