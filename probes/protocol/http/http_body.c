// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http_body.h"

static int hex_value(uint8_t octet)
{
    if (octet >= '0' && octet <= '9')
        return octet - '0';
    octet |= 0x20;
    return octet >= 'a' && octet <= 'f' ? octet - 'a' + 10 : -1;
}

// RFC 9112 section 7.1: a byte between the pieces of content.
static void chunk_step(struct http_body *body, uint8_t octet)
{
    switch (body->chunk) {
    case HTTP_CHUNK_SIZE:
        if (hex_value(octet) >= 0 && body->left < UINT32_MAX) {
            body->left = body->left * 16 + (uint64_t)hex_value(octet);
            return;
        }
        body->chunk = HTTP_CHUNK_EXTENSION;
        // fall through
    case HTTP_CHUNK_EXTENSION:
        if (octet == '\n') {
            body->chunk = body->left == 0 ? HTTP_CHUNK_LAST : HTTP_CHUNK_DATA;
            body->ended = body->left == 0;
        }
        return;
    case HTTP_CHUNK_END:
        body->chunk = octet == '\n' ? HTTP_CHUNK_SIZE : HTTP_CHUNK_END;
        return;
    case HTTP_CHUNK_DATA:
    case HTTP_CHUNK_LAST:
        return;
    }
}

// How many bytes of content the input begins with.
static size_t content_run(const struct http_body *body, const struct bytes *input)
{
    size_t run = input->length < HTTP_BODY_MAX - body->seen ? input->length : HTTP_BODY_MAX - body->seen;
    if (body->chunked && body->chunk != HTTP_CHUNK_DATA)
        return 0;
    return (body->chunked || body->bounded) && body->left < run ? (size_t)body->left : run;
}

static bool content_read(struct http_body *body, struct http_page *page, struct bytes *input, size_t run)
{
    const uint8_t *content = bytes_take(input, run);
    body->seen += (uint32_t)run;
    if (body->chunked || body->bounded)
        body->left -= run;
    if (body->chunked && body->left == 0)
        body->chunk = HTTP_CHUNK_END;
    body->ended = !body->chunked && body->bounded && body->left == 0;
    return http_page_read(page, content, run);
}

bool http_body_read(struct http_body *body, struct http_page *page, struct bytes *input)
{
    while (!body->ended && input->length > 0) {
        size_t run = content_run(body, input);
        if (run > 0 && !content_read(body, page, input, run))
            return false;
        if (run == 0) {
            chunk_step(body, bytes_u8(input));
            body->seen++;
        }
        if (body->seen >= HTTP_BODY_MAX || page->done)
            body->ended = true;
    }
    return true;
}
