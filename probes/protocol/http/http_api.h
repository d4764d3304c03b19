// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Services that speak HTTP and are more than a page. Each is a session of its own, in a file of probes/protocol, that
// asks for one or two paths by GET, on one connection: what its own clients ask first, and what changes nothing. On its
// own port a server is asked at once; elsewhere, and in tunnels, when its answer to GET / looks like it.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/protocol/http/http_exchange.h"
#include "probes/session/session.h"

enum { HTTP_API_PATHS = 2, HTTP_HINT_BYTES = 2048 };

struct http_answer {
    uint32_t status;
    uint32_t marks;                      // enum http_mark
    const struct http_observation *http; // its fields; NULL when the memory was not there
    bool whole;                          // all of it came, or all that is looked at
    struct bytes body;                   // its first bytes: HTTP_HINT_BYTES for a hint, HTTP_KEPT_MAX for learning
};

struct http_api {
    const struct session_ops *session;
    const char *paths[HTTP_API_PATHS]; // asked in turn as long as the answer was this service's; NULL: no further one
    // What an answer to GET / says: it is worth a question (SHARED), names the service, which then is asked nothing
    // more (MINE), or neither. NULL: the service is not found by that.
    enum recognition (*hint)(const struct http_answer *answer);
    // The answer to paths[path]: writes down what it teaches, root.open included. False when it is another's.
    bool (*learn)(struct observation *observation, size_t path, const struct http_answer *answer);
};

// State of a session of an API.
struct http_api_state {
    const struct http_api *api;
    size_t path;
    struct http_exchange exchange;
    struct observation answer; // what the answer's header says: the record's part http is of GET / alone
};

struct session_result http_api_open(struct session *self, const struct http_api *api);
struct session_result http_api_bytes(struct session *self, struct bytes *input);
struct session_result http_api_event(struct session *self, enum session_event event);
void http_api_fini(struct session *self);

// The session `session_NAME` of the API `NAME_api`, which says NAME_says.
#define HTTP_API_SESSION(NAME)                                                                                         \
    static struct session_result NAME##_open(struct session *self)                                                     \
    {                                                                                                                  \
        return http_api_open(self, &http_api_##NAME);                                                                  \
    }                                                                                                                  \
    const struct session_ops session_##NAME = {                                                                        \
        .name = #NAME,                                                                                                 \
        .start = SESSION_CLIENT_FIRST,                                                                                 \
        .recognise = http_recognise,                                                                                   \
        .says = NAME##_says,                                                                                           \
        .state_size = sizeof(struct http_api_state),                                                                   \
        .open = NAME##_open,                                                                                           \
        .bytes = http_api_bytes,                                                                                       \
        .event = http_api_event,                                                                                       \
        .fini = http_api_fini,                                                                                         \
    }

// The answer that an exchange has brought, if only its beginning; valid as long as the exchange.
struct http_answer http_answer_of(const struct http_exchange *exchange, bool whole);

// For learning. Writes down the string at that path of the answer; false when there is none.
bool http_api_text(struct observation *observation, const struct field *field, const struct http_answer *answer,
                   const char *path);

// Writes down the content: the words of a refusal.
void http_api_words(struct observation *observation, const struct field *field, const struct http_answer *answer);

// Whether a text field of the answer's header begins so, or the content does.
bool http_api_field_begins(const struct http_answer *answer, const struct field *field, const char *text);
bool http_api_body_begins(const struct http_answer *answer, const char *text);

// Whether the content holds this text.
bool http_api_body_has(const struct http_answer *answer, const char *text);
