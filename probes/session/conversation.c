// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/conversation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probes/session/env.h"
#include "probes/session/hearing.h"
#include "probes/session/recognise.h"
#include "probes/session/registry.h"

enum {
    STACK_MAX = 4,
    HANDOVERS_MAX = 16,         // no chain of sessions is longer; a loop would be a bug of ours
    INPUT_TOTAL_MAX = 320 << 10 // bytes that one connection may feed
};

struct conversation {
    struct session *stack[STACK_MAX];
    uint32_t depth;
    uint32_t input_total;
    uint32_t address;
    const char *name; // of the host, NULL: none
    uint16_t port;
    uint16_t handovers;
    bool ended;           // no more will come
    struct errand errand; // what this connection is for
    struct session_env *env;
    struct agenda *agenda;
    struct observation *observation;
    struct buffer output;
};

static struct session *session_new(struct conversation *conversation, const struct session_ops *ops, uint32_t level)
{
    struct session *session = calloc(1, sizeof(*session) + ops->state_size);
    if (session == NULL)
        return NULL;
    session->ops = ops;
    session->bit = session_bit(ops);
    session->conversation = conversation;
    session->env = conversation->env;
    session->observation = conversation->observation;
    session->address = conversation->address;
    session->port = conversation->port;
    session->name = conversation->name;
    session->below = level == 0 ? NULL : conversation->stack[level - 1];
    return session;
}

static void session_free(struct session *session)
{
    if (session->mute)
        hearing_forget(session, session->ops->overheard);
    if (session->ops->fini != NULL)
        session->ops->fini(session);
    buffer_fini(&session->input);
    free(session);
}

// Remembers what is said first, so that it is known when it comes back.
static void said_keep(struct session *self, const uint8_t *data, size_t length)
{
    size_t room = sizeof(self->said) - self->said_length;
    size_t kept = length < room ? length : room;
    memcpy(self->said + self->said_length, data, kept);
    self->said_length = (uint8_t)(self->said_length + kept);
}

int session_send(struct session *self, const uint8_t *data, size_t length)
{
    self->spoke_up = self->mute;
    if (self->mute || length == 0)
        return 0;
    if (!self->believed)
        said_keep(self, data, length);
    if (self->below != NULL)
        return self->below->ops->seal(self->below, data, length);
    buffer_put(&self->conversation->output, data, length);
    return self->conversation->output.failed ? -ENOMEM : 0;
}

int session_send_text(struct session *self, const char *text)
{
    return session_send(self, (const uint8_t *)text, strlen(text));
}

bool session_said(const struct session *self)
{
    return self->said_length > 0;
}

bool session_ended(const struct session *self)
{
    return self->conversation->ended;
}

bool session_ask(struct session *self, const struct errand *errand)
{
    struct errand whole = *errand;
    // What is asked of TLS is asked the same way.
    if (whole.through == NULL)
        whole.through = session_upgraded(self);
    bool counted = whole.kind == ERRAND_MATRIX && whole.through != NULL && whole.through->counted;
    return !self->mute && !counted && agenda_put(self->conversation->agenda, &whole);
}

const struct session_ops *session_upgraded(const struct session *self)
{
    const struct session_ops *bottom = self->conversation->stack[0]->ops;
    return self->below != NULL && bottom->upgrades ? bottom : NULL;
}

bool session_upgrades_only(const struct session *self)
{
    return self->below == NULL && self->conversation->errand.through != NULL;
}

struct session_result session_upgrade(const struct session *self)
{
    const struct errand *errand = &self->conversation->errand;
    return session_next(SESSION_OVER, errand->through != NULL ? errand->first : &session_tls);
}

struct session_result upgrade_bytes(struct session *self, struct bytes *input)
{
    size_t length = input->length;
    const uint8_t *data = bytes_take(input, length);
    if (length > 0 && session_deliver(self, data, length) != 0)
        return session_failed();
    return session_wait(self->env->answer_ms);
}

int upgrade_seal(struct session *self, const uint8_t *data, size_t length)
{
    return session_send(self, data, length);
}

const struct errand *session_errand(const struct session *self)
{
    return &self->conversation->errand;
}

const struct agenda *session_agenda(const struct session *self)
{
    return self->conversation->agenda;
}

static struct trials *trials_of(const struct session *self)
{
    struct agenda *agenda = self->conversation->agenda;
    return self->below == NULL ? &agenda->clear : &agenda->inside;
}

const struct trials *session_trials(const struct session *self)
{
    return trials_of(self);
}

uint32_t session_argument(const struct session *self)
{
    return self->conversation->errand.argument;
}

const struct session_ops *session_inner(const struct session *self)
{
    return self->conversation->errand.inner;
}

static struct session *session_above(const struct session *self)
{
    const struct conversation *conversation = self->conversation;
    for (uint32_t level = 0; level + 1 < conversation->depth; level++)
        if (conversation->stack[level] == self)
            return conversation->stack[level + 1];
    return NULL;
}

bool session_carries(const struct session *self)
{
    return session_above(self) != NULL;
}

int session_deliver(struct session *self, const uint8_t *data, size_t length)
{
    struct session *above = session_above(self);
    if (above == NULL)
        return -EINVAL;
    buffer_put(&above->input, data, length);
    return above->input.failed ? -ENOMEM : 0;
}

// The session begins. Listening that gets another's unread input only keeps that.
static struct session_result session_open(struct session *session)
{
    struct trials *trials = trials_of(session);
    uint64_t bit = session->bit;
    if (!session->mute && (session->ops != &session_listen || session->input.length == 0)) {
        trials->own = trials->asked == 0 ? bit : trials->own;
        trials->again |= trials->asked & bit;
        trials->asked |= bit;
    }
    struct session_result result = session->ops->open(session);
    session->spoke_up = false;
    session->wait_ms = result.wait_ms;
    return result;
}

static struct session_result session_take(struct session *session)
{
    if (session->ops->bytes == NULL)
        return session_done();
    struct bytes input = bytes_of(buffer_bytes(&session->input), session->input.length);
    struct session_result result = session->ops->bytes(session, &input);
    size_t taken = session->input.length - input.length;
    buffer_drop(&session->input, taken);
    if (taken > 0 && !session->believed) {
        session->believed = true;
        hearing_take(session, trials_of(session));
    }
    // Nothing more comes to who does not answer.
    return session->spoke_up ? session_done() : result;
}

// All that we said came back. Behind STARTTLS that is no TLS, of a server that has said what it is.
static struct session_result session_echo(struct session *session)
{
    if (field_known(session->observation->root, FIELD(root, service)) &&
        strcmp(observation_service(session->observation), "tls") != 0)
        return session_done();
    if (!recognise_named(session))
        learn_constant(session->observation, FIELD(root, service), "echo");
    session->observation->finished = true;
    return session_done();
}

static struct session_result session_feed(struct session *session)
{
    if (session->believed || session->input.length == 0)
        return session_take(session);
    hearing_judge(session, trials_of(session));
    switch (session->echo) {
    case ECHO_UNDECIDED:
        return session_wait(session->wait_ms);
    case ECHO_ALL:
        return session_echo(session);
    case ECHO_LINE:
        if (session->ops != &session_listen)
            return session_next(SESSION_BECOME, &session_listen);
        break;
    case ECHO_NONE:
        break;
    }
    return session_take(session);
}

// Silence, or the end. What could be the beginning of our own words is left as such.
static struct session_result session_happen(struct session *session, enum session_event event)
{
    // Silence is all that a server has to say which waits for the client.
    if (event == SESSION_SILENCE && session->ops == &session_listen)
        trials_of(session)->answered |= session->bit;
    if (session->echo == ECHO_UNDECIDED && !session->believed && session->ops != &session_listen)
        return session_next(SESSION_BECOME, &session_listen);
    return session->ops->event(session, event);
}

// Puts `next` at the level, on top of the stack or in the place of what is there, whose unread input it inherits.
static struct session_result conversation_begin(struct conversation *conversation, uint32_t level,
                                                struct session_result how)
{
    if (level >= STACK_MAX || conversation->handovers++ >= HANDOVERS_MAX)
        return session_done();
    struct session *session = session_new(conversation, how.next, level);
    if (session == NULL)
        return session_failed();
    if (level < conversation->depth) {
        struct session *before = conversation->stack[level];
        session->input = before->input;
        before->input = (struct buffer){0};
        session->believed = before->believed;
        session->mute = before->mute || how.verb == SESSION_OVERHEAR;
        session->said_length = before->said_length;
        memcpy(session->said, before->said, sizeof(session->said));
        session_free(before);
    } else {
        conversation->depth = level + 1;
    }
    conversation->stack[level] = session;
    return session_open(session);
}

// Carries a result of the level's session up the stack, to the point where only the outside world can go on. `ended`
// says that nothing more comes from below.
static struct session_result conversation_settle(struct conversation *conversation, uint32_t level, bool ended,
                                                 struct session_result result)
{
    for (;;) {
        if (result.verb == SESSION_OVER) {
            result = conversation_begin(conversation, level + 1, result);
            if (result.verb != SESSION_WAIT)
                return result;
            // The carrier may hold bytes for it already.
            result = session_feed(conversation->stack[level]);
        } else if (result.verb == SESSION_BECOME || result.verb == SESSION_OVERHEAR) {
            result = conversation_begin(conversation, level, result);
            if (result.verb == SESSION_WAIT && conversation->stack[level]->input.length > 0)
                result = session_feed(conversation->stack[level]);
        } else if (result.verb == SESSION_FAILED) {
            return result;
        } else if (level + 1 < conversation->depth) {
            ended = ended || result.verb == SESSION_DONE;
            level++;
            struct session *above = conversation->stack[level];
            result = above->input.length > 0 ? session_feed(above) : session_wait(above->wait_ms);
        } else if (result.verb == SESSION_DONE || !ended) {
            conversation->stack[level]->wait_ms = result.wait_ms;
            return result;
        } else {
            if (!conversation->ended)
                hearing_end(conversation->stack[level], trials_of(conversation->stack[level]));
            conversation->ended = true;
            result = session_happen(conversation->stack[level], SESSION_CLOSED);
            if (result.verb == SESSION_WAIT)
                result = session_done();
        }
    }
}

// Sessions are released the moment they end: TLS state is ten times everything else.
static void conversation_end(struct conversation *conversation, bool goodbye)
{
    while (conversation->depth > 0) {
        struct session *top = conversation->stack[--conversation->depth];
        session_free(top);
        if (goodbye && conversation->depth > 0) {
            struct session *below = conversation->stack[conversation->depth - 1];
            (void)below->ops->event(below, SESSION_ABOVE_ENDED);
        }
    }
}

static struct conversation_step conversation_finish(struct conversation *conversation, struct session_result result)
{
    bool mute = conversation->depth > 0 && conversation->stack[conversation->depth - 1]->mute;
    if (result.verb == SESSION_FAILED || conversation->output.failed || conversation->observation->failed) {
        conversation_end(conversation, false);
        return (struct conversation_step){.verb = CONVERSATION_FAILED};
    }
    // What is only overheard is no answer to what was asked, and comes at once or not at all.
    conversation->observation->finished = conversation->observation->finished && !mute;
    if (mute && result.wait_ms > conversation->env->quiet_ms)
        result.wait_ms = conversation->env->quiet_ms;
    if (result.verb == SESSION_WAIT)
        return (struct conversation_step){.verb = CONVERSATION_WAIT, .wait_ms = result.wait_ms};
    conversation_end(conversation, true);
    struct conversation_step step = {.verb = CONVERSATION_CLOSE};
    if (agenda_take(conversation->agenda, &step.errand)) {
        step.verb = CONVERSATION_AGAIN;
        step.wait_ms = step.errand.wait_ms;
    }
    return step;
}

struct conversation *conversation_new(struct session_env *env, const struct errand *errand, uint32_t address,
                                      uint16_t port, struct agenda *agenda, struct observation *observation)
{
    struct conversation *conversation = calloc(1, sizeof(*conversation));
    if (conversation == NULL)
        return NULL;
    conversation->env = env;
    conversation->errand = *errand;
    conversation->agenda = agenda;
    conversation->address = address;
    conversation->port = port;
    conversation->observation = observation;
    conversation->stack[0] = session_new(conversation, errand->through != NULL ? errand->through : errand->first, 0);
    if (conversation->stack[0] == NULL) {
        free(conversation);
        return NULL;
    }
    conversation->depth = 1;
    return conversation;
}

void conversation_name(struct conversation *conversation, const char *name)
{
    conversation->name = name;
    conversation->stack[0]->name = name;
}

void conversation_free(struct conversation *conversation)
{
    if (conversation == NULL)
        return;
    conversation_end(conversation, false);
    buffer_fini(&conversation->output);
    free(conversation);
}

struct conversation_step conversation_open(struct conversation *conversation)
{
    return conversation_finish(conversation,
                               conversation_settle(conversation, 0, false, session_open(conversation->stack[0])));
}

struct conversation_step conversation_bytes(struct conversation *conversation, const uint8_t *data, size_t length)
{
    struct session *bottom = conversation->stack[0];
    if (length > 0)
        conversation->observation->spoke = true;
    size_t room = INPUT_TOTAL_MAX - conversation->input_total;
    size_t taken = length < room ? length : room;
    conversation->input_total += (uint32_t)taken;
    buffer_put(&bottom->input, data, taken);
    if (bottom->input.failed)
        return conversation_finish(conversation, session_failed());
    struct session_result result = conversation_settle(conversation, 0, false, session_feed(bottom));
    if (result.verb == SESSION_WAIT && conversation->input_total == INPUT_TOTAL_MAX) {
        // Nobody needs so much to say who it is; what was learnt so far is kept.
        result = conversation_settle(conversation, 0, true, session_wait(0));
    }
    return conversation_finish(conversation, result);
}

struct conversation_step conversation_datagram(struct conversation *conversation, const uint8_t *data, size_t length)
{
    struct session *bottom = conversation->stack[0];
    conversation->observation->spoke = true;
    struct session_result result = session_done();
    if (echo_beginning(bottom->said, bottom->said_length, data, length) == ECHO_ALL)
        result = session_echo(bottom);
    else if (bottom->ops->datagram != NULL)
        result = bottom->ops->datagram(bottom, bytes_of(data, length));
    return conversation_finish(conversation, conversation_settle(conversation, 0, false, result));
}

struct conversation_step conversation_silence(struct conversation *conversation)
{
    uint32_t level = conversation->depth - 1;
    struct session *top = conversation->stack[level];
    return conversation_finish(conversation,
                               conversation_settle(conversation, level, false, session_happen(top, SESSION_SILENCE)));
}

struct conversation_step conversation_closed(struct conversation *conversation)
{
    return conversation_finish(conversation, conversation_settle(conversation, 0, true, session_wait(0)));
}

const uint8_t *conversation_output(const struct conversation *conversation, size_t *ret_length)
{
    *ret_length = conversation->output.length;
    return buffer_bytes(&conversation->output);
}

void conversation_output_take(struct conversation *conversation, size_t length)
{
    buffer_drop(&conversation->output, length);
}
