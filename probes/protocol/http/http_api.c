// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http_api.h"

#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/member.h"
#include "probes/session/registry.h"

enum { TEXT_MAX = 256 };

struct http_answer http_answer_of(const struct http_exchange *exchange, bool whole)
{
    struct http_answer answer = {
        .status = exchange->status, .marks = exchange->marks, .http = exchange->learnt->http, .whole = whole};
    if (exchange->page != NULL)
        answer.body = http_page_kept(exchange->page);
    return answer;
}

// Its first answer is another's: a server of HTTP, which is then asked for its page. Of one that is not whole nobody
// knows whose it would have been.
static struct session_result http_api_other(struct session *self, bool whole)
{
    if (whole && !recognise_named(self))
        learn_constant(self->observation, FIELD(root, service), "http");
    (void)detect_ask(self, &session_http);
    return session_done();
}

static bool last_path(const struct http_api_state *state)
{
    return state->path + 1 == HTTP_API_PATHS || state->api->paths[state->path + 1] == NULL;
}

static struct session_result ask(struct session *self)
{
    struct http_api_state *state = (struct http_api_state *)self->state;
    return http_exchange_ask(self, state->api->paths[state->path], last_path(state));
}

static struct session_result http_api_over(struct session *self, bool whole)
{
    struct http_api_state *state = (struct http_api_state *)self->state;
    struct http_answer answer = http_answer_of(&state->exchange, whole);
    if (state->answer.failed)
        return session_failed();
    bool ours = state->api->learn(self->observation, state->path, &answer);
    if (!ours && state->path == 0)
        return http_api_other(self, whole);
    learn_constant(self->observation, FIELD(root, service), session_service(self->ops));
    if (!last_path(state) && http_exchange_again(&state->exchange)) {
        observation_reset(&state->answer);
        state->path++;
        return ask(self);
    }
    self->observation->finished = whole && last_path(state);
    return session_done();
}

struct session_result http_api_open(struct session *self, const struct http_api *api)
{
    struct http_api_state *state = (struct http_api_state *)self->state;
    state->api = api;
    observation_init(&state->answer);
    state->exchange.learnt = &state->answer;
    state->exchange.keeps = HTTP_KEPT_MAX;
    state->exchange.keeps_any = true;
    return ask(self);
}

struct session_result http_api_bytes(struct session *self, struct bytes *input)
{
    struct http_api_state *state = (struct http_api_state *)self->state;
    struct session_result result = http_exchange_bytes(self, &state->exchange, input);
    return state->exchange.over ? http_api_over(self, true) : result;
}

struct session_result http_api_event(struct session *self, enum session_event event)
{
    struct http_api_state *state = (struct http_api_state *)self->state;
    bool whole = false;
    if (http_exchange_end(self, &state->exchange, event, &whole))
        return http_api_over(self, whole);
    return state->path > 0 || state->exchange.interim ? session_done() : detect_nothing(self);
}

void http_api_fini(struct session *self)
{
    struct http_api_state *state = (struct http_api_state *)self->state;
    http_exchange_fini(&state->exchange);
    observation_fini(&state->answer);
}

bool http_api_text(struct observation *observation, const struct field *field, const struct http_answer *answer,
                   const char *path)
{
    char text[TEXT_MAX];
    bool cut;
    struct member value = member_find(answer->body, path);
    if (value.kind != MEMBER_STRING)
        return false;
    size_t length = member_text(&value, text, sizeof(text), &cut);
    learn_text(observation, field, text, length);
    if (cut)
        learn_cut(observation, field);
    return true;
}

void http_api_words(struct observation *observation, const struct field *field, const struct http_answer *answer)
{
    if (answer->body.length == 0)
        return;
    learn_text(observation, field, answer->body.data, answer->body.length);
    if (!answer->whole)
        learn_cut(observation, field);
}

bool http_api_field_begins(const struct http_answer *answer, const struct field *field, const char *text)
{
    if (answer->http == NULL || !field_known(answer->http, field))
        return false;
    const struct text *value = field_value_const(answer->http, field);
    return value->length >= strlen(text) && memcmp(value->data, text, strlen(text)) == 0;
}

bool http_api_body_begins(const struct http_answer *answer, const char *text)
{
    return answer->body.length >= strlen(text) && memcmp(answer->body.data, text, strlen(text)) == 0;
}

bool http_api_body_has(const struct http_answer *answer, const char *text)
{
    return answer->body.length > 0 && memmem(answer->body.data, answer->body.length, text, strlen(text)) != NULL;
}
