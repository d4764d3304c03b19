// SPDX-License-Identifier: BSD-3-Clause
// DNS over TCP (RFC 1035, RFC 7766): who are the root's name servers, which every resolver knows and no other server
// does, and version.bind (RFC 4892). What was asked need not be in an answer: of errors it often is not.

#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    HEADER_BYTES = 12,
    RECORDS_MAX = 64,
    LABELS_MAX = 128,
    TEXT_MAX_BYTES = 255,
    FLAG_RESPONSE = 0x8000,
    FLAG_AUTHORITATIVE = 0x0400,
    FLAG_RECURSION_AVAILABLE = 0x0080,
    OPCODE = 0x7800,
    RCODE = 0x000f,
    RCODE_NO_ERROR = 0,
    RCODE_REFUSED = 5,
    TYPE_TXT = 16,
    CLASS_CHAOS = 3,
    ROOT_MESSAGE = 1,
    VERSION_MESSAGE = 2,
};

// Length; number, recursion desired, one question: the root, NS, IN; version.bind, TXT, CH.
#define QUERY_ROOT "\x00\x11\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01"
#define QUERY_VERSION                                                                                                  \
    "\x00\x1e\x00\x02\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04"                                          \
    "bind\x00\x00\x10\x00\x03"

static const struct say dns_says[] = {SAY(QUERY_ROOT), SAY_END, SAY(QUERY_VERSION), SAY_END, SAYS_END};

struct dns_state {
    uint16_t message; // which is being answered
};

static struct session_result dns_open(struct session *self)
{
    ((struct dns_state *)self->state)->message = ROOT_MESSAGE;
    return SESSION_ASK_LITERAL(self, QUERY_ROOT);
}

// The length of a message, its number, and that it is a response to a query.
static enum recognition answer_recognise(const struct bytes *input, uint16_t message)
{
    struct bytes head = *input;
    uint16_t length = bytes_u16(&head);
    if (!head.failed && length < HEADER_BYTES)
        return RECOGNITION_NOT_MINE;
    uint16_t number = bytes_u16(&head);
    if (!head.failed && number != message)
        return RECOGNITION_NOT_MINE;
    uint16_t flags = bytes_u16(&head);
    if (head.failed)
        return RECOGNITION_UNDECIDED;
    return (flags & FLAG_RESPONSE) != 0 && (flags & OPCODE) == 0 ? RECOGNITION_MINE : RECOGNITION_NOT_MINE;
}

// Takes a name without reading it: a pointer ends it (RFC 1035, 4.1.4).
static void name_skip(struct bytes *message)
{
    for (size_t labels = 0; labels < LABELS_MAX; labels++) {
        uint8_t length = bytes_u8(message);
        if (message->failed || length == 0)
            return;
        (void)bytes_take(message, length < 0xc0 ? length : 1);
        if (length >= 0xc0)
            return;
    }
    message->failed = true;
}

// Strings of a length each, one behind the other; those that fit.
static void text_learn(struct observation *observation, struct bytes data)
{
    char text[TEXT_MAX_BYTES];
    size_t kept = 0;
    while (data.length > 0) {
        struct bytes string = bytes_slice(&data, bytes_u8(&data));
        if (string.failed)
            break;
        size_t room = sizeof(text) - kept;
        size_t taken = string.length < room ? string.length : room;
        if (taken > 0)
            memcpy(text + kept, string.data, taken);
        kept += taken;
    }
    if (kept > 0)
        learn_text(observation, FIELD(dns, version), text, kept);
}

static void version_learn(struct observation *observation, struct bytes message, uint16_t questions, uint16_t answers)
{
    for (size_t question = 0; question < questions && question < RECORDS_MAX && !message.failed; question++) {
        name_skip(&message);
        (void)bytes_u32(&message);
    }
    for (size_t answer = 0; answer < answers && answer < RECORDS_MAX; answer++) {
        name_skip(&message);
        uint16_t type = bytes_u16(&message);
        uint16_t class = bytes_u16(&message);
        (void)bytes_u32(&message);
        struct bytes data = bytes_slice(&message, bytes_u16(&message));
        if (data.failed)
            return;
        if (type == TYPE_TXT && class == CLASS_CHAOS) {
            text_learn(observation, data);
            return;
        }
    }
}

// A resolver has the root's servers for whom it serves; one that serves nobody here refuses, or does not offer
// recursion. Offered, and no answer: nothing is claimed.
static void root_learn(struct observation *observation, uint16_t flags, uint16_t answers)
{
    uint16_t rcode = flags & RCODE;
    bool available = (flags & FLAG_RECURSION_AVAILABLE) != 0;
    bool answered = available && rcode == RCODE_NO_ERROR && answers > 0;
    bool refused = rcode == RCODE_REFUSED || (rcode == RCODE_NO_ERROR && !available);
    learn_number(observation, FIELD(dns, rcode), rcode);
    if (rcode == RCODE_NO_ERROR)
        learn_flag(observation, FIELD(dns, authoritative), (flags & FLAG_AUTHORITATIVE) != 0);
    if (!answered && !refused)
        return;
    learn_flag(observation, FIELD(dns, recursion), answered);
    learn_flag(observation, FIELD(root, open), answered);
}

static struct session_result dns_on_answer(struct session *self, struct bytes message)
{
    struct dns_state *state = (struct dns_state *)self->state;
    (void)bytes_u16(&message);
    uint16_t flags = bytes_u16(&message);
    uint16_t questions = bytes_u16(&message);
    uint16_t answers = bytes_u16(&message);
    (void)bytes_u32(&message);
    learn_constant(self->observation, FIELD(root, service), "dns");
    self->observation->finished = false; // which a tunnel around it may have been
    if (state->message == VERSION_MESSAGE) {
        if ((flags & RCODE) == RCODE_NO_ERROR)
            version_learn(self->observation, message, questions, answers);
        self->observation->finished = true;
        return session_done();
    }
    root_learn(self->observation, flags, answers);
    state->message = VERSION_MESSAGE;
    return SESSION_ASK_LITERAL(self, QUERY_VERSION);
}

static struct session_result dns_bytes(struct session *self, struct bytes *input)
{
    const struct dns_state *state = (const struct dns_state *)self->state;
    struct session_result result = session_wait(self->env->answer_ms);
    while (result.verb == SESSION_WAIT && input->length > 0) {
        enum recognition found = answer_recognise(input, state->message);
        if (found == RECOGNITION_NOT_MINE)
            return state->message == ROOT_MESSAGE ? detect_other(self, input) : session_done();
        struct bytes rest = *input;
        struct bytes message = bytes_slice(&rest, bytes_u16(&rest));
        if (found == RECOGNITION_UNDECIDED || message.failed)
            return result;
        result = dns_on_answer(self, message);
        *input = rest;
    }
    return result;
}

static struct session_result dns_event(struct session *self, enum session_event event)
{
    const struct dns_state *state = (const struct dns_state *)self->state;
    (void)event;
    return state->message == ROOT_MESSAGE ? detect_nothing(self) : session_done();
}

const struct session_ops session_dns = {
    .name = "dns",
    .state_size = sizeof(struct dns_state),
    .start = SESSION_CLIENT_FIRST,
    .says = dns_says,
    .open = dns_open,
    .bytes = dns_bytes,
    .event = dns_event,
};
