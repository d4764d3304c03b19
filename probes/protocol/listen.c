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

// What is known by its name needs no banner; within TLS that may be all there is to know.
static bool is_named(const struct observation *observation)
{
    const char *service = observation_service(observation);
    return service[0] != '\0' && strcmp(service, "tls") != 0;
}

static void banner_keep(struct observation *observation, const uint8_t *data, size_t length)
{
    if (!is_named(observation) && !field_known(observation->root, FIELD(root, banner)) && length > 0)
        learn_text(observation, FIELD(root, banner), data, length);
}

static struct session_result listen_open(struct session *self)
{
    struct listen_state *state = (struct listen_state *)self->state;
    state->keeping = self->input.length > 0;
    return session_wait(self->env->silence_ms);
}

// A protocol whose own words lines of text may precede, and the line that has them.
static const struct session_ops *preamble_find(const struct bytes *input)
{
    struct bytes rest = *input;
    const uint8_t *feed;
    while (rest.length > 0 && (feed = memchr(rest.data, '\n', rest.length)) != NULL) {
        const struct session_ops *whose = NULL;
        (void)bytes_take(&rest, (size_t)(feed - rest.data) + 1);
        if (detect_recognise(rest.data, rest.length, &whose) == RECOGNITION_MINE && whose->preamble)
            return whose;
    }
    return NULL;
}

// A greeting may have many lines: it is whole when nothing more comes, or there is no room.
static struct session_result listen_bytes(struct session *self, struct bytes *input)
{
    const struct listen_state *state = (const struct listen_state *)self->state;
    if (!state->keeping) {
        struct session_result result = detect_other(self, input);
        if (result.next != &session_listen)
            return result;
        const struct session_ops *whose = session_said(self) ? NULL : preamble_find(input);
        if (whose != NULL && self->below == NULL)
            return session_next(SESSION_BECOME, whose);
    }
    if (input->length <= FIELD(root, banner)->size && !is_named(self->observation))
        return session_wait(self->env->quiet_ms);
    banner_keep(self->observation, input->data, input->length);
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
