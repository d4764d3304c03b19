// SPDX-License-Identifier: BSD-3-Clause
// Listening first: hears who speaks unasked and hands over on the same connection. Also the end of every conversation
// with an unknown service, whose first bytes it keeps.

#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

struct listen_state {
    bool keeping; // another session gave up: its bytes are nobody's, unless a later line is
};

// What is known by its name needs no banner; within TLS that may be all there is to know.
static bool is_named(const struct observation *observation)
{
    const char *service = observation_service(observation);
    return service[0] != '\0' && strcmp(service, "tls") != 0;
}

// What was said unasked is a better banner than any complaint.
static void banner_keep(const struct session *self, struct bytes text)
{
    struct observation *observation = self->observation;
    bool better = !session_said(self) || !field_known(observation->root, FIELD(root, banner));
    if (!is_named(observation) && better && text.length > 0)
        learn_text(observation, FIELD(root, banner), text.data, text.length);
}

static struct session_result listen_open(struct session *self)
{
    struct listen_state *state = (struct listen_state *)self->state;
    state->keeping = self->input.length > 0;
    return session_wait(self->env->silence_ms);
}

// A protocol whose own words lines of text may precede, and which has a line.
static const struct session_ops *preamble_find(const struct bytes *input)
{
    const struct session_ops *ops;
    for (size_t row = 0; (ops = session_row(row)) != NULL; row++)
        if (recognise_preamble(ops, input->data, input->length))
            return ops;
    return NULL;
}

static struct session_result listen_end(struct session *self)
{
    banner_keep(self, bytes_of(buffer_bytes(&self->input), self->input.length));
    return detect_rest(self);
}

// A greeting may have many lines: it is whole when nothing more comes, or there is no room.
static struct session_result listen_bytes(struct session *self, struct bytes *input)
{
    const struct listen_state *state = (const struct listen_state *)self->state;
    if (!state->keeping) {
        struct session_result result = detect_other(self, input);
        if (result.next != &session_listen)
            return result;
    }
    const struct session_ops *whose = self->echo == ECHO_NONE ? preamble_find(input) : NULL;
    if (whose != NULL) {
        struct session_result result = detect_named(self, RECOGNITION_MINE, whose);
        if (result.next != &session_listen)
            return result;
    }
    if (input->length <= FIELD(root, banner)->size && !is_named(self->observation))
        return session_wait(self->env->quiet_ms);
    return listen_end(self);
}

static struct session_result listen_event(struct session *self, enum session_event event)
{
    if (self->input.length > 0)
        return listen_end(self);
    const struct session_ops *next = self->mute ? NULL : detect_guess(self);
    if (event == SESSION_SILENCE && next != NULL)
        return session_next(SESSION_BECOME, next);
    return detect_nothing(self);
}

const struct session_ops session_listen = {
    .name = "",
    .start = SESSION_SERVER_FIRST,
    .state_size = sizeof(struct listen_state),
    .open = listen_open,
    .bytes = listen_bytes,
    .event = listen_event,
};
