// SPDX-License-Identifier: BSD-3-Clause
// TLS as a client of our own that takes what it gets: TLS 1.3 and the common suites of 1.2 to the end, of what is older
// what is said in the clear; OpenSSL's client (tls_openssl.c) holds those handshakes on a further connection. Ours
// costs a third of OpenSSL's 3.0, which spends most of its time on objects and locks. Records are taken here; tls13.c,
// tls_clear.c and tls12.c take messages.

#include <errno.h>
#include <string.h>

#include "probes/protocol/tls/der.h"
#include "probes/protocol/tls/tls12.h"
#include "probes/protocol/tls/tls12_record.h"
#include "probes/protocol/tls/tls13.h"
#include "probes/protocol/tls/tls_alert.h"
#include "probes/protocol/tls/tls_clear.h"
#include "probes/protocol/tls/tls_matrix.h"
#include "probes/protocol/tls/tls_send.h"
#include "probes/protocol/tls/tls_tunnel.h"
#include "probes/session/detect.h"
#include "probes/session/registry.h"

enum {
    TLS_MAJOR = 3,
    TLS_MESSAGE_AT = 5,    // in the first record: what kind of message it begins
    IDLE_RECORDS_MAX = 32, // OpenSSL's bound too
};

// RFC 8446 section 5.1: type, version, length. Minor versions up to 4 have been seen in records.
static enum recognition tls_recognise(const uint8_t *data, size_t length)
{
    if (data[0] != TLS_CONTENT_ALERT && data[0] != TLS_CONTENT_HANDSHAKE)
        return RECOGNITION_NOT_MINE;
    if ((length >= 2 && data[1] != TLS_MAJOR) || (length >= 3 && data[2] > 4))
        return RECOGNITION_NOT_MINE;
    // A server never says a ClientHello: that would be ours, coming back changed.
    if (data[0] == TLS_CONTENT_HANDSHAKE && length > TLS_MESSAGE_AT && data[TLS_MESSAGE_AT] == TLS_CLIENT_HELLO)
        return RECOGNITION_NOT_MINE;
    return length > (data[0] == TLS_CONTENT_HANDSHAKE ? TLS_MESSAGE_AT : 2) ? RECOGNITION_MINE : RECOGNITION_UNDECIDED;
}

static const struct say tls_says[] = {SAY("\x16\x03"), SAY_REST, SAY_END, SAYS_END};

static struct session_result tls_open(struct session *self)
{
    return tls13_hello(self) ? session_wait(self->env->answer_ms) : session_failed();
}

// A record that says nothing is suffered for a while.
static enum tls_outcome idle(struct session *self)
{
    struct tls_state *state = tls_state_of(self);
    return state->idle_records++ < IDLE_RECORDS_MAX ? TLS_OUTCOME_ON
                                                    : tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
}

// Another hello may do where ours was refused, unless it was refused for whom or what it was about.
static bool alert_is_final(uint8_t code)
{
    return code == TLS_ALERT_UNRECOGNIZED_NAME || code == TLS_ALERT_ACCESS_DENIED;
}

// RFC 8446 section 6. Below TLS 1.3, and before we know, a warning may precede an ordinary handshake.
static enum tls_outcome alert_take(struct session *self, struct bytes body)
{
    struct tls_state *state = tls_state_of(self);
    uint8_t level = bytes_u8(&body);
    uint8_t code = bytes_u8(&body);
    if (body.failed || body.length != 0)
        return tls_send_alert(self, TLS_ALERT_DECODE_ERROR);
    if (level == TLS_ALERT_WARNING && code != TLS_ALERT_CLOSE_NOTIFY)
        return idle(self);
    state->closed = true;
    if (level != TLS_ALERT_FATAL)
        return TLS_OUTCOME_END;
    const char *name = tls_alert_name(code);
    if (name != NULL)
        learn_constant(self->observation, FIELD(tls, alert), name);
    return state->stage == TLS_STAGE_HELLO && !alert_is_final(code) ? TLS_OUTCOME_LIBRARY : TLS_OUTCOME_END;
}

static enum tls_outcome hello_take(struct session *self, const struct tls_handshake *message, size_t rest)
{
    struct tls_server_hello hello;
    if (message->type != TLS_SERVER_HELLO)
        return tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
    if (tls_server_hello_read(message->body, &hello) != 0)
        return tls_send_alert(self, TLS_ALERT_DECODE_ERROR);
    tls_matrix_answered_first(self, &hello);
    return hello.version == TLS_1_3 ? tls13_server_hello(self, &hello, message, rest)
                                    : tls_clear_hello(self, &hello, message);
}

static enum tls_outcome message_take(struct session *self, const struct tls_handshake *message, size_t rest)
{
    switch (tls_state_of(self)->stage) {
    case TLS_STAGE_HELLO:
        return hello_take(self, message, rest);
    case TLS_STAGE_CLEAR:
        return tls_clear_message(self, message);
    default:
        return tls_state_of(self)->older != NULL ? tls12_message(self, message, rest)
                                                 : tls13_message(self, message, rest);
    }
}

static enum tls_outcome handshake_take(struct session *self, struct bytes content)
{
    struct tls_state *state = tls_state_of(self);
    enum tls_outcome step = TLS_OUTCOME_ON;
    if (content.length == 0)
        return idle(self);
    while (step == TLS_OUTCOME_ON) {
        struct tls_handshake message;
        switch (tls_handshake_take(&state->message, &content, &message)) {
        case TLS_HANDSHAKE_PARTIAL:
            return TLS_OUTCOME_ON;
        case TLS_HANDSHAKE_WHOLE:
            step = message_take(self, &message, content.length);
            break;
        case TLS_HANDSHAKE_TOO_LONG:
            if (message.type == TLS_CERTIFICATE)
                learn_constant(self->observation, FIELD(tls, refused), "message-size");
            return tls_send_alert(self, TLS_ALERT_ILLEGAL_PARAMETER);
        default:
            return TLS_OUTCOME_FAILED;
        }
    }
    return step;
}

static enum tls_outcome data_take(struct session *self, struct bytes content)
{
    struct tls_state *state = tls_state_of(self);
    if (state->stage != TLS_STAGE_OPEN)
        return tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
    if (content.length == 0)
        return idle(self);
    return session_deliver(self, content.data, content.length) == 0 ? TLS_OUTCOME_ON : TLS_OUTCOME_FAILED;
}

static enum tls_outcome plain_take(struct session *self, const struct tls_record *record)
{
    const struct tls_state *state = tls_state_of(self);
    // RFC 8446 section 5.1: no other record between those of one message.
    if (record->type != TLS_CONTENT_HANDSHAKE && tls_handshake_begun(&state->message))
        return tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
    switch (record->type) {
    case TLS_CONTENT_ALERT:
        return alert_take(self, record->body);
    case TLS_CONTENT_HANDSHAKE:
        return handshake_take(self, record->body);
    case TLS_CONTENT_APPLICATION_DATA:
        return data_take(self, record->body);
    default:
        return tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
    }
}

// What opening a record came to.
static enum tls_outcome opened_take(struct session *self, int error, const struct tls_record *plain)
{
    switch (error) {
    case 0:
        return plain_take(self, plain);
    case -EBADMSG:
        return tls_send_alert(self, TLS_ALERT_BAD_RECORD_MAC);
    case -EMSGSIZE:
        return tls_send_alert(self, TLS_ALERT_RECORD_OVERFLOW);
    default:
        return TLS_OUTCOME_FAILED;
    }
}

// Of TLS 1.2: a type is what it says, also of what is encrypted.
static enum tls_outcome older_take(struct session *self, const struct tls_record *record)
{
    struct tls_state *state = tls_state_of(self);
    struct tls_record plain;
    if (record->type == TLS_CONTENT_CHANGE_CIPHER_SPEC && !state->changed)
        return der_equal(record->body, "\x01", 1) ? tls12_change(self)
                                                  : tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
    if (!state->changed)
        return plain_take(self, record);
    int error = tls12_record_open(self->env->kit, state->older, &state->read, record, &plain);
    return opened_take(self, error, &plain);
}

static enum tls_outcome record_take(struct session *self, const struct tls_record *record)
{
    struct tls_state *state = tls_state_of(self);
    struct tls_record plain;
    if (state->older != NULL)
        return older_take(self, record);
    if (record->type == TLS_CONTENT_CHANGE_CIPHER_SPEC)
        return state->stage == TLS_STAGE_OPEN || !der_equal(record->body, "\x01", 1)
                   ? tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE)
                   : idle(self); // RFC 8446 section 5, for middleboxes
    if (state->suite == NULL)
        return record->type == TLS_CONTENT_APPLICATION_DATA ? tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE)
                                                            : plain_take(self, record);
    if (record->type != TLS_CONTENT_APPLICATION_DATA) {
        // A server that could not read us says so before it has keys.
        return record->type == TLS_CONTENT_ALERT && state->stage != TLS_STAGE_OPEN
                   ? alert_take(self, record->body)
                   : tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
    }
    int error = tls_record_open(self->env->kit, state->suite, &state->read, record, &plain);
    return opened_take(self, error, &plain);
}

// Nothing more comes of this connection. What was opened is not known to have been incomplete.
static struct session_result tls_end(struct session *self)
{
    if (tls_state_of(self)->stage != TLS_STAGE_OPEN)
        learn_flag(self->observation, FIELD(tls, handshake_complete), false);
    tls_matrix_begin(self);
    return session_done();
}

static struct session_result step_result(struct session *self, enum tls_outcome step)
{
    switch (step) {
    case TLS_OUTCOME_OPEN:
        return tls_tunnel_begin(self, tls_state_of(self)->application);
    case TLS_OUTCOME_END:
        return tls_end(self);
    case TLS_OUTCOME_LIBRARY:
        if (!tls_ask_openssl(self))
            return tls_end(self);
        // An alert has ended the handshake, if perhaps not the last one.
        if (tls_state_of(self)->closed)
            learn_flag(self->observation, FIELD(tls, handshake_complete), false);
        return session_done();
    case TLS_OUTCOME_FAILED:
        return session_failed();
    default:
        return session_wait(self->env->answer_ms);
    }
}

// A server of SSL 2.0 takes our hello for one of its own, or says that it cannot: a record with the highest bit set,
// and in it SERVER-HELLO of version 0.2 or ERROR.
static enum recognition ssl2_recognise(const uint8_t *data, size_t length)
{
    enum { MSG_ERROR = 0, MSG_SERVER_HELLO = 4, ERROR_BYTES = 3, VERSION_AT = 5 };
    if ((data[0] & 0x80) == 0)
        return RECOGNITION_NOT_MINE;
    if (length < 3)
        return RECOGNITION_UNDECIDED;
    if (data[2] == MSG_ERROR && data[0] == 0x80 && data[1] == ERROR_BYTES)
        return RECOGNITION_MINE;
    if (data[2] != MSG_SERVER_HELLO)
        return RECOGNITION_NOT_MINE;
    if (length < VERSION_AT + 2)
        return RECOGNITION_UNDECIDED;
    return data[VERSION_AT] == 0 && data[VERSION_AT + 1] == TLS_SSL2 ? RECOGNITION_MINE : RECOGNITION_NOT_MINE;
}

// What it speaks is asked for in its own words.
static struct session_result ssl2_answered(struct session *self)
{
    learn_constant(self->observation, FIELD(root, service), "tls");
    learn_flag(self->observation, FIELD(tls, handshake_complete), false);
    tls_matrix_refused(self, TLS_1_3, "older-version");
    tls_matrix_refused(self, TLS_1_2, "older-version");
    tls_matrix_begin(self);
    return session_done();
}

static struct session_result tls_bytes(struct session *self, struct bytes *input)
{
    struct tls_state *state = tls_state_of(self);
    if (!state->recognised) {
        enum recognition old = ssl2_recognise(input->data, input->length);
        if (old == RECOGNITION_MINE)
            return ssl2_answered(self);
        if (old == RECOGNITION_UNDECIDED)
            return session_wait(self->env->answer_ms);
        enum recognition found = tls_recognise(input->data, input->length);
        if (found == RECOGNITION_UNDECIDED)
            return session_wait(self->env->answer_ms);
        if (found == RECOGNITION_NOT_MINE)
            return detect_other(self, input);
        state->recognised = true;
        tls_service_learn(self);
    }
    enum tls_outcome step = state->closed ? TLS_OUTCOME_END : TLS_OUTCOME_ON;
    while (step == TLS_OUTCOME_ON) {
        struct tls_record record;
        size_t most = state->suite == NULL ? TLS_RECORD_BYTES_MAX : TLS_CIPHERTEXT_BYTES_MAX;
        enum tls_record_state found = tls_record_take(input, most, &record);
        if (found == TLS_RECORD_PARTIAL)
            break;
        step = found == TLS_RECORD_WHOLE ? record_take(self, &record) : tls_send_alert(self, TLS_ALERT_RECORD_OVERFLOW);
    }
    return step_result(self, step);
}

static struct session_result tls_event(struct session *self, enum session_event event)
{
    struct tls_state *state = tls_state_of(self);
    if (event == SESSION_ABOVE_ENDED) {
        if (!state->closed)
            (void)tls_send_alert(self, TLS_ALERT_CLOSE_NOTIFY);
        return session_done();
    }
    if (state->recognised)
        return tls_end(self);
    if (event == SESSION_CLOSED && !self->observation->spoke)
        tls_matrix_begin_unheard(self);
    return detect_nothing(self);
}

static int tls_seal(struct session *self, const uint8_t *data, size_t length)
{
    // A peer that has broken the tunnel hears no more of us.
    if (tls_state_of(self)->closed)
        return 0;
    return tls_send(self, TLS_CONTENT_APPLICATION_DATA, data, length) ? 0 : -ENOMEM;
}

static void tls_fini(struct session *self)
{
    struct tls_state *state = tls_state_of(self);
    EVP_MD_CTX_free(state->transcript);
    EVP_PKEY_free(state->key);
    buffer_fini(&state->hello);
    buffer_fini(&state->message.kept);
}

const struct session_ops session_tls = {
    .name = "tls",
    .start = SESSION_CLIENT_FIRST,
    .guess = 2,
    .recognise = tls_recognise,
    .says = tls_says,
    .state_size = sizeof(struct tls_state),
    .open = tls_open,
    .bytes = tls_bytes,
    .event = tls_event,
    .seal = tls_seal,
    .fini = tls_fini,
};
