// SPDX-License-Identifier: BSD-3-Clause
// TLS 1.0 to 1.3 with OpenSSL's client over memory, for what our own (tls.c) does not speak: the whole handshake, then
// what is spoken inside. Nothing is verified, everything is written down. It is only ever asked for on a further
// connection.

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "probes/protocol/tls/tls_kit.h"
#include "probes/protocol/tls/tls_tunnel.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"
#include "probes/protocol/tls/tls_alert.h"
#include "probes/protocol/tls/tls_application.h"
#include "probes/protocol/tls/tls_bounds.h"
#include "probes/protocol/tls/tls_certificate.h"
#include "probes/protocol/tls/tls_matrix.h"

struct openssl_state {
    SSL *ssl;
    BIO *from_peer; // owned by ssl
    BIO *to_peer;   // owned by ssl
};

enum { PIECE = 4096 };

static const struct say tls_says[] = {SAY("\x16\x03"), SAY_REST, SAY_END, SAYS_END};

static void alert_record(const SSL *ssl, int where, int value)
{
    struct session *self = SSL_get_app_data(ssl);
    // A goodbye is no failure, and a warning may precede an ordinary handshake.
    if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT || self == NULL || (value >> 8) != SSL3_AL_FATAL)
        return;
    const char *name = tls_alert_name((uint8_t)(value & 0xff));
    if (name != NULL)
        learn_constant(self->observation, FIELD(tls, alert), name);
}

SSL_CTX *tls_context_new(void)
{
    // As browsers have them. A key schedule with SHA-384, which OpenSSL puts first, costs 25 us more a host: processors
    // have instructions for SHA-256.
    static const char suites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
                                 "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256";
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
        SSL_CTX_set_ciphersuites(context, suites) != 1 ||
        SSL_CTX_set_cipher_list(context, "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0") != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

// Sends what OpenSSL has written. False when out of memory.
static bool openssl_flush(struct session *self)
{
    const struct openssl_state *state = (const struct openssl_state *)self->state;
    char *data = NULL;
    long length = BIO_get_mem_data(state->to_peer, &data);
    if (length <= 0)
        return true;
    bool sent = session_send(self, (const uint8_t *)data, (size_t)length) == 0;
    (void)BIO_reset(state->to_peer);
    return sent;
}

// Notes when OpenSSL had no memory since its errors were cleared.
static void shortage_note(struct session *self)
{
    self->observation->failed = tls_kit_starved() || self->observation->failed;
}

// The same as our own client does. False without memory.
static bool application_offer(const struct session *self)
{
    const struct openssl_state *state = (const struct openssl_state *)self->state;
    const char *names[TLS_APPLICATIONS_MAX];
    uint8_t list[64];
    size_t length = 0;
    size_t count = tls_application_offer(self, names);
    for (size_t at = 0; at < count && length + 1 + strlen(names[at]) <= sizeof(list); at++) {
        list[length++] = (uint8_t)strlen(names[at]);
        memcpy(list + length, names[at], strlen(names[at]));
        length += strlen(names[at]);
    }
    return length == 0 || SSL_set_alpn_protos(state->ssl, list, (unsigned int)length) == 0;
}

static struct session_result openssl_open(struct session *self)
{
    struct openssl_state *state = (struct openssl_state *)self->state;
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
    // OpenSSL copies the name; its macro would not have it const.
    char *name = (char *)(uintptr_t)self->name;
    if (!application_offer(self) || (name != NULL && SSL_set_tlsext_host_name(state->ssl, name) != 1))
        return session_failed();
    SSL_set_app_data(state->ssl, self);
    SSL_set_connect_state(state->ssl);
    ERR_clear_error();
    (void)SSL_do_handshake(state->ssl);
    shortage_note(self);
    // A hello takes nothing but memory.
    if (BIO_ctrl_pending(state->to_peer) == 0)
        return session_failed();
    return openssl_flush(self) ? session_wait(self->env->answer_ms) : session_failed();
}

static void openssl_observe(struct session *self)
{
    const struct openssl_state *state = (const struct openssl_state *)self->state;
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
    // Every way to end a handshake with a certificate takes its key.
    if (certificate != NULL && SSL_is_init_finished(state->ssl) == 1)
        learn_flag(observation, FIELD(tls, key_proved), true);
    shortage_note(self);
}

// Hands plain text up until there is no more; DONE when the other side has ended.
static struct session_result openssl_read(struct session *self)
{
    const struct openssl_state *state = (const struct openssl_state *)self->state;
    for (;;) {
        uint8_t piece[PIECE];
        ERR_clear_error();
        int length = SSL_read(state->ssl, piece, sizeof(piece));
        if (length <= 0) {
            int error = SSL_get_error(state->ssl, length);
            shortage_note(self);
            if (!openssl_flush(self))
                return session_failed();
            return error == SSL_ERROR_WANT_READ ? session_wait(self->env->answer_ms) : session_done();
        }
        if (session_deliver(self, piece, (size_t)length) != 0)
            return session_failed();
    }
}

static const char *application_chosen(struct session *self)
{
    const struct openssl_state *state = (const struct openssl_state *)self->state;
    const unsigned char *name = NULL;
    unsigned int length = 0;
    SSL_get0_alpn_selected(state->ssl, &name, &length);
    return length == 0 ? NULL : tls_application_learn(self, bytes_of(name, length));
}

static struct session_result openssl_bytes(struct session *self, struct bytes *input)
{
    const struct openssl_state *state = (const struct openssl_state *)self->state;
    size_t length = input->length;
    const uint8_t *data = bytes_take(input, length);
    if (length > 0 && BIO_write(state->from_peer, data, (int)length) != (int)length)
        return session_failed();
    if (session_carries(self))
        return openssl_read(self);
    ERR_clear_error();
    int status = SSL_do_handshake(state->ssl);
    int error = SSL_get_error(state->ssl, status);
    unsigned long first = ERR_peek_error();
    if (ERR_GET_LIB(first) == ERR_LIB_SSL && ERR_GET_REASON(first) == SSL_R_EXCESSIVE_MESSAGE_SIZE)
        learn_constant(self->observation, FIELD(tls, refused), "message-size");
    shortage_note(self);
    if (!openssl_flush(self))
        return session_failed();
    if (status == 1) {
        openssl_observe(self);
        return tls_tunnel_begin(self, application_chosen(self));
    }
    if (error == SSL_ERROR_WANT_READ)
        return session_wait(self->env->answer_ms);
    openssl_observe(self);
    tls_matrix_begin(self);
    return session_done();
}

static struct session_result openssl_event(struct session *self, enum session_event event)
{
    const struct openssl_state *state = (const struct openssl_state *)self->state;
    if (event == SESSION_ABOVE_ENDED) {
        ERR_clear_error();
        (void)SSL_shutdown(state->ssl);
        (void)openssl_flush(self);
        return session_done();
    }
    if (self->observation->spoke)
        openssl_observe(self);
    tls_matrix_begin(self);
    return session_done();
}

static int openssl_seal(struct session *self, const uint8_t *data, size_t length)
{
    const struct openssl_state *state = (const struct openssl_state *)self->state;
    ERR_clear_error();
    if (length > INT32_MAX || SSL_write(state->ssl, data, (int)length) != (int)length) {
        // A peer that has broken the tunnel is seen at the next read.
        return 0;
    }
    return openssl_flush(self) ? 0 : -ENOMEM;
}

static void openssl_fini(struct session *self)
{
    const struct openssl_state *state = (const struct openssl_state *)self->state;
    SSL_free(state->ssl);
}

const struct session_ops session_tls_openssl = {
    .name = "tls-openssl",
    .service = "tls",
    .start = SESSION_CLIENT_FIRST,
    .says = tls_says,
    .state_size = sizeof(struct openssl_state),
    .open = openssl_open,
    .bytes = openssl_bytes,
    .event = openssl_event,
    .seal = openssl_seal,
    .fini = openssl_fini,
};
