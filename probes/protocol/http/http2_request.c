// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http2_request.h"

#include <string.h>

#include "probes/protocol/http/http_exchange.h"
#include "probes/protocol/http/http_kept.h"
#include "probes/protocol/http/http_request.h"
#include "probes/session/env.h"

enum { USER_AGENT_MAX = 512 };

// The connection preface, with a SETTINGS frame that wants nothing pushed.
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\6\4\0\0\0\0\0\0\2\0\0\0\0"

// Literal fields that are not indexed, their names from the static table (RFC 7541 section 6.2.2 and appendix A).
#define METHOD_GET      "\x82"
#define PATH_ROOT       "\x84"
#define PATH            "\x04"
#define SCHEME_HTTP     "\x86"
#define SCHEME_HTTPS    "\x87"
#define AUTHORITY       "\x01"
#define USER_AGENT      "\x0f\x2b"
#define ACCEPT_ALL      "\x0f\x04\x03*/*"
#define ACKNOWLEDGEMENT "\0\0\0\4\1\0\0\0\0"
#define OPENS_AND_ENDS  "\1\5\0\0\0\1" // HEADERS of our stream, END_HEADERS and END_STREAM

const struct say http2_request_says[] = {
    SAY(PREFACE), SAY_END, SAY_ANY(3), SAY(OPENS_AND_ENDS METHOD_GET PATH_ROOT SCHEME_HTTP AUTHORITY), SAY_ANY(261),
    SAY(USER_AGENT), SAY_ANY(515), SAY(ACCEPT_ALL), SAY_END, SAY_ANY(3),
    SAY(OPENS_AND_ENDS METHOD_GET PATH_ROOT SCHEME_HTTPS AUTHORITY), SAY_ANY(261), SAY(USER_AGENT), SAY_ANY(515),
    SAY(ACCEPT_ALL), SAY_END,
    // Another path of the plan's: its length, the path, a scheme.
    SAY_ANY(3), SAY(OPENS_AND_ENDS METHOD_GET PATH), SAY_ANY(130), SAY(AUTHORITY), SAY_ANY(261), SAY(USER_AGENT),
    SAY_ANY(515), SAY(ACCEPT_ALL), SAY_END, SAY(ACKNOWLEDGEMENT), SAY_END, SAYS_END};

#define PUT(buffer, literal) buffer_put((buffer), (literal), sizeof(literal) - 1)

// A text behind its length (RFC 7541 sections 5.1 and 5.2), as it is.
static void text_put(struct buffer *buffer, const char *text, size_t length)
{
    enum { PREFIX_FULL = 127, MORE = 128 };
    buffer_put_u8(buffer, (uint8_t)(length < PREFIX_FULL ? length : PREFIX_FULL));
    if (length >= PREFIX_FULL) {
        size_t rest = length - PREFIX_FULL;
        for (; rest >= MORE; rest /= MORE)
            buffer_put_u8(buffer, (uint8_t)(rest % MORE + MORE));
        buffer_put_u8(buffer, (uint8_t)rest);
    }
    buffer_put(buffer, text, length);
}

void http2_request_write(const struct session *self, struct buffer *ret_message)
{
    struct buffer fields = {0};
    char authority[HTTP_AUTHORITY_MAX];
    PUT(&fields, METHOD_GET);
    if (http_asks_root(self)) {
        PUT(&fields, PATH_ROOT);
    } else {
        PUT(&fields, PATH);
        text_put(&fields, self->env->http_path, strnlen(self->env->http_path, HTTP_PATH_MAX));
    }
    if (self->below == NULL)
        PUT(&fields, SCHEME_HTTP);
    else
        PUT(&fields, SCHEME_HTTPS);
    PUT(&fields, AUTHORITY);
    text_put(&fields, authority, strlen(http_authority(self, authority)));
    PUT(&fields, USER_AGENT);
    text_put(&fields, self->env->user_agent, strnlen(self->env->user_agent, USER_AGENT_MAX));
    PUT(&fields, ACCEPT_ALL);
    PUT(ret_message, PREFACE);
    buffer_put_u8(ret_message, 0);
    buffer_put_u8(ret_message, (uint8_t)(fields.length >> 8));
    buffer_put_u8(ret_message, (uint8_t)fields.length);
    PUT(ret_message, OPENS_AND_ENDS);
    buffer_put(ret_message, buffer_bytes(&fields), fields.length);
    ret_message->failed = ret_message->failed || fields.failed;
    buffer_fini(&fields);
}

int http2_acknowledge(struct session *self)
{
    return session_send(self, (const uint8_t *)ACKNOWLEDGEMENT, sizeof(ACKNOWLEDGEMENT) - 1);
}
