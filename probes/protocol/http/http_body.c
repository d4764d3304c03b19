// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http_body.h"

static int hex_value(uint8_t octet)
{
    if (octet >= '0' && octet <= '9')
        return octet - '0';
    octet |= 0x20;
    return octet >= 'a' && octet <= 'f' ? octet - 'a' + 10 : -1;
}

// RFC 9112 section 7.1. True when the byte is content.
static bool chunk_step(struct http_body *body, uint8_t octet)
{
    switch (body->chunk) {
    case HTTP_CHUNK_SIZE:
        if (hex_value(octet) >= 0 && body->left < UINT32_MAX) {
            body->left = body->left * 16 + (uint64_t)hex_value(octet);
            return false;
        }
        body->chunk = HTTP_CHUNK_EXTENSION;
        // fall through
    case HTTP_CHUNK_EXTENSION:
        if (octet == '\n') {
            body->chunk = body->left == 0 ? HTTP_CHUNK_LAST : HTTP_CHUNK_DATA;
            body->ended = body->left == 0;
        }
        return false;
    case HTTP_CHUNK_DATA:
        body->chunk = --body->left == 0 ? HTTP_CHUNK_END : HTTP_CHUNK_DATA;
        return true;
    case HTTP_CHUNK_END:
        body->chunk = octet == '\n' ? HTTP_CHUNK_SIZE : HTTP_CHUNK_END;
        return false;
    case HTTP_CHUNK_LAST:
        break;
    }
    return false;
}

void http_body_read(struct http_body *body, struct bytes *input)
{
    while (!body->ended && input->length > 0) {
        uint8_t octet = bytes_u8(input);
        bool content = true;
        if (body->chunked)
            content = chunk_step(body, octet);
        else if (body->bounded)
            body->ended = --body->left == 0;
        if (content)
            http_title_read(&body->title, octet);
        if (++body->seen >= HTTP_BODY_MAX || body->title.found)
            body->ended = true;
    }
}
