// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http_exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "probes/protocol/http/http_kept.h"
#include "probes/protocol/http/http_request.h"
#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    LINE_MAX_BYTES = 8192,
    HEADERS_MAX_BYTES = 64 << 10,
    REQUEST_MAX = 1280,
    USER_AGENT_MAX = 512,
    WORD_MAX_BYTES = 64, // content that is called HTML and is a word or two
};

void http_exchange_fini(struct http_exchange *exchange)
{
    http_page_free(exchange->page);
    *exchange = (struct http_exchange){0};
}

enum recognition http_recognise(const uint8_t *data, size_t length)
{
    return recognise_text(data, length, "HTTP/");
}

struct session_result http_exchange_ask(struct session *self, const char *path, bool last)
{
    char request[REQUEST_MAX];
    char authority[HTTP_AUTHORITY_MAX];
    int length = snprintf(request, sizeof(request),
                          "GET %.*s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %.*s\r\nAccept: */*\r\n"
                          "Connection: %s\r\n\r\n",
                          HTTP_PATH_MAX, path, http_authority(self, authority), USER_AGENT_MAX, self->env->user_agent,
                          last ? "close" : "keep-alive");
    if (session_send(self, (const uint8_t *)request, (size_t)length) != 0)
        return session_failed();
    return session_wait(self->env->answer_ms);
}

// The next line without its end; LF alone is accepted, and of a line too long its beginning. False while it is not
// whole.
static bool line_take(struct http_exchange *exchange, struct bytes *input, struct bytes *ret_line)
{
    if (exchange->skipping) {
        const uint8_t *end = input->length == 0 ? NULL : memchr(input->data, '\n', input->length);
        size_t rest = end == NULL ? input->length : (size_t)(end - input->data) + 1;
        exchange->header_bytes += (uint32_t)rest;
        (void)bytes_take(input, rest);
        exchange->skipping = end == NULL;
    }
    if (exchange->skipping || input->length == 0)
        return false;
    size_t looked = input->length < LINE_MAX_BYTES ? input->length : LINE_MAX_BYTES;
    const uint8_t *end = memchr(input->data, '\n', looked);
    if (end == NULL && looked < LINE_MAX_BYTES)
        return false;
    size_t length = end == NULL ? LINE_MAX_BYTES : (size_t)(end - input->data);
    *ret_line = bytes_slice(input, length);
    if (end == NULL)
        exchange->skipping = true;
    else
        (void)bytes_u8(input);
    exchange->header_bytes += (uint32_t)length + 1;
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

static struct session_result http_on_status(struct session *self, struct http_exchange *exchange, struct bytes line,
                                            uint32_t status, size_t version_length)
{
    struct observation *learnt = exchange->learnt;
    exchange->status = status;
    observation_forget(learnt, PART_http);
    if (!is_interim(status)) {
        learn_number(learnt, FIELD(http, status), status);
        learn_text(learnt, FIELD(http, version), line.data, version_length);
    }
    learn_constant(learnt, FIELD(root, service), "http");
    learnt->finished = false;
    exchange->body = (struct http_body){0};
    if (exchange->page == NULL)
        exchange->page = http_page_new();
    if (exchange->page == NULL)
        return session_failed();
    exchange->page->coding = HTTP_CODING_NONE;
    exchange->marks = 0;
    // RFC 9112 section 9.3: what is older than 1.1 closes the connection unless it says otherwise.
    exchange->closes = version_length != strlen("HTTP/1.1") || memcmp(line.data, "HTTP/1.1", version_length) != 0;
    exchange->phase = HTTP_FIELDS;
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

// Their names begin so.
unsigned http_mark_of(struct bytes name)
{
    static const struct {
        const char *begin;
        enum http_mark mark;
    } marks[] = {
        {"x-clickhouse-", HTTP_MARK_CLICKHOUSE},
        {"x-consul-", HTTP_MARK_CONSUL},
        {"x-elastic-product", HTTP_MARK_ELASTIC},
    };
    if (name.length < 2 || (name.data[0] | 0x20) != 'x' || name.data[1] != '-')
        return 0;
    for (size_t at = 0; at < sizeof(marks) / sizeof(marks[0]); at++) {
        size_t length = strlen(marks[at].begin);
        if (name.length >= length && strncasecmp((const char *)name.data, marks[at].begin, length) == 0)
            return marks[at].mark;
    }
    return 0;
}

static bool has_word(struct bytes value, const char *word)
{
    char text[64];
    snprintf(text, sizeof(text), "%.*s", (int)(value.length < sizeof(text) ? value.length : sizeof(text)),
             (const char *)value.data);
    return strcasestr(text, word) != NULL;
}

static void http_on_field(const struct session *self, struct http_exchange *exchange, struct bytes line)
{
    const uint8_t *colon = memchr(line.data, ':', line.length);
    // What an interim answer says is not kept: of those there may be thousands.
    if (colon == NULL || is_interim(exchange->status))
        return;
    struct bytes name = bytes_of(line.data, (size_t)(colon - line.data));
    struct bytes value = bytes_of(colon + 1, line.length - name.length - 1);
    while (value.length > 0 && (value.data[0] == ' ' || value.data[0] == '\t'))
        (void)bytes_u8(&value);
    while (value.length > 0 && (value.data[value.length - 1] == ' ' || value.data[value.length - 1] == '\t'))
        value.length--;
    http_page_field(exchange->page, exchange->learnt, name, value);
    http_header_keep(self, exchange->learnt, name, value);
    exchange->marks |= http_mark_of(name);
    if (field_is(name, "content-length"))
        length_parse(&exchange->body, value);
    if (field_is(name, "transfer-encoding"))
        exchange->body.chunked = has_word(value, "chunked");
    if (field_is(name, "connection"))
        exchange->closes = has_word(value, "close") || (exchange->closes && !has_word(value, "keep-alive"));
}

static struct session_result http_on_end(struct http_exchange *exchange)
{
    exchange->over = true;
    return session_done();
}

// The blank line: is there anything left to learn?
static struct session_result http_on_fields_end(struct session *self, struct http_exchange *exchange)
{
    struct http_body *body = &exchange->body;
    if (is_interim(exchange->status)) {
        observation_forget(exchange->learnt, PART_http);
        exchange->interim = true;
        exchange->phase = HTTP_STATUS;
        return session_wait(self->env->answer_ms);
    }
    const struct http_observation *http = exchange->learnt->http;
    if (http == NULL)
        return session_failed();
    bool refusal = self->below == NULL && http->status == 400;
    uint32_t keeps = exchange->keeps_any || body->chunked || body->bounded ? exchange->keeps : 0;
    bool word = !body->chunked && body->bounded && body->left <= WORD_MAX_BYTES;
    bool worth = http_page_begin(exchange->page, http, refusal, keeps, exchange->keeps_any || word);
    bool empty = http->status == 101 || http->status == 204 || http->status == 304 ||
                 (!body->chunked && body->bounded && body->left == 0);
    if (body->chunked) {
        body->bounded = false;
        body->left = 0;
    }
    exchange->phase = HTTP_BODY;
    exchange->closes = exchange->closes || http->status == 101 || (!empty && !body->chunked && !body->bounded);
    body->ended = empty;
    return empty || !worth ? http_on_end(exchange) : session_wait(self->env->answer_ms);
}

static struct session_result http_on_line(struct session *self, struct http_exchange *exchange, struct bytes *input)
{
    struct bytes line;
    // What ends a chunked body before it.
    while (exchange->further && exchange->phase == HTTP_STATUS && input->length > 0 &&
           (input->data[0] == '\r' || input->data[0] == '\n'))
        (void)bytes_u8(input);
    if (exchange->phase == HTTP_STATUS && input->length == 0)
        return session_wait(0);
    if (exchange->phase == HTTP_STATUS) {
        // What is no status line stays in the input: it may be somebody else's banner.
        enum recognition found = http_recognise(input->data, input->length);
        if (found == RECOGNITION_NOT_MINE) {
            struct session_result result = detect_other(self, input);
            return result.verb == SESSION_WAIT ? session_wait(0) : result;
        }
        struct bytes ahead = *input;
        size_t version_length = 0;
        if (found == RECOGNITION_UNDECIDED || !line_take(exchange, &ahead, &line))
            return session_wait(0);
        uint32_t status = status_parse(line, &version_length);
        if (status == 0)
            return session_next(SESSION_BECOME, &session_listen);
        *input = ahead;
        return http_on_status(self, exchange, line, status, version_length);
    }
    if (!line_take(exchange, input, &line))
        return session_wait(0);
    if (line.length == 0)
        return http_on_fields_end(self, exchange);
    http_on_field(self, exchange, line);
    return session_wait(self->env->answer_ms);
}

bool http_exchange_again(struct http_exchange *exchange)
{
    const struct http_body *body = &exchange->body;
    bool ended = body->chunked ? body->chunk == HTTP_CHUNK_LAST : body->left == 0;
    if (exchange->phase != HTTP_BODY || exchange->closes || !ended)
        return false;
    http_page_free(exchange->page);
    *exchange = (struct http_exchange){
        .learnt = exchange->learnt, .keeps = exchange->keeps, .keeps_any = exchange->keeps_any, .further = true};
    return true;
}

struct session_result http_exchange_bytes(struct session *self, struct http_exchange *exchange, struct bytes *input)
{
    while (exchange->phase != HTTP_BODY) {
        if (input->length == 0)
            return session_wait(self->env->answer_ms);
        struct session_result result = http_on_line(self, exchange, input);
        if (result.verb != SESSION_WAIT)
            return result;
        if (exchange->header_bytes > HEADERS_MAX_BYTES)
            return http_on_end(exchange);
        if (result.wait_ms == 0)
            return session_wait(self->env->answer_ms);
    }
    if (!http_body_read(&exchange->body, exchange->page, input))
        return session_failed();
    return exchange->body.ended ? http_on_end(exchange) : session_wait(self->env->answer_ms);
}

// A status line whose end does not come is an answer all the same.
static bool status_unended(struct session *self, struct http_exchange *exchange)
{
    size_t version_length = 0;
    struct bytes line = bytes_of(buffer_bytes(&self->input), self->input.length);
    uint32_t status = status_parse(line, &version_length);
    // Of a number of which nothing follows nobody knows whether it was whole.
    if (status == 0 || is_interim(status) || line.length <= version_length + 4)
        return false;
    if (http_on_status(self, exchange, line, status, version_length).verb == SESSION_FAILED)
        self->observation->failed = true;
    return true;
}

bool http_exchange_end(struct session *self, struct http_exchange *exchange, enum session_event event, bool *ret_whole)
{
    *ret_whole = false;
    if (exchange->phase == HTTP_STATUS && (exchange->interim || !status_unended(self, exchange)))
        return false;
    // A body without a length ends with the connection; one that ends before its time is broken off.
    *ret_whole =
        exchange->phase == HTTP_BODY && event == SESSION_CLOSED && !exchange->body.bounded && !exchange->body.chunked;
    exchange->over = true;
    return true;
}
