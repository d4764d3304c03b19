// SPDX-License-Identifier: BSD-3-Clause
// MongoDB (wire protocol of its manual): isMaster, buildInfo, and whether listDatabases is allowed, of which only
// that is kept. The first question is asked in OP_QUERY, which every version answers that word in; who hangs up on it
// is asked in OP_MSG on a further connection. Nothing is written, and nobody is named.

#include "probes/session/bson.h"
#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    HEADER_BYTES = 16,
    MESSAGE_MAX_BYTES = 64 << 10,   // of which more is not waited for
    MESSAGE_LIMIT_BYTES = 48000000, // no server sends a longer one
    OP_REPLY = 1,
    OP_MSG = 2013,
    OP_REPLY_HEAD_BYTES = 20,
    WIRE_VERSION_OP_MSG = 6, // 3.6
    UNAUTHORIZED = 13,
};

enum mongodb_errand { MONGODB_FIRST = 0, MONGODB_OP_MSG };

// Length, number of the request, 0, opcode 2004; flags (a secondary may answer), collection, skip 0, return 1.
#define QUERY(length, number)                                                                                          \
    length "\x00\x00\x00" number "\x00\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00"                                        \
           "\x04\x00\x00\x00"                                                                                          \
           "admin.$cmd\x00\x00\x00\x00\x00\xff\xff\xff\xff"
// The same with opcode 2013; flags, a section of kind 0.
#define MSG(length, number)                                                                                            \
    length "\x00\x00\x00" number "\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00"                                        \
           "\x00\x00\x00\x00\x00"
#define ONE        "\x00\x01\x00\x00\x00" // of a 32-bit number, the NUL of its name before it
#define NAMES_ONLY "\x08nameOnly\x00\x01"
#define IN_ADMIN                                                                                                       \
    "\x02$db\x00\x06\x00\x00\x00"                                                                                      \
    "admin\x00"
#define SECONDARY "\x03$readPreference\x00\x20\x00\x00\x00\x02mode\x00\x11\x00\x00\x00primaryPreferred\x00\x00"

// As drivers say it, in small letters; servers take both, but what stands in for one may not.
#define QUERY_HELLO QUERY("\x3a", "\x01") "\x13\x00\x00\x00\x10ismaster" ONE "\x00"
#define QUERY_BUILD                                                                                                    \
    QUERY("\x3b", "\x02")                                                                                              \
    "\x14\x00\x00\x00\x10"                                                                                             \
    "buildinfo" ONE "\x00"
#define QUERY_LIST QUERY("\x4a", "\x03") "\x23\x00\x00\x00\x10listDatabases" ONE NAMES_ONLY "\x00"
#define MSG_HELLO  MSG("\x34", "\x01") "\x1f\x00\x00\x00\x10hello" ONE IN_ADMIN "\x00"
#define MSG_BUILD                                                                                                      \
    MSG("\x38", "\x02")                                                                                                \
    "\x23\x00\x00\x00\x10"                                                                                             \
    "buildInfo" ONE IN_ADMIN "\x00"
#define MSG_LIST MSG("\x78", "\x03") "\x63\x00\x00\x00\x10listDatabases" ONE NAMES_ONLY IN_ADMIN SECONDARY "\x00"

static const struct say mongodb_says[] = {
    SAY(QUERY_HELLO), SAY_END,        SAY(QUERY_BUILD), SAY_END,       SAY(QUERY_LIST), SAY_END, SAY(MSG_HELLO),
    SAY_END,          SAY(MSG_BUILD), SAY_END,          SAY(MSG_LIST), SAY_END,         SAYS_END};

enum mongodb_phase { MONGODB_HELLO = 0, MONGODB_BUILD, MONGODB_LIST };

struct mongodb_state {
    enum mongodb_phase phase;
    bool messages; // OP_MSG is spoken
};

static struct session_result mongodb_open(struct session *self)
{
    struct mongodb_state *state = (struct mongodb_state *)self->state;
    state->messages = session_argument(self) == MONGODB_OP_MSG;
    return state->messages ? SESSION_ASK_LITERAL(self, MSG_HELLO) : SESSION_ASK_LITERAL(self, QUERY_HELLO);
}

// A reply says how long it is, which request it is for, and in which of two ways it is written.
static enum recognition reply_recognise(const struct mongodb_state *state, const struct bytes *input)
{
    struct bytes head = *input;
    uint32_t length = bytes_u32le(&head);
    if (input->length >= 4 && (length < HEADER_BYTES || length > MESSAGE_LIMIT_BYTES))
        return RECOGNITION_NOT_MINE;
    (void)bytes_u32le(&head);
    uint32_t request = bytes_u32le(&head);
    uint32_t opcode = bytes_u32le(&head);
    if (head.failed)
        return RECOGNITION_UNDECIDED;
    return request == (uint32_t)state->phase + 1 && (opcode == OP_REPLY || opcode == OP_MSG) ? RECOGNITION_MINE
                                                                                             : RECOGNITION_NOT_MINE;
}

// The elements of the document in a whole reply.
static struct bytes reply_document(struct bytes reply)
{
    (void)bytes_take(&reply, HEADER_BYTES - 4);
    uint32_t opcode = bytes_u32le(&reply);
    (void)bytes_take(&reply, opcode == OP_MSG ? 5 : OP_REPLY_HEAD_BYTES);
    return bson_document(&reply);
}

static struct session_result mongodb_on_hello(struct session *self, struct bytes document)
{
    struct mongodb_state *state = (struct mongodb_state *)self->state;
    struct observation *observation = self->observation;
    struct bson_element element;
    int64_t number = 0;
    while (bson_next(&document, &element)) {
        if (bson_is(&element, "maxWireVersion") && bson_number(&element, &number)) {
            learn_number(observation, FIELD(mongodb, max_wire_version), number);
            state->messages = state->messages || number >= WIRE_VERSION_OP_MSG;
        } else if (bson_is(&element, "setName") && element.type == BSON_STRING) {
            learn_text(observation, FIELD(mongodb, replica_set), element.value.data, element.value.length);
        } else if (bson_is(&element, "msg") && element.type == BSON_STRING) {
            static const char router[] = "isdbgrid";
            learn_flag(observation, FIELD(mongodb, router),
                       element.value.length == strlen(router) &&
                           memcmp(element.value.data, router, strlen(router)) == 0);
        } else if ((bson_is(&element, "ismaster") || bson_is(&element, "isWritablePrimary")) &&
                   bson_number(&element, &number)) {
            learn_flag(observation, FIELD(mongodb, primary), number != 0);
        }
    }
    state->phase = MONGODB_BUILD;
    return state->messages ? SESSION_ASK_LITERAL(self, MSG_BUILD) : SESSION_ASK_LITERAL(self, QUERY_BUILD);
}

static struct session_result mongodb_on_build(struct session *self, struct bytes document)
{
    struct mongodb_state *state = (struct mongodb_state *)self->state;
    struct bson_element element;
    while (bson_next(&document, &element))
        if (bson_is(&element, "version") && element.type == BSON_STRING)
            learn_text(self->observation, FIELD(mongodb, version), element.value.data, element.value.length);
    state->phase = MONGODB_LIST;
    return state->messages ? SESSION_ASK_LITERAL(self, MSG_LIST) : SESSION_ASK_LITERAL(self, QUERY_LIST);
}

// Errors had no code before 2.6.
static bool error_is_refusal(int64_t code, struct bytes text)
{
    static const char *const beginnings[] = {"unauthorized", "not authorized", "need to login"};
    bool refusal = code == UNAUTHORIZED;
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        size_t length = strlen(beginnings[i]);
        refusal = refusal || (text.length >= length && memcmp(text.data, beginnings[i], length) == 0);
    }
    return refusal;
}

static struct session_result mongodb_on_list(struct session *self, struct bytes document)
{
    struct observation *observation = self->observation;
    struct bson_element element;
    struct bytes text = {0};
    int64_t ok = -1;
    int64_t code = 0;
    while (bson_next(&document, &element))
        if (bson_is(&element, "ok"))
            (void)bson_number(&element, &ok);
        else if (bson_is(&element, "code") && bson_number(&element, &code))
            learn_number(observation, FIELD(mongodb, error), code);
        else if (bson_is(&element, "errmsg") && element.type == BSON_STRING)
            text = element.value;
    if (text.length > 0)
        learn_text(observation, FIELD(mongodb, error_message), text.data, text.length);
    bool refusal = ok == 0 && error_is_refusal(code, text);
    if (ok == 1 || refusal)
        learn_flag(observation, FIELD(root, open), ok == 1);
    observation->finished = ok == 1 || refusal;
    return session_done();
}

static struct session_result mongodb_on_reply(struct session *self, struct bytes reply)
{
    const struct mongodb_state *state = (const struct mongodb_state *)self->state;
    struct bytes document = reply_document(reply);
    learn_constant(self->observation, FIELD(root, service), "mongodb");
    self->observation->finished = false; // which a tunnel around it may have been
    if (state->phase == MONGODB_HELLO)
        return mongodb_on_hello(self, document);
    return state->phase == MONGODB_BUILD ? mongodb_on_build(self, document) : mongodb_on_list(self, document);
}

// A list of more databases than we care to read begins with them. What else is so long is not looked at.
static struct session_result mongodb_on_long(struct session *self, struct bytes reply)
{
    static const char first[] = "databases";
    const struct mongodb_state *state = (const struct mongodb_state *)self->state;
    (void)bytes_take(&reply, HEADER_BYTES - 4);
    (void)bytes_take(&reply, bytes_u32le(&reply) == OP_MSG ? 5 : OP_REPLY_HEAD_BYTES);
    (void)bytes_take(&reply, 4);
    uint8_t type = bytes_u8(&reply);
    struct bytes name = bytes_slice(&reply, sizeof(first));
    if (state->phase == MONGODB_LIST && !name.failed && type == BSON_ARRAY &&
        memcmp(name.data, first, name.length) == 0) {
        learn_flag(self->observation, FIELD(root, open), true);
        self->observation->finished = true;
    }
    return session_done();
}

static struct session_result mongodb_bytes(struct session *self, struct bytes *input)
{
    const struct mongodb_state *state = (const struct mongodb_state *)self->state;
    struct session_result result = session_wait(self->env->answer_ms);
    while (result.verb == SESSION_WAIT && input->length > 0) {
        enum recognition found = reply_recognise(state, input);
        if (found == RECOGNITION_NOT_MINE)
            return state->phase == MONGODB_HELLO ? detect_other(self, input) : session_done();
        struct bytes rest = *input;
        uint32_t length = bytes_u32le(&rest);
        rest = *input;
        struct bytes reply = bytes_slice(&rest, length < MESSAGE_MAX_BYTES ? length : MESSAGE_MAX_BYTES);
        if (found == RECOGNITION_UNDECIDED || reply.failed)
            return result;
        result = length > MESSAGE_MAX_BYTES ? mongodb_on_long(self, reply) : mongodb_on_reply(self, reply);
        *input = rest;
    }
    return result;
}

static struct session_result mongodb_event(struct session *self, enum session_event event)
{
    const struct mongodb_state *state = (const struct mongodb_state *)self->state;
    const struct errand again = {.kind = ERRAND_MATRIX, .first = &session_mongodb, .argument = MONGODB_OP_MSG};
    if (state->phase != MONGODB_HELLO)
        return session_done();
    if (event == SESSION_CLOSED && self->input.length == 0 && !state->messages && self->below == NULL &&
        session_ask(self, &again))
        return session_done();
    return detect_nothing(self);
}

const struct session_ops session_mongodb = {
    .name = "mongodb",
    .state_size = sizeof(struct mongodb_state),
    .start = SESSION_CLIENT_FIRST,
    .says = mongodb_says,
    .open = mongodb_open,
    .bytes = mongodb_bytes,
    .event = mongodb_event,
};
