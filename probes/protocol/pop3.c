// SPDX-License-Identifier: BSD-3-Clause
// A POP3 server (RFC 1939): its greeting, CAPA (RFC 2449) and QUIT. Nobody logs in. Every mailbox wants a login, so a
// stranger is not let in, unless the server offers to know him as nobody (SASL ANONYMOUS): that is not tried.

#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/line.h"
#include "probes/session/registry.h"

enum { LINE_MAX_BYTES = 512, CAPABILITIES_MAX = 64 };

#define CAPA "CAPA\r\n"
#define STLS "STLS\r\n"
#define QUIT "QUIT\r\n"

static const struct say pop3_says[] = {SAY(CAPA), SAY_END, SAY(STLS), SAY_END, SAY(QUIT), SAY_END, SAYS_END};

enum pop3_phase { POP3_GREETING = 0, POP3_CAPA, POP3_CAPABILITIES, POP3_STLS, POP3_TLS, POP3_QUIT };

struct pop3_state {
    enum pop3_phase phase;
    uint32_t lines;
    bool user;
    bool stls;
    bool anonymous;
};

// "+OK Dovecot ready." Nobody else greets so; "-ERR" may be Redis's too, and is taken on the own port only.
static enum recognition pop3_recognise(const uint8_t *data, size_t length)
{
    return recognise_text(data, length, "+OK");
}

static struct session_result pop3_goodbye(struct session *self, bool finished)
{
    struct pop3_state *state = (struct pop3_state *)self->state;
    state->phase = POP3_QUIT;
    self->observation->finished = finished;
    return session_send_text(self, QUIT) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

// Within the TLS that it was asked for nothing is new.
static struct session_result pop3_open(struct session *self)
{
    return session_upgraded(self) == NULL ? session_wait(self->env->answer_ms) : pop3_goodbye(self, true);
}

static struct session_result pop3_stls(struct session *self)
{
    struct pop3_state *state = (struct pop3_state *)self->state;
    state->phase = POP3_STLS;
    return session_send_text(self, STLS) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

static struct session_result pop3_on_greeting(struct session *self, struct bytes line)
{
    struct pop3_state *state = (struct pop3_state *)self->state;
    if (session_upgrades_only(self))
        return line.data[0] == '+' ? pop3_stls(self) : session_done();
    learn_constant(self->observation, FIELD(root, service), "pop3");
    learn_text(self->observation, FIELD(pop3, greeting), line.data, line.length);
    self->observation->finished = false; // which a tunnel around it may have been
    if (line.data[0] != '+')
        return session_done();
    state->phase = POP3_CAPA;
    return session_send_text(self, CAPA) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

// "SASL PLAIN LOGIN"
static void capability_learn(struct session *self, struct bytes line)
{
    struct pop3_state *state = (struct pop3_state *)self->state;
    learn_name(self->observation, FIELD(pop3, capabilities), line.data, line.length);
    state->user = state->user || (line.length == 4 && line_begins(line, "USER"));
    state->stls = state->stls || (line.length == 4 && line_begins(line, "STLS"));
    if (!line_begins(line, "SASL "))
        return;
    (void)bytes_take(&line, sizeof("SASL ") - 1);
    learn_names(self->observation, FIELD(pop3, auth), line.data, line.length, ' ');
    const struct pop3_observation *pop3 = self->observation->pop3;
    state->anonymous = state->anonymous || (pop3 != NULL && list_has(&pop3->auth, "ANONYMOUS"));
}

// The list is whole: what does not stand there is not.
static void capabilities_end(struct session *self)
{
    const struct pop3_state *state = (const struct pop3_state *)self->state;
    if (!field_known(self->observation->pop3, FIELD(pop3, capabilities)))
        learn_list(self->observation, FIELD(pop3, capabilities));
    learn_flag(self->observation, FIELD(pop3, user), state->user);
    if (self->below == NULL)
        learn_flag(self->observation, FIELD(pop3, starttls), state->stls);
    if (!state->anonymous)
        learn_flag(self->observation, FIELD(root, open), false);
}

static struct session_result pop3_on_line(struct session *self, struct bytes line)
{
    struct pop3_state *state = (struct pop3_state *)self->state;
    switch (state->phase) {
    case POP3_GREETING:
        return pop3_on_greeting(self, line);
    case POP3_CAPA:
        if (!line_begins(line, "+OK"))
            return pop3_goodbye(self, true); // older than CAPA
        state->phase = POP3_CAPABILITIES;
        return session_wait(self->env->answer_ms);
    case POP3_CAPABILITIES:
        if (line.length == 1 && line.data[0] == '.') {
            capabilities_end(self);
            return state->stls && self->below == NULL ? pop3_stls(self) : pop3_goodbye(self, true);
        }
        if (state->lines++ == CAPABILITIES_MAX) {
            learn_cut(self->observation, FIELD(pop3, capabilities));
            return session_done();
        }
        capability_learn(self, line);
        return session_wait(self->env->answer_ms);
    case POP3_STLS:
        if (!line_begins(line, "+OK"))
            return pop3_goodbye(self, true);
        state->phase = POP3_TLS;
        return session_upgrade(self);
    case POP3_TLS:
    case POP3_QUIT:
        break;
    }
    return session_done();
}

static struct session_result pop3_bytes(struct session *self, struct bytes *input)
{
    const struct pop3_state *state = (const struct pop3_state *)self->state;
    struct session_result result = session_wait(self->env->answer_ms);
    if (state->phase == POP3_TLS)
        return upgrade_bytes(self, input);
    if (state->phase == POP3_GREETING) {
        enum recognition found = pop3_recognise(input->data, input->length);
        enum recognition error = recognise_text(input->data, input->length, "-ERR ");
        const struct session_ops *whose = NULL;
        if (error == RECOGNITION_MINE && detect_recognise(input->data, input->length, &whose) == RECOGNITION_MINE)
            return detect_other(self, input);
        if (found == RECOGNITION_NOT_MINE && error == RECOGNITION_NOT_MINE)
            return detect_other(self, input);
        if (found != RECOGNITION_MINE && error != RECOGNITION_MINE)
            return result;
    }
    struct bytes line;
    while (result.verb == SESSION_WAIT && line_take(input, LINE_MAX_BYTES, &line) > 0)
        if (line.length > 0)
            result = pop3_on_line(self, line);
    return result;
}

static struct session_result pop3_event(struct session *self, enum session_event event)
{
    const struct pop3_state *state = (const struct pop3_state *)self->state;
    (void)event;
    if (state->phase == POP3_GREETING)
        return detect_nothing(self);
    if (state->phase == POP3_CAPABILITIES && state->lines > 0)
        learn_cut(self->observation, FIELD(pop3, capabilities));
    return session_done();
}

static const struct field *const pop3_overheard[] = {FIELD(pop3, greeting), NULL};

const struct session_ops session_pop3 = {
    .name = "pop3",
    .state_size = sizeof(struct pop3_state),
    .start = SESSION_SERVER_FIRST,
    .upgrades = true,
    .recognise = pop3_recognise,
    .overheard = pop3_overheard,
    .says = pop3_says,
    .open = pop3_open,
    .bytes = pop3_bytes,
    .event = pop3_event,
    .seal = upgrade_seal,
};
