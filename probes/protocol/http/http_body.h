// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to http: the framing of an answer's body (RFC 9112 section 6), from which its page is read as far as need be.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/bytes.h"
#include "probes/protocol/http/http_page.h"

enum { HTTP_BODY_MAX = 64 << 10 };

enum http_chunk { HTTP_CHUNK_SIZE = 0, HTTP_CHUNK_EXTENSION, HTTP_CHUNK_DATA, HTTP_CHUNK_END, HTTP_CHUNK_LAST };

struct http_body {
    uint64_t left;         // of the body, or of the chunk
    uint32_t seen;         // bytes of content and of framing so far
    enum http_chunk chunk; // where in a chunked body
    bool chunked;
    bool bounded; // `left` counts; else the body ends with the connection
    bool ended;
};

// Reads on until the input or the body ends, the limit is reached or the page needs no more (`ended`). False when out
// of memory.
bool http_body_read(struct http_body *body, struct http_page *page, struct bytes *input);
