// SPDX-License-Identifier: BSD-3-Clause
// Redis (RESP, https://redis.io/docs/latest/develop/reference/protocol-spec): PING, INFO server where that is allowed,
// QUIT. Read-only, without a credential. Few errors say that a stranger is not let in; a server in protected mode says
// so unasked and hangs up.

#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/line.h"
#include "probes/session/registry.h"

enum { LINE_MAX_BYTES = 512, INFO_MAX_BYTES = 16 << 10 };

#define PING "*1\r\n$4\r\nPING\r\n"
#define INFO "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n"
#define QUIT "*1\r\n$4\r\nQUIT\r\n"

static const struct say redis_says[] = {SAY(PING), SAY_END, SAY(INFO), SAY_END, SAY(QUIT), SAY_END, SAYS_END};

enum redis_phase { REDIS_PING = 0, REDIS_INFO, REDIS_INFO_BODY, REDIS_QUIT };

struct redis_state {
    enum redis_phase phase;
    uint32_t left; // of the bulk string, CR LF behind it included
};

// Errors that only this protocol's servers begin with. "-ERR" is POP3's too, which says it with other words behind it.
static const char *const openings[] = {"+PONG\r",
                                       "-NOAUTH ",
                                       "-DENIED ",
                                       "-LOADING ",
                                       "-NOPERM ",
                                       "-MISCONF ",
                                       "-BUSY ",
                                       "-ERR unknown command",
                                       "-ERR wrong number of arguments",
                                       "-ERR Protocol error",
                                       "-ERR operation not permitted",
                                       "-ERR max number of clients"};

static enum recognition redis_recognise(const uint8_t *data, size_t length)
{
    enum recognition best = RECOGNITION_NOT_MINE;
    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]) && best != RECOGNITION_MINE; i++) {
        enum recognition found = recognise_text(data, length, openings[i]);
        best = found > best ? found : best;
    }
    return best;
}

static struct session_result redis_open(struct session *self)
{
    return session_send_text(self, PING) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

static struct session_result redis_goodbye(struct session *self, bool finished)
{
    struct redis_state *state = (struct redis_state *)self->state;
    state->phase = REDIS_QUIT;
    self->observation->finished = finished;
    return session_send_text(self, QUIT) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

// Whether an error says that a stranger is not let in. The others say nothing about it: a server that is loading or has
// too many clients tells anybody so, one that does not know a command says so before it asks for a password, and what a
// proxy complains of may be its server.
static bool is_refusal(struct bytes line)
{
    static const char *const refusals[] = {"-NOAUTH ", "-DENIED ", "-NOPERM ", "-ERR operation not permitted"};
    bool refusal = false;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        refusal = refusal || line_begins(line, refusals[i]);
    return refusal;
}

// "-NOAUTH Authentication required."
static struct session_result redis_refused(struct session *self, struct bytes line)
{
    bool refusal = is_refusal(line);
    learn_text(self->observation, FIELD(redis, refusal), line.data + 1, line.length - 1);
    if (refusal)
        learn_flag(self->observation, FIELD(root, open), false);
    return redis_goodbye(self, refusal);
}

static struct session_result redis_on_ping(struct session *self, struct bytes line)
{
    struct redis_state *state = (struct redis_state *)self->state;
    learn_constant(self->observation, FIELD(root, service), "redis");
    self->observation->finished = false; // which a tunnel around it may have been
    if (line.data[0] == '-')
        return redis_refused(self, line);
    learn_flag(self->observation, FIELD(root, open), true);
    state->phase = REDIS_INFO;
    return session_send_text(self, INFO) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

// "$1234": so many bytes follow. Anything else, an error above all: there is nothing to be read.
static struct session_result redis_on_info(struct session *self, struct bytes line)
{
    struct redis_state *state = (struct redis_state *)self->state;
    uint32_t length = 0;
    // PING was answered to anybody. A single command that is not permitted is of no weight.
    if (is_refusal(line) && !line_begins(line, "-NOPERM "))
        return redis_refused(self, line);
    for (size_t i = 1; i < line.length && line.data[i] >= '0' && line.data[i] <= '9' && length < INFO_MAX_BYTES; i++)
        length = length * 10 + (uint32_t)(line.data[i] - '0');
    if (line.data[0] != '$' || length == 0)
        return redis_goodbye(self, true);
    state->phase = REDIS_INFO_BODY;
    state->left = length;
    return session_wait(self->env->answer_ms);
}

// "redis_version:7.0.15"
static void redis_on_info_line(struct session *self, struct bytes line)
{
    static const struct {
        const char *name;
        const struct field *field;
    } facts[] = {
        {"redis_version:", FIELD(redis, version)},
        {"server_name:", FIELD(redis, server_name)},
        {"valkey_version:", FIELD(redis, server_version)},
        {"redis_mode:", FIELD(redis, mode)},
        {"server_mode:", FIELD(redis, mode)},
        {"os:", FIELD(redis, os)},
    };
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        size_t length = strlen(facts[i].name);
        // The first counts, as often as it may be repeated.
        if (line.length > length && memcmp(line.data, facts[i].name, length) == 0 &&
            !field_known(self->observation->redis, facts[i].field))
            learn_text(self->observation, facts[i].field, line.data + length, line.length - length);
    }
}

static struct session_result redis_on_line(struct session *self, struct bytes line, size_t taken)
{
    struct redis_state *state = (struct redis_state *)self->state;
    switch (state->phase) {
    case REDIS_PING:
        return redis_on_ping(self, line);
    case REDIS_INFO:
        return redis_on_info(self, line);
    case REDIS_INFO_BODY:
        redis_on_info_line(self, line);
        state->left -= taken < state->left ? (uint32_t)taken : state->left;
        return state->left > 0 ? session_wait(self->env->answer_ms) : redis_goodbye(self, true);
    case REDIS_QUIT:
        break;
    }
    return session_done(); // +OK
}

static struct session_result redis_bytes(struct session *self, struct bytes *input)
{
    struct redis_state *state = (struct redis_state *)self->state;
    struct session_result result = session_wait(self->env->answer_ms);
    if (state->phase == REDIS_PING) {
        enum recognition found = redis_recognise(input->data, input->length);
        // Whatever follows it, this answers our question in our protocol.
        enum recognition error = recognise_text(input->data, input->length, "-ERR ");
        if (found != RECOGNITION_MINE && error != RECOGNITION_MINE) {
            bool undecided = found == RECOGNITION_UNDECIDED || error == RECOGNITION_UNDECIDED;
            return undecided ? result : detect_other(self, input);
        }
    }
    struct bytes line;
    size_t taken;
    while (result.verb == SESSION_WAIT && (taken = line_take(input, LINE_MAX_BYTES, &line)) > 0) {
        if (line.length > 0) {
            result = redis_on_line(self, line, taken);
        } else if (state->phase == REDIS_INFO_BODY) {
            state->left -= taken < state->left ? (uint32_t)taken : state->left;
            result = state->left > 0 ? result : redis_goodbye(self, true);
        }
    }
    return result;
}

static struct session_result redis_event(struct session *self, enum session_event event)
{
    const struct redis_state *state = (const struct redis_state *)self->state;
    (void)event;
    return state->phase == REDIS_PING ? detect_nothing(self) : session_done();
}

const struct session_ops session_redis = {
    .name = "redis",
    .state_size = sizeof(struct redis_state),
    .start = SESSION_CLIENT_FIRST,
    .recognise = redis_recognise,
    .says = redis_says,
    .open = redis_open,
    .bytes = redis_bytes,
    .event = redis_event,
};
