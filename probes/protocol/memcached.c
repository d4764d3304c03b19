// SPDX-License-Identifier: BSD-3-Clause
// memcached's text protocol (doc/protocol.txt of its source): `version`, which reads nothing of the cache, and `quit`.
// A server that answers it lets strangers in; one that wants a password says "CLIENT_ERROR unauthenticated".

#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/line.h"
#include "probes/session/registry.h"

enum { LINE_MAX_BYTES = 256 };

static const struct say memcached_says[] = {SAY("version\r\n"), SAY_END, SAY("quit\r\n"), SAY_END, SAYS_END};

static enum recognition memcached_recognise(const uint8_t *data, size_t length)
{
    // ERROR is its answer to other protocols' words, and many another's; the others are its own.
    static const char *const openings[] = {"VERSION ", "CLIENT_ERROR ", "SERVER_ERROR "};
    enum recognition error = recognise_text(data, length, "ERROR\r\n");
    enum recognition best = error == RECOGNITION_MINE ? RECOGNITION_SHARED : error;
    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]) && best != RECOGNITION_MINE; i++) {
        enum recognition found = recognise_text(data, length, openings[i]);
        best = found > best ? found : best;
    }
    return best;
}

static struct session_result memcached_open(struct session *self)
{
    return session_send_text(self, "version\r\n") == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

static struct session_result memcached_goodbye(struct session *self, bool finished)
{
    self->observation->finished = finished;
    return session_send_text(self, "quit\r\n") == 0 ? session_done() : session_failed();
}

static struct session_result memcached_on_line(struct session *self, struct bytes line)
{
    static const char version[] = "VERSION ";
    size_t word = sizeof(version) - 1;
    learn_constant(self->observation, FIELD(root, service), "memcached");
    if (line_begins(line, version)) {
        learn_text(self->observation, FIELD(memcached, version), line.data + word, line.length - word);
        learn_flag(self->observation, FIELD(root, open), true);
        return memcached_goodbye(self, true);
    }
    learn_text(self->observation, FIELD(memcached, refusal), line.data, line.length);
    bool locked = line_begins(line, "CLIENT_ERROR unauthenticated");
    if (locked)
        learn_flag(self->observation, FIELD(root, open), false);
    return memcached_goodbye(self, locked);
}

static struct session_result memcached_bytes(struct session *self, struct bytes *input)
{
    struct bytes line;
    enum recognition found = memcached_recognise(input->data, input->length);
    // Who answers our own question so as anybody does is not memcached.
    if (found == RECOGNITION_NOT_MINE || found == RECOGNITION_SHARED)
        return detect_other(self, input);
    if (found == RECOGNITION_UNDECIDED || line_take(input, LINE_MAX_BYTES, &line) == 0)
        return session_wait(self->env->answer_ms);
    return memcached_on_line(self, line);
}

static struct session_result memcached_event(struct session *self, enum session_event event)
{
    (void)event;
    return detect_nothing(self);
}

const struct session_ops session_memcached = {
    .name = "memcached",
    .start = SESSION_CLIENT_FIRST,
    .recognise = memcached_recognise,
    .says = memcached_says,
    .open = memcached_open,
    .bytes = memcached_bytes,
    .event = memcached_event,
};
