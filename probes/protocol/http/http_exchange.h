// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to http: one answer of HTTP/1.x (RFC 9112), from its status line to the end of what is looked at of its
// content. Bounded in bytes of header and of content, whatever comes; interim answers are passed over.

#include <stdbool.h>
#include <stdint.h>

#include "probes/protocol/http/http_body.h"
#include "probes/session/session.h"

enum http_phase { HTTP_STATUS = 0, HTTP_FIELDS, HTTP_BODY };

// Fields of an answer that one kind of server has, as bits.
enum http_mark { HTTP_MARK_CLICKHOUSE = 1, HTTP_MARK_CONSUL = 2, HTTP_MARK_ELASTIC = 4 };

// The mark of a field of that name; 0: none.
unsigned http_mark_of(struct bytes name);

// With `learnt` set and the rest zero, nothing has come. http_exchange_fini releases its page.
struct http_exchange {
    struct observation *learnt; // what the answer teaches: the session's own, or another
    enum http_phase phase;
    uint32_t header_bytes;
    uint32_t status; // of the answer that is being read; 0 until its line has come
    uint32_t keeps;  // bytes of the content that are kept as they are (http_page_kept), set first
    uint32_t marks;  // enum http_mark
    bool keeps_any;  // whatever it is; else of what says how long it is and is no HTML, or short
    bool skipping;   // the rest of a line that is too long
    bool interim;    // something else than the real answer has come
    bool over;       // the answer has ended, or what is looked at of it
    bool closes;     // the connection ends with this answer
    bool further;    // an answer has come before this one
    struct http_body body;
    struct http_page *page; // NULL until a status has come
};

void http_exchange_fini(struct http_exchange *exchange);

// Whether a stream begins with an answer of HTTP.
enum recognition http_recognise(const uint8_t *data, size_t length);

// Asks for `path`, of at most HTTP_PATH_MAX bytes. `last`: nothing more will be asked on the connection.
enum { HTTP_PATH_MAX = 128 };
struct session_result http_exchange_ask(struct session *self, const char *path, bool last);

// What that sends, as pieces of a table of what is said; connection is "close", or "keep-alive" where it is not the
// last.
#define HTTP_SAYS_GET(path, connection) SAY("GET " path), HTTP_SAYS_BEHIND_PATH(connection)
#define HTTP_SAYS_BEHIND_PATH(connection)                                                                              \
    SAY(" HTTP/1.1\r\nHost: "), SAY_ANY(259), SAY("\r\nUser-Agent: "), SAY_ANY(512),                                   \
        SAY("\r\nAccept: */*\r\nConnection: " connection "\r\n\r\n"), SAY_END

// Takes what has come. `learnt` becomes an observation of service "http" with the answer's part http, but for what is
// in the page (http_page_learn). Unless the answer is `over`, the result is what the session shall do next: what is no
// answer of HTTP is left in the input, and the result says whose it is, or that it is nobody's.
struct session_result http_exchange_bytes(struct session *self, struct http_exchange *exchange, struct bytes *input);

// Whether another answer may be awaited on the connection: this one has been read to its end. If so, nothing of the
// next one has come.
bool http_exchange_again(struct http_exchange *exchange);

// The connection has ended or fallen silent. True when what has come is an answer, if only its status line; then it is
// over, whole or not.
bool http_exchange_end(struct session *self, struct http_exchange *exchange, enum session_event event, bool *ret_whole);
