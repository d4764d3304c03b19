// SPDX-License-Identifier: BSD-3-Clause
// A mail server (RFC 5321): its greeting, heard to its end because who talks before that is taken for a spammer, then
// EHLO and QUIT. No sender is named and no recipient. That somebody may leave mail here is what such a server is for;
// whether it passes on everybody's could be learnt only by naming one, so `open` is not learnt.

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/line.h"
#include "probes/session/registry.h"
#include "probes/session/reply.h"

enum { SERVICE_READY = 220, SERVICE_CLOSING = 421, ACTION_OKAY = 250 };

// A name that is nobody's (RFC 2606 section 2).
#define EHLO     "EHLO scanner.invalid\r\n"
#define STARTTLS "STARTTLS\r\n"
#define QUIT     "QUIT\r\n"

static const struct say smtp_says[] = {SAY(EHLO), SAY_END, SAY(STARTTLS), SAY_END, SAY(QUIT), SAY_END, SAYS_END};

enum smtp_phase { SMTP_GREETING = 0, SMTP_EHLO, SMTP_STARTTLS, SMTP_TLS, SMTP_QUIT };

struct smtp_state {
    enum smtp_phase phase;
};

static enum recognition smtp_recognise(const uint8_t *data, size_t length)
{
    return reply_recognise(data, length, "SMTP");
}

static struct session_result smtp_goodbye(struct session *self)
{
    struct smtp_state *state = (struct smtp_state *)self->state;
    state->phase = SMTP_QUIT;
    return session_send_text(self, QUIT) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

// Within the TLS that it was asked for nothing is new.
static struct session_result smtp_open(struct session *self)
{
    return session_upgraded(self) == NULL ? session_wait(self->env->answer_ms) : smtp_goodbye(self);
}

static struct session_result smtp_on_greeting(struct session *self, const struct reply *reply)
{
    struct smtp_state *state = (struct smtp_state *)self->state;
    const struct errand later = {.kind = ERRAND_RETRY, .first = &session_smtp, .wait_ms = ERRAND_LATER_MS};
    if (!session_upgrades_only(self)) {
        learn_constant(self->observation, FIELD(root, service), "smtp");
        learn_text(self->observation, FIELD(smtp, greeting), reply->text.data, reply->text.length);
        self->observation->finished = false; // which a tunnel around it may have been
    }
    if (reply->code == SERVICE_CLOSING && self->below == NULL)
        (void)session_ask(self, &later);
    if (reply->code == SERVICE_CLOSING || reply->cut)
        return session_done();
    if (reply->code != SERVICE_READY) {
        self->observation->finished = true; // it has told all that it tells us
        return smtp_goodbye(self);
    }
    state->phase = SMTP_EHLO;
    return session_send_text(self, EHLO) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

// "AUTH PLAIN LOGIN", or of old "AUTH=LOGIN".
static void extension_learn(struct observation *observation, struct bytes line)
{
    learn_name(observation, FIELD(smtp, extensions), line.data, line.length);
    if (!line_begins(line, "AUTH ") && !line_begins(line, "AUTH="))
        return;
    (void)bytes_take(&line, sizeof("AUTH ") - 1);
    learn_names(observation, FIELD(smtp, auth), line.data, line.length, ' ');
}

// Writes down what it offers; true when STARTTLS is among it.
static bool extensions_learn(struct session *self, const struct reply *reply)
{
    struct observation *observation = self->observation;
    struct bytes text = reply->text;
    struct bytes line;
    bool starttls = false;
    bool known = session_upgrades_only(self);
    if (!known)
        learn_list(observation, FIELD(smtp, extensions));
    (void)reply_line(&text, &line); // who it is
    while (reply_line(&text, &line)) {
        if (!known)
            extension_learn(observation, line);
        starttls = starttls || (line.length == 8 && line_begins(line, "STARTTLS"));
    }
    if (self->below == NULL && (starttls || !reply->cut))
        learn_flag(observation, FIELD(smtp, starttls), starttls);
    if (reply->cut)
        learn_cut(observation, FIELD(smtp, extensions));
    return starttls;
}

static struct session_result smtp_on_ehlo(struct session *self, const struct reply *reply)
{
    struct smtp_state *state = (struct smtp_state *)self->state;
    bool starttls = reply->code == ACTION_OKAY && extensions_learn(self, reply);
    if (!starttls || self->below != NULL || reply->cut) {
        if (!session_upgrades_only(self))
            self->observation->finished = reply->code == ACTION_OKAY;
        return smtp_goodbye(self);
    }
    state->phase = SMTP_STARTTLS;
    return session_send_text(self, STARTTLS) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

static struct session_result smtp_on_starttls(struct session *self, const struct reply *reply)
{
    struct smtp_state *state = (struct smtp_state *)self->state;
    if (reply->code != SERVICE_READY) {
        self->observation->finished = true; // it has said all that it says to us
        return smtp_goodbye(self);
    }
    state->phase = SMTP_TLS;
    return session_upgrade(self);
}

static struct session_result smtp_bytes(struct session *self, struct bytes *input)
{
    const struct smtp_state *state = (const struct smtp_state *)self->state;
    struct session_result result = session_wait(self->env->answer_ms);
    struct reply reply;
    if (state->phase == SMTP_TLS)
        return upgrade_bytes(self, input);
    if (state->phase == SMTP_GREETING) {
        enum recognition found = reply_greeting(self, input);
        if (found != RECOGNITION_MINE)
            return found == RECOGNITION_UNDECIDED ? result : detect_other(self, input);
    }
    while (result.verb == SESSION_WAIT && reply_take(input, &reply) > 0)
        if (state->phase == SMTP_GREETING)
            result = smtp_on_greeting(self, &reply);
        else if (state->phase == SMTP_EHLO)
            result = smtp_on_ehlo(self, &reply);
        else if (state->phase == SMTP_STARTTLS)
            result = smtp_on_starttls(self, &reply);
        else
            result = session_done();
    return result;
}

static struct session_result smtp_event(struct session *self, enum session_event event)
{
    const struct smtp_state *state = (const struct smtp_state *)self->state;
    (void)event;
    if (state->phase != SMTP_GREETING)
        return session_done();
    const uint8_t *data = buffer_bytes(&self->input);
    size_t length = self->input.length;
    if (length == 0 || session_upgrades_only(self) || !reply_names(data, length, "SMTP"))
        return detect_nothing(self);
    // It began to greet, and did not come to an end.
    while (data[length - 1] == '\n' || data[length - 1] == '\r')
        length--;
    learn_constant(self->observation, FIELD(root, service), "smtp");
    learn_text(self->observation, FIELD(smtp, greeting), data, length);
    learn_cut(self->observation, FIELD(smtp, greeting));
    return session_done();
}

static const struct field *const smtp_overheard[] = {FIELD(smtp, greeting), NULL};

const struct session_ops session_smtp = {
    .name = "smtp",
    .state_size = sizeof(struct smtp_state),
    .start = SESSION_SERVER_FIRST,
    .upgrades = true,
    .recognise = smtp_recognise,
    .overheard = smtp_overheard,
    .says = smtp_says,
    .open = smtp_open,
    .bytes = smtp_bytes,
    .event = smtp_event,
    .seal = upgrade_seal,
};
