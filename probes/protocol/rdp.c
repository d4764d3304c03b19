// SPDX-License-Identifier: BSD-3-Clause
// Remote Desktop (MS-RDPBCGR 2.2.1.1 and 2.2.1.2; X.224 in TPKT, RFC 1006): a connection request that offers all there
// is, as Windows' own client does, whose answer says what the server likes best. When that is NLA a further connection
// offers TLS alone: only a refusal says that it is required. Where TLS was chosen it is spoken, without a login in it.
// No user is named.

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    TPKT_BYTES = 4,
    CONFIRM_MIN_BYTES = TPKT_BYTES + 7,
    CONFIRM_MAX_BYTES = 512,
    TYPE_RESPONSE = 2,
    TYPE_FAILURE = 3,
    PROTOCOL_TLS = 1,
    PROTOCOL_NLA = 2,
    PROTOCOL_NLA_EX = 8,
    FAILURE_HYBRID_REQUIRED = 5,
};

enum rdp_errand { RDP_FIRST = 0, RDP_TLS_ALONE };

// TPKT; a connection request of class 0; RDP_NEG_REQ: TLS, NLA, and NLA with an early answer.
#define REQUEST     "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x0b\x00\x00\x00"
#define REQUEST_TLS "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x01\x00\x00\x00"

static const struct say rdp_says[] = {SAY(REQUEST), SAY_END, SAY(REQUEST_TLS), SAY_END, SAYS_END};

struct rdp_state {
    bool carries; // TLS was begun on this connection
};

static bool is_tls_alone(const struct session *self)
{
    return !session_upgrades_only(self) && session_argument(self) == RDP_TLS_ALONE;
}

// Within the TLS that was negotiated a login would come next, which does not come.
static struct session_result rdp_open(struct session *self)
{
    if (session_upgraded(self) != NULL) {
        self->observation->finished = field_known(self->observation->rdp, FIELD(rdp, nla_required));
        return session_done();
    }
    return is_tls_alone(self) ? SESSION_ASK_LITERAL(self, REQUEST_TLS) : SESSION_ASK_LITERAL(self, REQUEST);
}

// A connection confirm of class 0.
static enum recognition confirm_recognise(const struct bytes *input)
{
    static const int16_t confirm[] = {3,
                                      0,
                                      RECOGNISE_ANY,
                                      RECOGNISE_ANY,
                                      RECOGNISE_ANY,
                                      0xd0,
                                      RECOGNISE_ANY,
                                      RECOGNISE_ANY,
                                      RECOGNISE_ANY,
                                      RECOGNISE_ANY,
                                      0};
    struct bytes head = *input;
    enum recognition found =
        recognise_octets(input->data, input->length, confirm, sizeof(confirm) / sizeof(confirm[0]));
    (void)bytes_u16(&head);
    uint16_t length = bytes_u16(&head);
    bool sensible = head.failed || (length >= CONFIRM_MIN_BYTES && length <= CONFIRM_MAX_BYTES);
    return sensible ? found : RECOGNITION_NOT_MINE;
}

static void strangers_learn(struct observation *observation, bool required)
{
    learn_flag(observation, FIELD(rdp, nla_required), required);
    // Who sees a login screen is not in yet, and what is behind it is not tried.
    if (required)
        learn_flag(observation, FIELD(root, open), false);
    observation->finished = true;
}

// What was chosen of everything. One that likes TLS or its own encryption best has no NLA.
static void choice_learn(struct session *self, uint32_t protocol)
{
    const struct errand tls_alone = {.kind = ERRAND_MATRIX, .first = &session_rdp, .argument = RDP_TLS_ALONE};
    struct observation *observation = self->observation;
    const char *name = protocol == 0                 ? "rdp"
                       : protocol == PROTOCOL_TLS    ? "tls"
                       : protocol == PROTOCOL_NLA    ? "nla"
                       : protocol == PROTOCOL_NLA_EX ? "nla-ex"
                                                     : NULL;
    if (name == NULL)
        return;
    bool nla = protocol == PROTOCOL_NLA || protocol == PROTOCOL_NLA_EX;
    learn_constant(observation, FIELD(rdp, selected), name);
    learn_flag(observation, FIELD(rdp, tls), protocol != 0);
    learn_flag(observation, FIELD(rdp, nla), nla);
    if (!nla)
        strangers_learn(observation, false);
    else if (self->below == NULL)
        (void)session_ask(self, &tls_alone);
}

static void failure_learn(struct session *self, uint32_t code)
{
    static const char *const names[] = {NULL,
                                        "ssl-required",
                                        "ssl-not-allowed",
                                        "no-certificate",
                                        "inconsistent-flags",
                                        "hybrid-required",
                                        "ssl-with-user-required"};
    struct observation *observation = self->observation;
    if (code < sizeof(names) / sizeof(names[0]) && names[code] != NULL)
        learn_constant(observation, FIELD(rdp, failure), names[code]);
    if (code != FAILURE_HYBRID_REQUIRED)
        return;
    learn_flag(observation, FIELD(rdp, tls), true);
    learn_flag(observation, FIELD(rdp, nla), true);
    strangers_learn(observation, true);
}

// Without the part of the negotiation the server knows of none: its own encryption is all it has.
static struct session_result rdp_on_confirm(struct session *self, struct bytes negotiation)
{
    struct rdp_state *state = (struct rdp_state *)self->state;
    uint8_t type = bytes_u8(&negotiation);
    (void)bytes_u8(&negotiation); // flags
    (void)bytes_u16le(&negotiation);
    uint32_t value = bytes_u32le(&negotiation);
    bool chosen = !negotiation.failed && type == TYPE_RESPONSE;
    state->carries = chosen && self->below == NULL && !is_tls_alone(self) &&
                     (value == PROTOCOL_TLS || value == PROTOCOL_NLA || value == PROTOCOL_NLA_EX);
    if (session_upgrades_only(self))
        return state->carries ? session_upgrade(self) : session_done();
    learn_constant(self->observation, FIELD(root, service), "rdp");
    self->observation->finished = false; // which a tunnel around it may have been
    if (!negotiation.failed && type == TYPE_FAILURE)
        failure_learn(self, value);
    else if (!is_tls_alone(self))
        choice_learn(self, chosen ? value : 0);
    else if (chosen && value == PROTOCOL_TLS)
        strangers_learn(self->observation, false);
    return state->carries ? session_upgrade(self) : session_done();
}

static struct session_result rdp_bytes(struct session *self, struct bytes *input)
{
    if (((const struct rdp_state *)self->state)->carries)
        return upgrade_bytes(self, input);
    enum recognition found = confirm_recognise(input);
    if (found == RECOGNITION_NOT_MINE)
        return detect_other(self, input);
    struct bytes stream = *input;
    (void)bytes_u16(&stream);
    uint16_t length = bytes_u16(&stream);
    struct bytes confirm = bytes_slice(&stream, length > TPKT_BYTES ? (size_t)length - TPKT_BYTES : 0);
    if (found == RECOGNITION_UNDECIDED || confirm.failed)
        return session_wait(self->env->answer_ms);
    *input = stream;
    (void)bytes_take(&confirm, CONFIRM_MIN_BYTES - TPKT_BYTES);
    return rdp_on_confirm(self, confirm);
}

static struct session_result rdp_event(struct session *self, enum session_event event)
{
    (void)event;
    bool known = observation_has(self->observation, PART_rdp);
    return known ? session_done() : detect_nothing(self);
}

const struct session_ops session_rdp = {
    .name = "rdp",
    .state_size = sizeof(struct rdp_state),
    .start = SESSION_CLIENT_FIRST,
    .upgrades = true,
    .says = rdp_says,
    .open = rdp_open,
    .bytes = rdp_bytes,
    .event = rdp_event,
    .seal = upgrade_seal,
};
