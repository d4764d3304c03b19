// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_bounds.h"

#include <string.h>

#include "probes/protocol/tls/tls_certificate.h"
#include "probes/protocol/tls/tls_chain.h"
#include "probes/protocol/tls/tls_matrix.h"
#include "probes/session/dear.h"
#include "probes/session/session.h"

// OpenSSL offers no way to refuse a message, only to look at it. One whose first length cannot be is refused by it,
// before it looks at anything else; the hash over the handshake, which has seen the message already, does not matter
// any more.
static void message_spoil(const uint8_t *message, size_t length)
{
    uint8_t *body = (uint8_t *)(uintptr_t)message; // OpenSSL's own buffer, which it gives us as constant
    memset(body + SSL3_HM_HEADER_LENGTH, 0xff, length - SSL3_HM_HEADER_LENGTH);
}

static bool exchange_is_dhe(const SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_pending_cipher(ssl);
    return cipher != NULL && SSL_CIPHER_get_kx_nid(cipher) == NID_kx_dhe;
}

static bool certificates_refused(const SSL *ssl, struct bytes body, struct observation *observation)
{
    struct certificates list = certificates_read(body, SSL_version(ssl) >= TLS1_3_VERSION);
    if (list.count <= TLS_CERTIFICATES_MAX && !list.own_curve)
        return false;
    learn_constant(observation, FIELD(tls, refused), list.own_curve ? "own-curve" : "chain");
    learn_number(observation, FIELD(tls, chain_length), (int64_t)list.count);
    const uint8_t *at = list.first.data;
    X509 *certificate = list.own_curve ? NULL : d2i_X509(NULL, &at, (long)list.first.length);
    if (certificate != NULL)
        certificate_observe(certificate, observation);
    X509_free(certificate);
    return true;
}

// RFC 7919: finite fields of 3,072 bits and more, of which a TLS 1.3 server may have nothing else.
static bool group_is_dear(uint16_t group)
{
    enum { FFDHE3072 = 0x0101, FFDHE8192 = 0x0104 };
    return group >= FFDHE3072 && group <= FFDHE8192;
}

// What the messages teach of versions, groups and chains. True for a hello whose group is not to be computed with.
static bool matrix_look(struct session *self, const SSL *ssl, uint8_t kind, struct bytes body)
{
    struct tls_server_hello hello;
    const SSL_CIPHER *cipher = SSL_get_pending_cipher(ssl);
    if (kind == SSL3_MT_SERVER_HELLO && tls_server_hello_read(body, &hello) == 0) {
        tls_matrix_answered_first(self, &hello);
        if (!group_is_dear(hello.group))
            return false;
        learn_constant(self->observation, FIELD(tls, refused), "dh-group");
        return true;
    }
    if (kind == SSL3_MT_SERVER_KEY_EXCHANGE && cipher != NULL)
        tls_matrix_exchange(self, (uint16_t)SSL_version(ssl), SSL_CIPHER_get_protocol_id(cipher), body);
    else if (kind == SSL3_MT_CERTIFICATE)
        chain_observe_message(self, body, SSL_version(ssl) >= TLS1_3_VERSION);
    return false;
}

// Sees every whole message, decrypted, before OpenSSL acts on it.
static void message_look(int is_ours, int version, int type, const void *message, size_t length, SSL *ssl, void *unused)
{
    (void)version;
    (void)unused;
    struct session *self = SSL_get_app_data(ssl);
    if (is_ours || type != SSL3_RT_HANDSHAKE || length <= SSL3_HM_HEADER_LENGTH || self == NULL)
        return;
    struct bytes body = bytes_of(message, length);
    uint8_t kind = bytes_u8(&body);
    (void)bytes_u24(&body);
    bool refused = matrix_look(self, ssl, kind, body);
    if (kind == SSL3_MT_SERVER_KEY_EXCHANGE)
        refused = exchange_is_dhe(ssl) && exchange_refused(body, self->observation);
    else if (kind == SSL3_MT_CERTIFICATE)
        refused = certificates_refused(ssl, body, self->observation);
    if (refused)
        message_spoil(message, length);
}

// Nothing is verified; but with a key that is too dear nothing shall be computed either, and this is the last moment.
static int chain_accept(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct session *self = ssl == NULL ? NULL : SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    const EVP_PKEY *key = certificate == NULL ? NULL : X509_get0_pubkey(certificate);
    if (self == NULL || key == NULL || !dear_key(key))
        return 1;
    const STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store);
    learn_constant(self->observation, FIELD(tls, refused), "key");
    learn_number(self->observation, FIELD(tls, chain_length), chain == NULL ? 1 : sk_X509_num(chain));
    certificate_observe(certificate, self->observation);
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

bool bounds_set(SSL_CTX *context)
{
    SSL_CTX_set_msg_callback(context, message_look);
    SSL_CTX_set_max_cert_list(context, TLS_CERTIFICATE_BYTES_MAX);
    // Asked for, so that the answer of the callback counts; it is also faster than to have the chain built and checked.
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, chain_accept, NULL);
    // OpenSSL's own list. The finite fields above our bound are offered so that a server that has nothing else is
    // recognised by what it demands, and refused when it does. Then curves of older times and other places, which a
    // server below TLS 1.3 may have alone.
    return SSL_CTX_set1_groups_list(context,
                                    "X25519:P-256:X448:P-521:P-384:ffdhe2048:ffdhe3072:ffdhe4096:ffdhe6144:ffdhe8192:"
                                    "secp256k1:brainpoolP256r1:brainpoolP384r1:brainpoolP512r1:secp224r1:secp192r1:"
                                    "sect233r1:sect283k1:sect283r1:sect409k1:sect409r1:sect571k1:sect571r1") == 1;
}
