// SPDX-License-Identifier: BSD-3-Clause
// ZooKeeper ("The Four Letter Words" of its administrator's guide): `srvr`, the one that is answered by default. A
// session of its own protocol is an entry in the ensemble's log, so there is none, and whether strangers may read is
// not learnt.

#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/line.h"
#include "probes/session/registry.h"

enum { LINE_MAX_BYTES = 256, LINES_MAX = 32 };

#define SRVR "srvr"

static const struct say zookeeper_says[] = {SAY(SRVR), SAY_END, SAYS_END};

struct zookeeper_state {
    uint32_t lines;
};

static const char version[] = "Zookeeper version: ";
static const char forbidden[] = "srvr is not executed because it is not in the whitelist.";
static const char idle[] = "This ZooKeeper instance is not currently serving requests";

static enum recognition zookeeper_recognise(const uint8_t *data, size_t length)
{
    static const char *const openings[] = {version, forbidden, idle};
    enum recognition best = RECOGNITION_NOT_MINE;
    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]) && best != RECOGNITION_MINE; i++) {
        enum recognition found = recognise_text(data, length, openings[i]);
        best = found > best ? found : best;
    }
    return best;
}

static struct session_result zookeeper_open(struct session *self)
{
    return SESSION_ASK_LITERAL(self, SRVR);
}

// The decimal number that a text is, bounded; -1 when it is none.
static int64_t number_of(struct bytes text)
{
    int64_t number = 0;
    if (text.length == 0 || text.length > 15)
        return -1;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        number = number * 10 + (text.data[i] - '0');
    }
    return number;
}

static void number_learn(struct observation *observation, const struct field *field, struct bytes text)
{
    int64_t number = number_of(text);
    if (number >= 0)
        learn_number(observation, field, number);
}

// What stands behind the beginning of a line; false when it begins otherwise.
static bool value_take(struct bytes line, const char *name, struct bytes *ret_value)
{
    if (!line_begins(line, name))
        return false;
    (void)bytes_take(&line, strlen(name));
    *ret_value = line;
    return true;
}

// "Node count: 5" is the last line of 3.4; later versions have one more.
static struct session_result zookeeper_on_line(struct session *self, struct bytes line)
{
    struct zookeeper_state *state = (struct zookeeper_state *)self->state;
    struct observation *observation = self->observation;
    struct bytes value;
    learn_constant(observation, FIELD(root, service), "zookeeper");
    observation->finished = false; // which a tunnel around it may have been
    if (value_take(line, version, &value)) {
        const uint8_t *comma = value.length == 0 ? NULL : memchr(value.data, ',', value.length);
        learn_text(observation, FIELD(zookeeper, version), value.data,
                   comma == NULL ? value.length : (size_t)(comma - value.data));
    } else if (value_take(line, "Mode: ", &value)) {
        learn_text(observation, FIELD(zookeeper, mode), value.data, value.length);
    } else if (value_take(line, "Connections: ", &value)) {
        number_learn(observation, FIELD(zookeeper, connections), value);
    } else if (value_take(line, "Node count: ", &value)) {
        number_learn(observation, FIELD(zookeeper, nodes), value);
        observation->finished = true;
        return session_done();
    } else if (line_begins(line, forbidden) || line_begins(line, idle)) {
        learn_text(observation, FIELD(zookeeper, refusal), line.data, line.length);
        return session_done();
    }
    return ++state->lines < LINES_MAX ? session_wait(self->env->answer_ms) : session_done();
}

static struct session_result zookeeper_bytes(struct session *self, struct bytes *input)
{
    const struct zookeeper_state *state = (const struct zookeeper_state *)self->state;
    struct session_result result = session_wait(self->env->answer_ms);
    if (state->lines == 0) {
        enum recognition found = zookeeper_recognise(input->data, input->length);
        if (found != RECOGNITION_MINE)
            return found == RECOGNITION_UNDECIDED ? result : detect_other(self, input);
    }
    struct bytes line;
    while (result.verb == SESSION_WAIT && line_take(input, LINE_MAX_BYTES, &line) > 0)
        result = zookeeper_on_line(self, line);
    return result;
}

static struct session_result zookeeper_event(struct session *self, enum session_event event)
{
    const struct zookeeper_state *state = (const struct zookeeper_state *)self->state;
    (void)event;
    return state->lines == 0 ? detect_nothing(self) : session_done();
}

const struct session_ops session_zookeeper = {
    .name = "zookeeper",
    .state_size = sizeof(struct zookeeper_state),
    .start = SESSION_CLIENT_FIRST,
    .recognise = zookeeper_recognise,
    .says = zookeeper_says,
    .open = zookeeper_open,
    .bytes = zookeeper_bytes,
    .event = zookeeper_event,
};
