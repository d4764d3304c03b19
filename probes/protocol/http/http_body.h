// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to http: reads an answer's body byte by byte, as far as the title needs it.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/bytes.h"
#include "probes/protocol/http/http_title.h"

enum { HTTP_BODY_MAX = 64 << 10 };

enum http_chunk { HTTP_CHUNK_SIZE = 0, HTTP_CHUNK_EXTENSION, HTTP_CHUNK_DATA, HTTP_CHUNK_END, HTTP_CHUNK_LAST };

struct http_body {
    uint64_t left;         // of the body, or of the chunk
    uint32_t seen;         // bytes of content and of framing so far
    enum http_chunk chunk; // where in a chunked body
    bool chunked;
    bool bounded; // `left` counts; else the body ends with the connection
    bool ended;
    struct http_title title;
};

// Reads on until the input or the body ends or the limit is reached or the title is found
// and ends it (`ended`).
void http_body_read(struct http_body *body, struct bytes *input);
