// SPDX-License-Identifier: BSD-3-Clause
// Listening first: hears who speaks unasked and hands over on the same connection. Also the end of every conversation
// with an unknown service, whose first bytes it keeps.

#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

struct listen_state {
    bool keeping; // another session gave up: only the banner is wanted
};

// How much of the input is the banner, or 0 while more is needed: the first line of a text, else as much as there is
// room.
static size_t banner_find(const uint8_t *data, size_t length)
{
    const size_t most = FIELD(root, banner)->size;
    for (size_t at = 0; at < length && at < most; at++) {
        if (data[at] == '\n')
            return at + 1;
        if (data[at] < ' ' && data[at] != '\r' && data[at] != '\t')
            break;
    }
    return length >= most ? most : 0;
}

static void banner_keep(struct observation *observation, const uint8_t *data, size_t length)
{
    const char *service = observation_service(observation);
    // What is known by its name needs none; within TLS that may be all there is to know.
    bool named = service[0] != '\0' && strcmp(service, "tls") != 0;
    if (!named && !field_known(observation->root, FIELD(root, banner)) && length > 0)
        learn_text(observation, FIELD(root, banner), data, length);
}

static struct session_result listen_open(struct session *self)
{
    struct listen_state *state = (struct listen_state *)self->state;
    state->keeping = self->input.length > 0;
    return session_wait(self->env->silence_ms);
}

static struct session_result listen_bytes(struct session *self, struct bytes *input)
{
    const struct listen_state *state = (const struct listen_state *)self->state;
    if (!state->keeping) {
        struct session_result result = detect_other(self, input);
        if (result.next != &session_listen)
            return result;
    }
    size_t length = banner_find(input->data, input->length);
    if (length == 0)
        return session_wait(self->env->silence_ms);
    banner_keep(self->observation, input->data, length);
    return session_done();
}

static struct session_result listen_event(struct session *self, enum session_event event)
{
    if (self->input.length > 0) {
        banner_keep(self->observation, buffer_bytes(&self->input), self->input.length);
        return session_done();
    }
    const struct session_ops *next = self->below == NULL ? detect_guess(self) : NULL;
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
