// SPDX-License-Identifier: BSD-3-Clause
// HTTP/1.1 as one GET, of "/" or the plan's path (RFC 9110, RFC 9112): status, a few fields, and the title of the page.
// Servers of an API are told by what they say to it, and asked in its words (http_suggest.h).

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "probes/protocol/http/http_exchange.h"
#include "probes/protocol/http/http_kept.h"
#include "probes/protocol/http/http_suggest.h"
#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum { PORT_HTTPS = 443 };

static const struct say http_says[] = {HTTP_SAYS_GET("/", "close"), SAY("GET /"), SAY_ANY(HTTP_PATH_MAX - 1),
                                       HTTP_SAYS_BEHIND_PATH("close"), SAYS_END};

static struct session_result http_open(struct session *self)
{
    struct http_exchange *exchange = (struct http_exchange *)self->state;
    exchange->learnt = self->observation;
    exchange->keeps = HTTP_HINT_BYTES;
    return http_exchange_ask(self, self->env->http_path, true);
}

// The port of "https://host:8443/", 443 when it names none, 0 when it is no such address (RFC 3986 section 3.2).
static uint32_t https_port(const struct text *location)
{
    static const char scheme[] = "https://";
    size_t begin = sizeof(scheme) - 1;
    if (location->length <= begin || strncasecmp(location->data, scheme, begin) != 0)
        return 0;
    size_t end = begin + strcspn(location->data + begin, "/?#");
    size_t at = end;
    while (at > begin && location->data[at - 1] >= '0' && location->data[at - 1] <= '9')
        at--;
    return at < end && location->data[at - 1] == ':' ? (uint32_t)strtoul(location->data + at, NULL, 10) : PORT_HTTPS;
}

// A server that wants TLS refuses a request in the clear with 400 (nginx's own number is 497), in whatever words, or
// sends it to https on the very same port.
static bool refers_to_tls(const struct session *self)
{
    const struct http_observation *http = self->observation->http;
    if (http == NULL || self->below != NULL)
        return false;
    return http->status == 400 || http->status == 497 ||
           (http->status >= 300 && http->status < 400 && http->known.location &&
            https_port(&http->location) == self->port);
}

// Writes down what the page taught, and asks for TLS where the server wants it, or in the words of its API. `whole`:
// the answer has ended, or what is looked at of it.
static struct session_result http_over(struct session *self, bool whole)
{
    const struct http_exchange *exchange = (const struct http_exchange *)self->state;
    if (exchange->page != NULL)
        http_page_learn(exchange->page, self->env->charsets, whole, self->observation);
    http_path_learn(self);
    if (exchange->phase != HTTP_BODY)
        http_headers_cut(self->observation);
    self->observation->finished = self->observation->finished || whole;
    const struct http_answer answer = http_answer_of(exchange, whole);
    bool api = exchange->page != NULL && http_asks_root(self) && http_suggest(self, &answer);
    if (!api && refers_to_tls(self))
        (void)detect_ask(self, &session_tls);
    return session_done();
}

static struct session_result http_bytes(struct session *self, struct bytes *input)
{
    struct http_exchange *exchange = (struct http_exchange *)self->state;
    struct session_result result = http_exchange_bytes(self, exchange, input);
    return exchange->over ? http_over(self, true) : result;
}

static struct session_result http_event(struct session *self, enum session_event event)
{
    struct http_exchange *exchange = (struct http_exchange *)self->state;
    bool whole = false;
    if (http_exchange_end(self, exchange, event, &whole))
        return http_over(self, whole);
    return exchange->interim ? session_done() : detect_nothing(self);
}

static void http_fini(struct session *self)
{
    http_exchange_fini((struct http_exchange *)self->state);
}

// Status, page and all the rest are of what was asked for.
static const struct field *const http_overheard[] = {FIELD(http, server), NULL};

const struct session_ops session_http = {
    .name = "http",
    .start = SESSION_CLIENT_FIRST,
    .guess = 1,
    .overheard = http_overheard,
    .recognise = http_recognise,
    .says = http_says,
    .state_size = sizeof(struct http_exchange),
    .open = http_open,
    .bytes = http_bytes,
    .event = http_event,
    .fini = http_fini,
};
