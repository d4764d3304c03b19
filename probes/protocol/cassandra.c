// SPDX-License-Identifier: BSD-3-Clause
// Cassandra (CQL binary protocol v4 of its source): OPTIONS, STARTUP, and of a node that is ready for anybody its own
// release out of system.local, which drivers read first too. Who is asked to authenticate hangs up.

#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    FRAME_MAX_BYTES = 64 << 10,
    VERSION_RESPONSE = 0x80,
    VERSION_NEWEST = 6,
    OP_ERROR = 0x00,
    OP_READY = 0x02,
    OP_AUTHENTICATE = 0x03,
    OP_SUPPORTED = 0x06,
    OP_RESULT = 0x08,
    RESULT_ROWS = 2,
    ROWS_GLOBAL_TABLE = 1,
};

#define OPTIONS "\x04\x00\x00\x00\x05\x00\x00\x00\x00"
#define STARTUP                                                                                                        \
    "\x04\x00\x00\x01\x01\x00\x00\x00\x16\x00\x01\x00\x0b"                                                             \
    "CQL_VERSION\x00\x05"                                                                                              \
    "3.0.0"
// Consistency ONE, no flags.
#define QUERY                                                                                                          \
    "\x04\x00\x00\x02\x07\x00\x00\x00\x2f\x00\x00\x00\x28"                                                             \
    "SELECT release_version FROM system.local\x00\x01\x00"

static const struct say cassandra_says[] = {SAY(OPTIONS), SAY_END, SAY(STARTUP), SAY_END,
                                            SAY(QUERY),   SAY_END, SAYS_END};

enum cassandra_phase { CASSANDRA_OPTIONS = 0, CASSANDRA_STARTUP, CASSANDRA_QUERY };

struct cassandra_state {
    enum cassandra_phase phase;
};

struct frame {
    uint8_t opcode;
    uint32_t length;
    struct bytes body;
};

static struct session_result cassandra_open(struct session *self)
{
    return SESSION_ASK_LITERAL(self, OPTIONS);
}

// Version, flags, stream, opcode, length; versions 1 and 2 had one byte for the stream.
static enum recognition frame_read(struct bytes *input, struct frame *ret_frame)
{
    struct bytes head = *input;
    uint8_t version = bytes_u8(&head);
    uint8_t number = version & 0x7f;
    if ((version & VERSION_RESPONSE) == 0 || number == 0 || number > VERSION_NEWEST)
        return RECOGNITION_NOT_MINE;
    uint8_t flags = bytes_u8(&head);
    (void)bytes_take(&head, number < 3 ? 1 : 2);
    uint8_t opcode = bytes_u8(&head);
    if (!head.failed && (flags > 0x1f || opcode > 0x10))
        return RECOGNITION_NOT_MINE;
    uint32_t length = bytes_u32(&head);
    if (head.failed)
        return RECOGNITION_UNDECIDED;
    if (length > FRAME_MAX_BYTES)
        return RECOGNITION_NOT_MINE;
    struct bytes body = bytes_slice(&head, length);
    if (body.failed)
        return RECOGNITION_UNDECIDED;
    *ret_frame = (struct frame){.opcode = opcode, .length = length, .body = body};
    *input = head;
    return RECOGNITION_MINE;
}

static struct bytes string_take(struct bytes *body)
{
    return bytes_slice(body, bytes_u16(body));
}

static bool bytes_begin(struct bytes bytes, const char *text)
{
    return bytes.length >= strlen(text) && memcmp(bytes.data, text, strlen(text)) == 0;
}

// A multimap of names: each has a list of values.
static struct session_result cassandra_on_supported(struct session *self, struct bytes body)
{
    struct cassandra_state *state = (struct cassandra_state *)self->state;
    struct observation *observation = self->observation;
    bool scylla = false;
    for (uint16_t entries = bytes_u16(&body); entries > 0 && !body.failed; entries--) {
        struct bytes name = string_take(&body);
        const struct field *field = bytes_begin(name, "CQL_VERSION")         ? FIELD(cassandra, cql_versions)
                                    : bytes_begin(name, "PROTOCOL_VERSIONS") ? FIELD(cassandra, protocol_versions)
                                                                             : NULL;
        scylla = scylla || bytes_begin(name, "SCYLLA_");
        for (uint16_t values = bytes_u16(&body); values > 0 && !body.failed; values--) {
            struct bytes value = string_take(&body);
            if (field != NULL && !value.failed)
                learn_name(observation, field, value.data, value.length);
        }
    }
    learn_flag(observation, FIELD(cassandra, scylla), scylla);
    state->phase = CASSANDRA_STARTUP;
    return SESSION_ASK_LITERAL(self, STARTUP);
}

static struct session_result cassandra_on_startup(struct session *self, const struct frame *frame)
{
    struct cassandra_state *state = (struct cassandra_state *)self->state;
    struct bytes body = frame->body;
    if (frame->opcode == OP_READY) {
        learn_flag(self->observation, FIELD(root, open), true);
        state->phase = CASSANDRA_QUERY;
        return SESSION_ASK_LITERAL(self, QUERY);
    }
    struct bytes authenticator = string_take(&body);
    if (authenticator.failed)
        return session_done();
    learn_text(self->observation, FIELD(cassandra, authenticator), authenticator.data, authenticator.length);
    learn_flag(self->observation, FIELD(root, open), false);
    self->observation->finished = true;
    return session_done();
}

// Rows: flags, how many columns, their table and the one's name and type, how many rows, and the one value.
static struct session_result cassandra_on_result(struct session *self, struct bytes body)
{
    uint32_t kind = bytes_u32(&body);
    uint32_t flags = bytes_u32(&body);
    uint32_t columns = bytes_u32(&body);
    self->observation->finished = true;
    if (kind != RESULT_ROWS || (flags & ~(uint32_t)ROWS_GLOBAL_TABLE) != 0 || columns != 1)
        return session_done();
    for (size_t text = 0; text < 3; text++) // keyspace, table and column, with the table said once or with the column
        (void)string_take(&body);
    (void)bytes_u16(&body);
    uint32_t rows = bytes_u32(&body);
    struct bytes value = bytes_slice(&body, bytes_u32(&body));
    if (rows > 0 && !value.failed)
        learn_text(self->observation, FIELD(cassandra, release), value.data, value.length);
    return session_done();
}

// An error of a node that lets everybody in may be about what was asked; before that it says nothing of strangers.
static struct session_result cassandra_on_error(struct session *self, struct bytes body)
{
    const struct cassandra_state *state = (const struct cassandra_state *)self->state;
    uint32_t code = bytes_u32(&body);
    struct bytes text = string_take(&body);
    if (text.failed)
        return session_done();
    learn_number(self->observation, FIELD(cassandra, error), code);
    learn_text(self->observation, FIELD(cassandra, error_message), text.data, text.length);
    self->observation->finished = state->phase == CASSANDRA_QUERY;
    return session_done();
}

static struct session_result cassandra_on_frame(struct session *self, const struct frame *frame)
{
    const struct cassandra_state *state = (const struct cassandra_state *)self->state;
    learn_constant(self->observation, FIELD(root, service), "cassandra");
    self->observation->finished = false; // which a tunnel around it may have been
    if (frame->opcode == OP_ERROR)
        return cassandra_on_error(self, frame->body);
    if (frame->opcode == OP_SUPPORTED && state->phase == CASSANDRA_OPTIONS)
        return cassandra_on_supported(self, frame->body);
    if ((frame->opcode == OP_READY || frame->opcode == OP_AUTHENTICATE) && state->phase == CASSANDRA_STARTUP)
        return cassandra_on_startup(self, frame);
    if (frame->opcode == OP_RESULT && state->phase == CASSANDRA_QUERY)
        return cassandra_on_result(self, frame->body);
    return session_done();
}

static struct session_result cassandra_bytes(struct session *self, struct bytes *input)
{
    struct session_result result = session_wait(self->env->answer_ms);
    while (result.verb == SESSION_WAIT && input->length > 0) {
        struct frame frame;
        enum recognition found = frame_read(input, &frame);
        if (found == RECOGNITION_UNDECIDED)
            return result;
        if (found == RECOGNITION_NOT_MINE)
            return !recognise_named(self) ? detect_other(self, input) : session_done();
        result = cassandra_on_frame(self, &frame);
    }
    return result;
}

static struct session_result cassandra_event(struct session *self, enum session_event event)
{
    (void)event;
    return !recognise_named(self) ? detect_nothing(self) : session_done();
}

const struct session_ops session_cassandra = {
    .name = "cassandra",
    .state_size = sizeof(struct cassandra_state),
    .start = SESSION_CLIENT_FIRST,
    .says = cassandra_says,
    .open = cassandra_open,
    .bytes = cassandra_bytes,
    .event = cassandra_event,
};
