// SPDX-License-Identifier: BSD-3-Clause
// HTTP/1.1 as one GET of "/" (RFC 9110, RFC 9112): status, a few fields, and the title of the page.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "probes/session/detect.h"
#include "probes/protocol/http/http_body.h"
#include "probes/protocol/http/http_request.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    LINE_MAX_BYTES = 8192,
    HEADERS_MAX_BYTES = 64 << 10,
    REQUEST_MAX = 1024,
    PORT_HTTPS = 443,
};

enum http_phase { HTTP_STATUS = 0, HTTP_FIELDS, HTTP_BODY };

struct http_state {
    enum http_phase phase;
    uint32_t header_bytes;
    uint32_t status; // of the answer that is being read
    bool skipping;   // the rest of a line that is too long
    bool interim;    // something else than the real answer has come
    struct http_body body;
    struct http_page *page; // NULL until a status has come
};

static enum recognition http_recognise(const uint8_t *data, size_t length)
{
    return recognise_text(data, length, "HTTP/");
}

static const struct say http_says[] = {SAY("GET / HTTP/1.1\r\nHost: "),
                                       SAY_ANY(64),
                                       SAY("\r\nUser-Agent: "),
                                       SAY_ANY(512),
                                       SAY("\r\nAccept: */*\r\nConnection: close\r\n\r\n"),
                                       SAY_END,
                                       SAYS_END};

static struct session_result http_open(struct session *self)
{
    char request[REQUEST_MAX];
    char authority[HTTP_AUTHORITY_MAX];
    int length = snprintf(request, sizeof(request),
                          "GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: %.512s\r\nAccept: */*\r\n"
                          "Connection: close\r\n\r\n",
                          http_authority(self, authority), self->env->user_agent);
    if (session_send(self, (const uint8_t *)request, (size_t)length) != 0)
        return session_failed();
    return session_wait(self->env->answer_ms);
}

// The next line without its end; LF alone is accepted, and of a line too long its beginning. False while it is not
// whole.
static bool line_take(struct http_state *state, struct bytes *input, struct bytes *ret_line)
{
    if (state->skipping) {
        const uint8_t *end = input->length == 0 ? NULL : memchr(input->data, '\n', input->length);
        size_t rest = end == NULL ? input->length : (size_t)(end - input->data) + 1;
        state->header_bytes += (uint32_t)rest;
        (void)bytes_take(input, rest);
        state->skipping = end == NULL;
    }
    if (state->skipping || input->length == 0)
        return false;
    size_t looked = input->length < LINE_MAX_BYTES ? input->length : LINE_MAX_BYTES;
    const uint8_t *end = memchr(input->data, '\n', looked);
    if (end == NULL && looked < LINE_MAX_BYTES)
        return false;
    size_t length = end == NULL ? LINE_MAX_BYTES : (size_t)(end - input->data);
    *ret_line = bytes_slice(input, length);
    if (end == NULL)
        state->skipping = true;
    else
        (void)bytes_u8(input);
    state->header_bytes += (uint32_t)length + 1;
    if (ret_line->length > 0 && ret_line->data[ret_line->length - 1] == '\r')
        ret_line->length--;
    return true;
}

// "HTTP/1.1 200 OK", the reason may be missing. 0 when it is none.
static uint32_t status_parse(struct bytes line, size_t *ret_version_length)
{
    const uint8_t *space = line.length == 0 ? NULL : memchr(line.data, ' ', line.length);
    size_t version_length = space == NULL ? 0 : (size_t)(space - line.data);
    if (version_length < strlen("HTTP/1") || memcmp(line.data, "HTTP/", 5) != 0)
        return 0;
    while (version_length + 1 < line.length && line.data[version_length] == ' ' && line.data[version_length + 1] == ' ')
        version_length++;
    const uint8_t *digits = line.data + version_length + 1;
    size_t left = line.length - version_length - 1;
    uint32_t status = 0;
    for (size_t at = 0; at < 3; at++) {
        if (at >= left || digits[at] < '0' || digits[at] > '9')
            return 0;
        status = status * 10 + (uint32_t)(digits[at] - '0');
    }
    if (status < 100 || (left > 3 && digits[3] != ' '))
        return 0;
    *ret_version_length = (size_t)(space - line.data);
    return status;
}

// Such an answer says nothing but that the real one is to come (RFC 9110 section 15.2). Behind 101 there is none.
static bool is_interim(uint32_t status)
{
    return status < 200 && status != 101;
}

static struct session_result http_on_status(struct session *self, struct bytes line, uint32_t status,
                                            size_t version_length)
{
    struct http_state *state = (struct http_state *)self->state;
    state->status = status;
    observation_forget(self->observation, PART_http);
    if (!is_interim(status)) {
        learn_number(self->observation, FIELD(http, status), status);
        learn_text(self->observation, FIELD(http, version), line.data, version_length);
    }
    learn_constant(self->observation, FIELD(root, service), "http");
    self->observation->finished = false;
    state->body = (struct http_body){0};
    if (state->page == NULL)
        state->page = http_page_new();
    if (state->page == NULL)
        return session_failed();
    state->page->coding = HTTP_CODING_NONE;
    state->phase = HTTP_FIELDS;
    return session_wait(self->env->answer_ms);
}

static void length_parse(struct http_body *body, struct bytes value)
{
    uint64_t length = 0;
    for (size_t at = 0; at < value.length && value.data[at] >= '0' && value.data[at] <= '9'; at++) {
        length = length > UINT32_MAX ? length : length * 10 + (uint64_t)(value.data[at] - '0');
        body->bounded = true;
    }
    body->left = length;
}

static bool field_is(struct bytes name, const char *word)
{
    return name.length == strlen(word) && strncasecmp((const char *)name.data, word, name.length) == 0;
}

static void http_on_field(struct http_state *state, struct observation *observation, struct bytes line)
{
    const uint8_t *colon = memchr(line.data, ':', line.length);
    // What an interim answer says is not kept: of those there may be thousands.
    if (colon == NULL || is_interim(state->status))
        return;
    struct bytes name = bytes_of(line.data, (size_t)(colon - line.data));
    struct bytes value = bytes_of(colon + 1, line.length - name.length - 1);
    while (value.length > 0 && (value.data[0] == ' ' || value.data[0] == '\t'))
        (void)bytes_u8(&value);
    while (value.length > 0 && (value.data[value.length - 1] == ' ' || value.data[value.length - 1] == '\t'))
        value.length--;
    http_page_field(state->page, observation, name, value);
    if (field_is(name, "content-length"))
        length_parse(&state->body, value);
    if (field_is(name, "transfer-encoding")) {
        char coding[64];
        snprintf(coding, sizeof(coding), "%.*s", (int)value.length, (const char *)value.data);
        state->body.chunked = strcasestr(coding, "chunked") != NULL;
    }
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

// Writes down what the page taught, and asks for TLS where the server wants it. `whole`: the answer has ended, or what
// is looked at of it.
static struct session_result http_over(struct session *self, bool whole)
{
    const struct http_state *state = (const struct http_state *)self->state;
    if (state->page != NULL)
        http_page_learn(state->page, self->env->charsets, whole, self->observation);
    self->observation->finished = self->observation->finished || whole;
    if (refers_to_tls(self))
        (void)detect_ask(self, &session_tls);
    return session_done();
}

static struct session_result http_complete(struct session *self)
{
    return http_over(self, true);
}

// The blank line: is there anything left to learn?
static struct session_result http_on_fields_end(struct session *self)
{
    struct http_state *state = (struct http_state *)self->state;
    if (is_interim(state->status)) {
        observation_forget(self->observation, PART_http);
        state->interim = true;
        state->phase = HTTP_STATUS;
        return session_wait(self->env->answer_ms);
    }
    const struct http_observation *http = self->observation->http;
    if (http == NULL)
        return session_failed();
    bool worth = http_page_begin(state->page, http, self->below == NULL && http->status == 400);
    bool empty = http->status == 101 || http->status == 204 || http->status == 304 ||
                 (!state->body.chunked && state->body.bounded && state->body.left == 0);
    if (state->body.chunked) {
        state->body.bounded = false;
        state->body.left = 0;
    }
    if (empty || !worth)
        return http_complete(self);
    state->phase = HTTP_BODY;
    return session_wait(self->env->answer_ms);
}

static struct session_result http_on_line(struct session *self, struct bytes *input)
{
    struct http_state *state = (struct http_state *)self->state;
    struct bytes line;
    if (state->phase == HTTP_STATUS) {
        // What is no status line stays in the input: it may be somebody else's banner.
        enum recognition found = http_recognise(input->data, input->length);
        if (found == RECOGNITION_NOT_MINE) {
            struct session_result result = detect_other(self, input);
            return result.verb == SESSION_WAIT ? session_wait(0) : result;
        }
        struct bytes ahead = *input;
        size_t version_length = 0;
        if (found == RECOGNITION_UNDECIDED || !line_take(state, &ahead, &line))
            return session_wait(0);
        uint32_t status = status_parse(line, &version_length);
        if (status == 0)
            return session_next(SESSION_BECOME, &session_listen);
        *input = ahead;
        return http_on_status(self, line, status, version_length);
    }
    if (!line_take(state, input, &line))
        return session_wait(0);
    if (line.length == 0)
        return http_on_fields_end(self);
    http_on_field(state, self->observation, line);
    return session_wait(self->env->answer_ms);
}

static struct session_result http_bytes(struct session *self, struct bytes *input)
{
    struct http_state *state = (struct http_state *)self->state;
    while (state->phase != HTTP_BODY) {
        if (input->length == 0)
            return session_wait(self->env->answer_ms);
        struct session_result result = http_on_line(self, input);
        if (result.verb != SESSION_WAIT)
            return result;
        if (state->header_bytes > HEADERS_MAX_BYTES)
            return http_complete(self);
        if (result.wait_ms == 0)
            return session_wait(self->env->answer_ms);
    }
    if (!http_body_read(&state->body, state->page, input))
        return session_failed();
    return state->body.ended ? http_complete(self) : session_wait(self->env->answer_ms);
}

// A status line whose end does not come is an answer all the same.
static bool status_unended(struct session *self)
{
    size_t version_length = 0;
    struct bytes line = bytes_of(buffer_bytes(&self->input), self->input.length);
    uint32_t status = status_parse(line, &version_length);
    // Of a number of which nothing follows nobody knows whether it was whole.
    if (status == 0 || is_interim(status) || line.length <= version_length + 4)
        return false;
    if (http_on_status(self, line, status, version_length).verb == SESSION_FAILED)
        self->observation->failed = true;
    return true;
}

static struct session_result http_event(struct session *self, enum session_event event)
{
    const struct http_state *state = (const struct http_state *)self->state;
    if (state->phase == HTTP_STATUS && state->interim)
        return session_done();
    if (state->phase == HTTP_STATUS)
        return status_unended(self) ? http_over(self, false) : detect_nothing(self);
    // A body without a length ends with the connection; one that ends before its time is broken off.
    if (state->phase == HTTP_BODY && event == SESSION_CLOSED && !state->body.bounded && !state->body.chunked)
        return http_complete(self);
    return http_over(self, false);
}

static void http_fini(struct session *self)
{
    http_page_free(((struct http_state *)self->state)->page);
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
    .state_size = sizeof(struct http_state),
    .open = http_open,
    .bytes = http_bytes,
    .event = http_event,
    .fini = http_fini,
};
