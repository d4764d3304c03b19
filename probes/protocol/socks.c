// SPDX-License-Identifier: BSD-3-Clause
// SOCKS 5 (RFC 1928, 3): a client that has no method but "no authentication", which a proxy for anybody takes. Nothing
// is asked to be connected to.

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    SOCKS_VERSION = 5,
    ANSWER_BYTES = 2,
    METHOD_NONE_NEEDED = 0,
    METHOD_NONE_ACCEPTABLE = 0xff,
};

#define METHODS "\x05\x01\x00"

static const struct say socks_says[] = {SAY(METHODS), SAY_END, SAYS_END};

static struct session_result socks_open(struct session *self)
{
    return SESSION_ASK_LITERAL(self, METHODS);
}

// Two bytes say little: they are an answer only when no third follows.
static enum recognition answer_recognise(const uint8_t *data, size_t length)
{
    static const int16_t accepted[] = {SOCKS_VERSION, METHOD_NONE_NEEDED};
    static const int16_t refused[] = {SOCKS_VERSION, METHOD_NONE_ACCEPTABLE};
    enum recognition open = recognise_octets(data, length, accepted, ANSWER_BYTES);
    enum recognition closed = recognise_octets(data, length, refused, ANSWER_BYTES);
    return length > ANSWER_BYTES ? RECOGNITION_NOT_MINE : open > closed ? open : closed;
}

static struct session_result socks_bytes(struct session *self, struct bytes *input)
{
    enum recognition found = answer_recognise(input->data, input->length);
    if (found == RECOGNITION_NOT_MINE)
        return detect_other(self, input);
    return session_wait(found == RECOGNITION_MINE ? self->env->quiet_ms : self->env->answer_ms);
}

// The server has said no more than that, or has closed behind it, as it does who accepts nothing.
static struct session_result socks_event(struct session *self, enum session_event event)
{
    (void)event;
    if (answer_recognise(buffer_bytes(&self->input), self->input.length) != RECOGNITION_MINE)
        return detect_nothing(self);
    uint8_t method = buffer_bytes(&self->input)[1];
    learn_constant(self->observation, FIELD(root, service), "socks");
    learn_number(self->observation, FIELD(socks, version), SOCKS_VERSION);
    learn_number(self->observation, FIELD(socks, method), method);
    learn_flag(self->observation, FIELD(root, open), method == METHOD_NONE_NEEDED);
    self->observation->finished = true;
    return session_done();
}

const struct session_ops session_socks = {
    .name = "socks",
    .start = SESSION_CLIENT_FIRST,
    .says = socks_says,
    .open = socks_open,
    .bytes = socks_bytes,
    .event = socks_event,
};
