// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to http: the content of an answer, from the bytes that its framing carries to the title of the page: content
// coding (RFC 9110 section 8.4), charset, tokenizer. Bounded in bytes read, bytes unpacked and memory, whatever comes.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/buffer.h"
#include "probes/bytes.h"
#include "probes/observation/observation.h"
#include "probes/protocol/http/http_charset.h"
#include "probes/protocol/http/http_title.h"

enum {
    HTTP_PAGE_MAX = 64 << 10, // bytes of a page that are looked at
    HTTP_PRESCAN_MAX = 1024,  // of which so many for what it is written in (HTML Standard, section 13.2.3.2)
    HTTP_REFUSAL_MAX = 1024,  // and so many for words that ask for TLS
    HTTP_KEPT_MAX = 16 << 10  // the most that http_page_begin keeps
};

enum http_coding {
    HTTP_CODING_NONE = 0,
    HTTP_CODING_GZIP,
    HTTP_CODING_DEFLATE, // in zlib's format, or bare as some servers send it
    HTTP_CODING_OTHER    // nothing that we read
};

struct http_inflater;

struct http_page {
    enum http_coding coding;
    enum http_charset charset;      // what a byte order mark says, or the Content-Type
    struct http_inflater *inflater; // NULL until the second byte of what is packed has come
    uint32_t read;                  // bytes of the page, unpacked
    bool done;                      // nothing more need be read
    bool titled;                    // it may have a title that we would find
    bool refusal;                   // it may say that the server wants TLS, in its first bytes
    uint32_t keeps;                 // so many of the first bytes are kept
    struct buffer kept;
    uint8_t begin[2]; // of what is packed
    uint8_t begin_length;
    uint8_t mark[3]; // held back while they may be a byte order mark
    uint8_t mark_length;
    uint8_t escape; // where in an escape sequence of ISO-2022-JP, and which set of it is in use
    uint8_t set;
    bool half; // of a unit of UTF-16
    uint8_t first;
    uint16_t surrogate; // the first of two, 0 for none
    struct http_title title;
};

// Nothing read yet. NULL without memory; free(NULL) legal. Heap, because most of a connection's time is spent before
// there is an answer.
struct http_page *http_page_new(void);
void http_page_free(struct http_page *page);

// One field of an answer: writes down what is kept of it, and notes the coding of the content.
void http_page_field(struct http_page *page, struct observation *observation, struct bytes name, struct bytes value);

// All fields have come. refusal: look for words that ask for TLS, too. keeps: so many of its first bytes are kept, up
// to HTTP_KEPT_MAX; of what may be HTML only with keeps_any. False when nothing can be learnt from the content.
bool http_page_begin(struct http_page *page, const struct http_observation *http, bool refusal, uint32_t keeps,
                     bool keeps_any);

// The first bytes of the content, unpacked, that were kept; valid as long as the page.
struct bytes http_page_kept(const struct http_page *page);

// Some of the content. False when out of memory.
bool http_page_read(struct http_page *page, const uint8_t *data, size_t length);

// Writes down the title, and that it asks for TLS. `whole`: the content has ended, and what was not said of the charset
// will not be said.
void http_page_learn(const struct http_page *page, const struct http_charsets *charsets, bool whole,
                     struct observation *observation);
