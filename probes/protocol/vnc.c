// SPDX-License-Identifier: BSD-3-Clause
// VNC (RFB, RFC 6143): the server greets with a version and is answered with one, and says what security types it has.
// None is chosen: even `none` would let us in. A server of 3.3 chooses one itself. Servers count connections that end
// before somebody has proved himself, so there is one.

#include <stdio.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    GREETING_BYTES = 12,
    REASON_MAX_BYTES = 4096,
    TYPE_INVALID = 0,
    TYPE_NONE = 1,
    TYPE_VNC = 2,
    TYPE_TIGHT = 16,
};

#define RFB_3_3 "RFB 003.003\n"
#define RFB_3_7 "RFB 003.007\n"
#define RFB_3_8 "RFB 003.008\n"

static const struct say vnc_says[] = {SAY(RFB_3_3), SAY_END, SAY(RFB_3_7), SAY_END, SAY(RFB_3_8), SAY_END, SAYS_END};

enum vnc_phase { VNC_GREETING = 0, VNC_TYPE, VNC_TYPES, VNC_REASON };

struct vnc_state {
    enum vnc_phase phase;
};

static enum recognition vnc_recognise(const uint8_t *data, size_t length)
{
    static const char form[] = "RFB ddd.ddd\n";
    for (size_t at = 0; at < GREETING_BYTES && at < length; at++) {
        bool digit = data[at] >= '0' && data[at] <= '9';
        if (form[at] == 'd' ? !digit : data[at] != (uint8_t)form[at])
            return RECOGNITION_NOT_MINE;
    }
    return length < GREETING_BYTES ? RECOGNITION_UNDECIDED : RECOGNITION_MINE;
}

static struct session_result vnc_open(struct session *self)
{
    return session_wait(self->env->silence_ms);
}

static uint32_t number_of(const uint8_t *digits)
{
    return (uint32_t)(digits[0] - '0') * 100 + (uint32_t)(digits[1] - '0') * 10 + (uint32_t)(digits[2] - '0');
}

// 3.3, 3.7 and 3.8 are all there is: whoever claims more (Apple's 3.889, 4.1, 5.0) speaks 3.8, and what lies between
// is 3.3 (7.1.1). A repeater says 0.0 and waits for the name of a server.
static struct session_result vnc_on_greeting(struct session *self, struct bytes greeting)
{
    struct vnc_state *state = (struct vnc_state *)self->state;
    uint32_t major = number_of(greeting.data + 4);
    uint32_t minor = number_of(greeting.data + 8);
    learn_constant(self->observation, FIELD(root, service), "vnc");
    learn_text(self->observation, FIELD(vnc, protocol), greeting.data + 4, 7);
    self->observation->finished = major == 0;
    if (major == 0)
        return session_done();
    state->phase = major == 3 && minor < 7 ? VNC_TYPE : VNC_TYPES;
    if (state->phase == VNC_TYPE)
        return SESSION_ASK_LITERAL(self, RFB_3_3);
    return major == 3 && minor == 7 ? SESSION_ASK_LITERAL(self, RFB_3_7) : SESSION_ASK_LITERAL(self, RFB_3_8);
}

static void type_learn(struct observation *observation, uint32_t type)
{
    static const struct {
        uint32_t type;
        const char *name;
    } names[] = {{TYPE_NONE, "none"},   {TYPE_VNC, "vnc"}, {5, "ra2"},       {6, "ra2ne"},
                 {TYPE_TIGHT, "tight"}, {17, "ultra"},     {18, "tls"},      {19, "vencrypt"},
                 {20, "sasl"},          {22, "xvp"},       {30, "apple-dh"}, {35, "apple-krb"},
                 {36, "apple-srp"},     {113, "mslogon"},  {129, "ra2-256"}, {130, "ra2ne-256"}};
    char number[11];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].type == type) {
            learn_name(observation, FIELD(vnc, security_types), names[i].name, strlen(names[i].name));
            return;
        }
    int length = snprintf(number, sizeof(number), "%u", type);
    learn_name(observation, FIELD(vnc, security_types), number, (size_t)length);
}

// All of these want a password, a key or a ticket. Of others it is not known, and some (TLS, VeNCrypt) have variants
// without, which they tell to whom has chosen them.
static bool wants_credential(uint8_t type)
{
    static const uint8_t types[] = {TYPE_VNC, 5, 6, 20, 22, 30, 33, 35, 36, 113, 129, 130};
    return memchr(types, type, sizeof(types)) != NULL;
}

static void types_learn(struct observation *observation, struct bytes types)
{
    bool open = false;
    bool closed = types.length > 0;
    // Servers that have the type of TightVNC have the same behind it as beside it.
    bool password = memchr(types.data, TYPE_VNC, types.length) != NULL;
    learn_list(observation, FIELD(vnc, security_types));
    for (size_t i = 0; i < types.length; i++) {
        open = open || types.data[i] == TYPE_NONE;
        closed = closed && (wants_credential(types.data[i]) || (types.data[i] == TYPE_TIGHT && password));
        type_learn(observation, types.data[i]);
    }
    if (open || closed)
        learn_flag(observation, FIELD(root, open), open);
    observation->finished = true;
}

static struct session_result vnc_on_reason(struct session *self, struct bytes *input)
{
    struct bytes rest = *input;
    uint32_t length = bytes_u32(&rest);
    if (rest.failed)
        return session_wait(self->env->answer_ms);
    bool whole = length <= REASON_MAX_BYTES;
    struct bytes reason = bytes_slice(&rest, whole ? length : REASON_MAX_BYTES);
    if (reason.failed)
        return session_wait(self->env->answer_ms);
    learn_text(self->observation, FIELD(vnc, refusal), reason.data, reason.length);
    return session_done();
}

// 3.3: four bytes say what the server has chosen.
static struct session_result vnc_on_type(struct session *self, struct bytes *input)
{
    struct vnc_state *state = (struct vnc_state *)self->state;
    struct bytes rest = *input;
    uint32_t type = bytes_u32(&rest);
    if (rest.failed)
        return session_wait(self->env->answer_ms);
    *input = rest;
    state->phase = VNC_REASON;
    if (type == TYPE_INVALID)
        return vnc_on_reason(self, input);
    uint8_t one = type <= UINT8_MAX ? (uint8_t)type : 0;
    if (one != 0)
        types_learn(self->observation, bytes_of(&one, 1));
    return session_done();
}

// 3.7 and later: how many there are, and which.
static struct session_result vnc_on_types(struct session *self, struct bytes *input)
{
    struct vnc_state *state = (struct vnc_state *)self->state;
    struct bytes rest = *input;
    uint8_t count = bytes_u8(&rest);
    struct bytes types = bytes_slice(&rest, count);
    if (rest.failed)
        return session_wait(self->env->answer_ms);
    *input = rest;
    if (count > 0) {
        types_learn(self->observation, types);
        return session_done();
    }
    state->phase = VNC_REASON;
    return vnc_on_reason(self, input);
}

static struct session_result vnc_bytes(struct session *self, struct bytes *input)
{
    struct vnc_state *state = (struct vnc_state *)self->state;
    if (state->phase == VNC_GREETING) {
        enum recognition found = vnc_recognise(input->data, input->length);
        if (found == RECOGNITION_NOT_MINE)
            return detect_other(self, input);
        if (found == RECOGNITION_UNDECIDED)
            return session_wait(self->env->answer_ms);
        struct session_result result = vnc_on_greeting(self, bytes_slice(input, GREETING_BYTES));
        if (result.verb != SESSION_WAIT || input->length == 0)
            return result;
    }
    if (state->phase == VNC_TYPE)
        return vnc_on_type(self, input);
    return state->phase == VNC_TYPES ? vnc_on_types(self, input) : vnc_on_reason(self, input);
}

static struct session_result vnc_event(struct session *self, enum session_event event)
{
    const struct vnc_state *state = (const struct vnc_state *)self->state;
    (void)event;
    return state->phase == VNC_GREETING ? detect_nothing(self) : session_done();
}

static const struct field *const vnc_overheard[] = {FIELD(vnc, protocol), NULL};

const struct session_ops session_vnc = {
    .name = "vnc",
    .state_size = sizeof(struct vnc_state),
    .start = SESSION_SERVER_FIRST,
    .recognise = vnc_recognise,
    .overheard = vnc_overheard,
    .says = vnc_says,
    .open = vnc_open,
    .bytes = vnc_bytes,
    .event = vnc_event,
};
