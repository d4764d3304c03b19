// SPDX-License-Identifier: BSD-3-Clause
// One further connection to a server that is known to speak TLS: a hello of our own that asks one thing (tls_matrix.h),
// and what the server says to it in the clear. No handshake is completed.

#include <errno.h>
#include <string.h>

#include "probes/protocol/tls/tls_alert.h"
#include "probes/protocol/tls/tls_chain.h"
#include "probes/protocol/tls/tls_flight.h"
#include "probes/protocol/tls/tls_matrix.h"
#include "probes/protocol/tls/tls_names.h"
#include "probes/protocol/tls/tls_offer.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

struct version_state {
    struct tls_flight flight;
    enum tls_matrix_step step;
    uint16_t version; // that is asked for
    uint16_t chosen;  // of the preference: the cipher of an earlier answer
    uint16_t answer;  // the version that the server has chosen
    uint16_t cipher;  // likewise
    bool answered;    // its ServerHello came
};

static const struct say version_says[] = {
    SAY("\x16\x03\x01"),
    SAY_REST,
    SAY_END,
    SAY("\x16\x03\x00"),
    SAY_REST,
    SAY_END,
    SAY("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80\x02\x00\x80\x03\x00\x80\x04\x00\x80\x05\x00\x80"
        "\x06\x00\x40\x07\x00\xc0"),
    SAY_ANY(16),
    SAY_END,
    SAYS_END,
};

// Where it is known what is spoken inside, and that it is no web page, a list of others' names is out of place.
static bool names_fit(const struct session *self)
{
    const struct observation *observation = self->observation;
    const char *service = observation_service(observation);
    bool known = service[0] != '\0' && strcmp(service, session_tls.name) != 0;
    return session_upgraded(self) == NULL && (!known || observation_has(observation, PART_http));
}

static int hello_write(struct session *self, struct buffer *ret_record)
{
    struct version_state *state = (struct version_state *)self->state;
    const struct observation *observation = self->observation;
    static const uint16_t of_step[TLS_STEP_COUNT] = {
        [TLS_STEP_1_2] = TLS_1_2,   [TLS_STEP_1_1] = TLS_1_1,   [TLS_STEP_1_0] = TLS_1_0,
        [TLS_STEP_SSL3] = TLS_SSL3, [TLS_STEP_SSL2] = TLS_SSL2, [TLS_STEP_HYBRID] = TLS_1_3,
    };
    bool names = names_fit(self);
    state->version = of_step[state->step];
    if (state->step == TLS_STEP_PREFERENCE) {
        state->version = tls_matrix_newest(observation);
        const struct tls_version_observation *row = tls_matrix_row(observation, state->version);
        state->chosen = row == NULL || !row->known.cipher ? 0 : tls_cipher_number(row->cipher.data);
        return state->chosen == 0 ? -ENOENT
                                  : tls_offer_reversed(state->version, state->chosen, names, self->name, ret_record);
    }
    if (state->step == TLS_STEP_HYBRID)
        return tls_offer_hybrid(self->name, ret_record);
    if (state->step == TLS_STEP_SSL2)
        return tls_offer_ssl2(ret_record);
    return state->version == 0 ? -ENOENT : tls_offer_version(state->version, names, self->name, ret_record);
}

static struct session_result version_open(struct session *self)
{
    struct version_state *state = (struct version_state *)self->state;
    struct buffer record = {0};
    state->step = tls_matrix_step(self);
    int error = hello_write(self, &record);
    if (error == 0)
        error = session_send(self, buffer_bytes(&record), record.length);
    buffer_fini(&record);
    if (error == -ENOMEM)
        return session_failed();
    if (error != 0) {
        // A cipher without a name has no place in an order; there may be other things to ask.
        tls_matrix_continue(self, false, false);
        return session_done();
    }
    return session_wait(self->env->answer_ms);
}

// This connection is done.
static struct session_result version_end(struct session *self, bool silent, bool hybrid_only)
{
    tls_matrix_continue(self, silent, hybrid_only);
    return session_done();
}

// The server would not.
static struct session_result version_refused(struct session *self, const char *reason)
{
    const struct version_state *state = (const struct version_state *)self->state;
    if (state->step == TLS_STEP_HYBRID)
        learn_flag(self->observation, FIELD(tls, post_quantum), false);
    else if (state->step != TLS_STEP_PREFERENCE && !state->answered)
        tls_matrix_refused(self, state->version, reason);
    return version_end(self, false, false);
}

// The answer to TLS 1.3's hello without a key share: the group that the server would have.
static bool hybrid_learn(struct session *self, const struct tls_server_hello *hello)
{
    uint16_t bits = 0;
    if (hello->version != TLS_1_3 || hello->group == 0)
        return false;
    if (!tls_group_hybrid(hello->group))
        return true;
    learn_flag(self->observation, FIELD(tls, post_quantum), true);
    learn_constant(self->observation, FIELD(tls, post_quantum_group), tls_group_name(hello->group, &bits));
    return false;
}

// What a ServerHello teaches. True when more is wanted of this connection.
static bool hello_learn(struct session *self, const struct tls_server_hello *hello)
{
    struct version_state *state = (struct version_state *)self->state;
    state->answered = true;
    state->answer = hello->version;
    state->cipher = hello->cipher;
    if (state->step == TLS_STEP_PREFERENCE || state->step == TLS_STEP_HYBRID)
        return false;
    tls_matrix_answered(self, hello, state->version);
    struct observation *observation = self->observation;
    if (hello->version < TLS_SSL3 || hello->version > state->version)
        return false;
    if (!observation->tls->known.version) {
        // No handshake has come as far as this one, which is not completed either.
        const char *name = tls_cipher_name(hello->cipher);
        learn_constant(observation, FIELD(tls, version), tls_version_name(hello->version));
        if (name != NULL)
            learn_constant(observation, FIELD(tls, cipher), name);
        learn_flag(observation, FIELD(tls, handshake_complete), false);
    }
    enum tls_exchange exchange = tls_cipher_exchange(hello->cipher);
    bool keyless = exchange == TLS_EXCHANGE_DH_ANON || exchange == TLS_EXCHANGE_ECDH_ANON ||
                   exchange == TLS_EXCHANGE_PSK || exchange == TLS_EXCHANGE_PSK_EPHEMERAL;
    bool exchanges =
        (exchange >= TLS_EXCHANGE_DHE && exchange <= TLS_EXCHANGE_ECDH_ANON) || exchange == TLS_EXCHANGE_RSA_EXPORT;
    return exchanges || (!keyless && !observation->tls->known.sha256);
}

static struct session_result hello_bytes(struct session *self, struct bytes body)
{
    const struct version_state *state = (const struct version_state *)self->state;
    struct tls_server_hello hello;
    if (tls_server_hello_read(body, &hello) != 0)
        return version_end(self, false, false);
    if (hello_learn(self, &hello))
        return session_wait(self->env->answer_ms);
    bool preference = state->step == TLS_STEP_PREFERENCE;
    if (preference && hello.version == state->version)
        learn_constant(self->observation, FIELD(tls, preference), hello.cipher == state->chosen ? "server" : "client");
    bool asks_again = (preference || state->step == TLS_STEP_HYBRID) && hybrid_learn(self, &hello);
    return version_end(self, false, preference && asks_again);
}

static struct session_result message_bytes(struct session *self, const struct tls_flight_piece *piece)
{
    struct version_state *state = (struct version_state *)self->state;
    if (!state->answered)
        return piece->type == TLS_FLIGHT_SERVER_HELLO ? hello_bytes(self, piece->body)
                                                      : version_end(self, false, false);
    if (piece->type == TLS_FLIGHT_CERTIFICATE && !self->observation->tls->known.sha256)
        chain_observe_message(self, piece->body, false);
    if (piece->type == TLS_FLIGHT_SERVER_KEY_EXCHANGE)
        tls_matrix_exchange(self, state->answer, state->cipher, piece->body);
    enum tls_exchange exchange = tls_cipher_exchange(state->cipher);
    bool certificate_is_all = exchange == TLS_EXCHANGE_RSA || exchange == TLS_EXCHANGE_STATIC;
    if (piece->type == TLS_FLIGHT_SERVER_KEY_EXCHANGE || piece->type == TLS_FLIGHT_SERVER_HELLO_DONE ||
        (piece->type == TLS_FLIGHT_CERTIFICATE && certificate_is_all))
        return version_end(self, false, false);
    return session_wait(self->env->answer_ms);
}

static struct session_result alert_bytes(struct session *self, const struct tls_flight_piece *piece)
{
    enum { WARNING = 1, CLOSE_NOTIFY = 0, NO_APPLICATION_PROTOCOL = 120 };
    const char *name = tls_alert_name(piece->alert);
    if (piece->level == WARNING && piece->alert != CLOSE_NOTIFY)
        return session_wait(self->env->answer_ms);
    // Versions come before applications: it is our list of names that it did not like.
    if (piece->alert == NO_APPLICATION_PROTOCOL)
        return version_end(self, false, false);
    return version_refused(self, name == NULL ? "unknown-alert" : name);
}

static void service_learn(struct session *self)
{
    if (observation_service(self->observation)[0] != '\0')
        return;
    learn_constant(self->observation, FIELD(root, service), "tls");
    tls_matrix_heard(self);
}

static struct session_result tls_bytes(struct session *self, struct bytes *input)
{
    struct version_state *state = (struct version_state *)self->state;
    for (;;) {
        struct tls_flight_piece piece = tls_flight_take(&state->flight, input);
        struct session_result result = session_wait(self->env->answer_ms);
        if (state->flight.spoke)
            service_learn(self);
        if (piece.kind == TLS_FLIGHT_FAILED)
            return session_failed();
        if (piece.kind == TLS_FLIGHT_MORE)
            return result;
        if (piece.kind == TLS_FLIGHT_STRANGE)
            return state->flight.spoke ? version_end(self, false, false) : version_refused(self, "not-tls");
        if (piece.kind == TLS_FLIGHT_SECRET)
            return version_end(self, false, false);
        result = piece.kind == TLS_FLIGHT_ALERT ? alert_bytes(self, &piece) : message_bytes(self, &piece);
        if (result.verb != SESSION_WAIT)
            return result;
    }
}

// A record of SSL 2.0 begins with its length in fifteen bits, behind a bit that is set where there is no padding.
static struct session_result ssl2_bytes(struct session *self, struct bytes *input)
{
    enum { SSL2_HEADER_BYTES = 2, SSL2_ERROR = 0 };
    struct bytes record = *input;
    size_t header = bytes_u16(&record);
    if ((input->data[0] & 0x80) == 0)
        return tls_bytes(self, input);
    if (record.failed || record.length < (header & 0x7fff))
        return session_wait(self->env->answer_ms);
    struct bytes content = bytes_slice(&record, header & 0x7fff);
    struct tls_ssl2_server_hello hello;
    if (content.length > 0 && content.data[0] == SSL2_ERROR)
        return version_refused(self, "ssl2-error");
    if (tls_ssl2_server_hello_read(content, &hello) != 0)
        return version_refused(self, "not-tls");
    service_learn(self);
    if (hello.cipher_specs.length == 0)
        return version_refused(self, "no-ciphers");
    tls_matrix_answered_ssl2(self, &hello);
    if (hello.certificate.length > 0 && !self->observation->tls->known.sha256)
        chain_observe_one(self, hello.certificate);
    return version_end(self, false, false);
}

static struct session_result version_bytes(struct session *self, struct bytes *input)
{
    const struct version_state *state = (const struct version_state *)self->state;
    return state->step == TLS_STEP_SSL2 ? ssl2_bytes(self, input) : tls_bytes(self, input);
}

static struct session_result version_event(struct session *self, enum session_event event)
{
    const struct version_state *state = (const struct version_state *)self->state;
    if (event == SESSION_ABOVE_ENDED)
        return session_done();
    bool began = state->flight.spoke || self->input.length > 0;
    if (event == SESSION_SILENCE)
        return version_end(self, !began, false);
    // What has begun to answer and breaks off has not refused.
    return began ? version_end(self, false, false) : version_refused(self, "closed");
}

static void version_fini(struct session *self)
{
    struct version_state *state = (struct version_state *)self->state;
    tls_flight_fini(&state->flight);
}

const struct session_ops session_tls_version = {
    .name = "tls_version",
    .service = "tls",
    .start = SESSION_CLIENT_FIRST,
    .says = version_says,
    .state_size = sizeof(struct version_state),
    .open = version_open,
    .bytes = version_bytes,
    .event = version_event,
    .fini = version_fini,
};
