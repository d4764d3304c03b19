// SPDX-License-Identifier: BSD-3-Clause
// TLS 1.0 to 1.3 as a client that takes what it gets: the whole handshake with OpenSSL over memory, then what is spoken
// inside. Nothing is verified, everything is written down.

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"
#include "probes/session/tunnel.h"
#include "probes/protocol/tls/tls_bounds.h"
#include "probes/protocol/tls/tls_certificate.h"

struct tls_state {
    SSL *ssl;
    BIO *from_peer;  // owned by ssl
    BIO *to_peer;    // owned by ssl
    bool recognised; // the first bytes were a TLS record
};

enum { PIECE = 4096, TLS_MAJOR = 3, TLS_ALERT = 21, TLS_HANDSHAKE = 22, TLS_CLIENT_HELLO = 1, TLS_MESSAGE_AT = 5 };

// RFC 8446 section 5.1: type, version, length. Minor versions up to 4 have been seen in records.
static enum recognition tls_recognise(const uint8_t *data, size_t length)
{
    if (data[0] != TLS_ALERT && data[0] != TLS_HANDSHAKE)
        return RECOGNITION_NOT_MINE;
    if ((length >= 2 && data[1] != TLS_MAJOR) || (length >= 3 && data[2] > 4))
        return RECOGNITION_NOT_MINE;
    // A server never says a ClientHello: that would be ours, coming back changed.
    if (data[0] == TLS_HANDSHAKE && length > TLS_MESSAGE_AT && data[TLS_MESSAGE_AT] == TLS_CLIENT_HELLO)
        return RECOGNITION_NOT_MINE;
    return length > (data[0] == TLS_HANDSHAKE ? TLS_MESSAGE_AT : 2) ? RECOGNITION_MINE : RECOGNITION_UNDECIDED;
}

static const struct say tls_says[] = {SAY("\x16\x03"), SAY_REST, SAY_END, SAYS_END};

// RFC 8446 section 6 and, of older versions, RFC 5246 section 7.2 and RFC 6066.
static const struct {
    int code;
    const char *name;
} alerts[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {21, "decryption_failed"},
    {22, "record_overflow"},
    {30, "decompression_failure"},
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {60, "export_restriction"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {111, "certificate_unobtainable"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {114, "bad_certificate_hash_value"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
};

static void alert_record(const SSL *ssl, int where, int value)
{
    struct session *self = SSL_get_app_data(ssl);
    int code = value & 0xff;
    // A goodbye is no failure, and a warning may precede an ordinary handshake.
    if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT || self == NULL || (value >> 8) != SSL3_AL_FATAL)
        return;
    for (size_t at = 0; at < sizeof(alerts) / sizeof(alerts[0]); at++) {
        if (alerts[at].code == code) {
            learn_constant(self->observation, FIELD(tls, alert), alerts[at].name);
            return;
        }
    }
}

SSL_CTX *tls_context_new(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL)
        return NULL;
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_info_callback(context, alert_record);
    if (!bounds_set(context) || SSL_CTX_set_min_proto_version(context, TLS1_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0") != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

// Sends what OpenSSL has written. False when out of memory.
static bool tls_flush(struct session *self)
{
    const struct tls_state *state = (const struct tls_state *)self->state;
    char *data = NULL;
    long length = BIO_get_mem_data(state->to_peer, &data);
    if (length <= 0)
        return true;
    bool sent = session_send(self, (const uint8_t *)data, (size_t)length) == 0;
    (void)BIO_reset(state->to_peer);
    return sent;
}

// Notes when OpenSSL had no memory since its errors were cleared: what is missing then is not what the server lacks.
static void shortage_note(struct session *self)
{
    unsigned long error;
    while ((error = ERR_get_error()) != 0)
        self->observation->failed = self->observation->failed || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
}

static struct session_result tls_open(struct session *self)
{
    struct tls_state *state = (struct tls_state *)self->state;
    state->ssl = SSL_new(self->env->tls);
    state->from_peer = BIO_new(BIO_s_mem());
    state->to_peer = BIO_new(BIO_s_mem());
    if (state->ssl == NULL || state->from_peer == NULL || state->to_peer == NULL) {
        BIO_free(state->from_peer);
        BIO_free(state->to_peer);
        return session_failed();
    }
    BIO_set_mem_eof_return(state->from_peer, -1);
    BIO_set_mem_eof_return(state->to_peer, -1);
    SSL_set_bio(state->ssl, state->from_peer, state->to_peer);
    SSL_set_app_data(state->ssl, self);
    SSL_set_connect_state(state->ssl);
    ERR_clear_error();
    (void)SSL_do_handshake(state->ssl);
    shortage_note(self);
    // A hello takes nothing but memory.
    if (BIO_ctrl_pending(state->to_peer) == 0)
        return session_failed();
    return tls_flush(self) ? session_wait(self->env->answer_ms) : session_failed();
}

static void tls_observe(struct session *self)
{
    const struct tls_state *state = (const struct tls_state *)self->state;
    struct observation *observation = self->observation;
    learn_flag(observation, FIELD(tls, handshake_complete), SSL_is_init_finished(state->ssl) == 1);
    const SSL_CIPHER *cipher = SSL_get_current_cipher(state->ssl);
    if (cipher == NULL)
        cipher = SSL_get_pending_cipher(state->ssl);
    if (cipher != NULL) {
        learn_word(observation, FIELD(tls, version), SSL_get_version(state->ssl));
        const char *name = SSL_CIPHER_standard_name(cipher);
        learn_word(observation, FIELD(tls, cipher), name != NULL ? name : SSL_CIPHER_get_name(cipher));
    }
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(state->ssl);
    X509 *certificate = SSL_get0_peer_certificate(state->ssl);
    if (certificate != NULL && !field_known(observation->tls, FIELD(tls, chain_length))) {
        learn_number(observation, FIELD(tls, chain_length), chain == NULL ? 1 : sk_X509_num(chain));
        certificate_observe(certificate, observation);
    }
    shortage_note(self);
}

static struct session_result tunnel_begin(struct session *self)
{
    // An HTTP answer of an earlier connection was the plain-text one of a server that wanted TLS.
    tls_observe(self);
    const struct session_ops *inner = tunnel_inner(self, NULL);
    observation_forget(self->observation, PART_http);
    learn_constant(self->observation, FIELD(root, tunnel), "tls");
    self->observation->finished = true;
    return session_next(SESSION_OVER, inner);
}

// Hands plain text up until there is no more; DONE when the other side has ended.
static struct session_result tls_read(struct session *self)
{
    const struct tls_state *state = (const struct tls_state *)self->state;
    for (;;) {
        uint8_t piece[PIECE];
        ERR_clear_error();
        int length = SSL_read(state->ssl, piece, sizeof(piece));
        if (length <= 0) {
            int error = SSL_get_error(state->ssl, length);
            shortage_note(self);
            if (!tls_flush(self))
                return session_failed();
            return error == SSL_ERROR_WANT_READ ? session_wait(self->env->answer_ms) : session_done();
        }
        if (session_deliver(self, piece, (size_t)length) != 0)
            return session_failed();
    }
}

static struct session_result tls_bytes(struct session *self, struct bytes *input)
{
    struct tls_state *state = (struct tls_state *)self->state;
    if (!state->recognised) {
        enum recognition found = tls_recognise(input->data, input->length);
        if (found == RECOGNITION_UNDECIDED)
            return session_wait(self->env->answer_ms);
        if (found == RECOGNITION_NOT_MINE)
            return detect_other(self, input);
        state->recognised = true;
        // What has named itself in an earlier tunnel is known better.
        if (!observation_in_tls(self->observation))
            learn_constant(self->observation, FIELD(root, service), "tls");
    }
    size_t length = input->length;
    const uint8_t *data = bytes_take(input, length);
    if (length > 0 && BIO_write(state->from_peer, data, (int)length) != (int)length)
        return session_failed();
    if (session_carries(self))
        return tls_read(self);
    ERR_clear_error();
    int status = SSL_do_handshake(state->ssl);
    int error = SSL_get_error(state->ssl, status);
    unsigned long first = ERR_peek_error();
    if (ERR_GET_LIB(first) == ERR_LIB_SSL && ERR_GET_REASON(first) == SSL_R_EXCESSIVE_MESSAGE_SIZE)
        learn_constant(self->observation, FIELD(tls, refused), "message-size");
    shortage_note(self);
    if (!tls_flush(self))
        return session_failed();
    if (status == 1)
        return tunnel_begin(self);
    if (error == SSL_ERROR_WANT_READ)
        return session_wait(self->env->answer_ms);
    tls_observe(self);
    return session_done();
}

static struct session_result tls_event(struct session *self, enum session_event event)
{
    struct tls_state *state = (struct tls_state *)self->state;
    if (event == SESSION_ABOVE_ENDED) {
        ERR_clear_error();
        (void)SSL_shutdown(state->ssl);
        (void)tls_flush(self);
        return session_done();
    }
    if (!state->recognised)
        return detect_nothing(self);
    tls_observe(self);
    return session_done();
}

static int tls_seal(struct session *self, const uint8_t *data, size_t length)
{
    const struct tls_state *state = (const struct tls_state *)self->state;
    ERR_clear_error();
    if (length > INT32_MAX || SSL_write(state->ssl, data, (int)length) != (int)length) {
        // A peer that has broken the tunnel is seen at the next read.
        return 0;
    }
    return tls_flush(self) ? 0 : -ENOMEM;
}

static void tls_fini(struct session *self)
{
    const struct tls_state *state = (const struct tls_state *)self->state;
    SSL_free(state->ssl);
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
