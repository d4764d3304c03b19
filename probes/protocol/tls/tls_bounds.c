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

static int number_bits(struct bytes number)
{
    while (number.length > 0 && number.data[0] == 0)
        (void)bytes_u8(&number);
    int bits = 8 * (int)number.length;
    for (uint8_t top = number.length == 0 ? 0x80 : number.data[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

static bool exchange_is_dhe(const SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_pending_cipher(ssl);
    return cipher != NULL && SSL_CIPHER_get_kx_nid(cipher) == NID_kx_dhe;
}

bool exchange_refused(struct bytes body, struct observation *observation)
{
    struct bytes prime = bytes_slice(&body, bytes_u16(&body));
    if (prime.failed || body.failed)
        return false;
    int bits = number_bits(prime);
    learn_number(observation, FIELD(tls, dh_bits), bits);
    if (bits <= DEAR_DH_BITS)
        return false;
    learn_constant(observation, FIELD(tls, refused), "dh-group");
    return true;
}

struct certificates certificates_read(struct bytes body, bool since_13)
{
    // The object identifiers of prime fields and of fields of characteristic two, 1.2.840.10045.1.1 and .2, stand in a
    // key only where its curve is spelt out (RFC 3279 section 2.3.5). On a curve made for it one compressed point takes
    // OpenSSL 40 ms, while it decodes. Lengths before it may have been written in several ways, these bytes in one.
    static const uint8_t field_type[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01};
    struct certificates list = {.own_curve = false};
    if (since_13)
        (void)bytes_slice(&body, bytes_u8(&body));
    struct bytes certificates = bytes_slice(&body, bytes_u24(&body));
    list.own_curve = certificates.length > 0 &&
                     memmem(certificates.data, certificates.length, field_type, sizeof(field_type)) != NULL;
    while (!certificates.failed && certificates.length > 0) {
        struct bytes certificate = bytes_slice(&certificates, bytes_u24(&certificates));
        if (since_13)
            (void)bytes_slice(&certificates, bytes_u16(&certificates));
        if (list.count++ == 0)
            list.first = certificate;
    }
    list.failed = certificates.failed || body.failed || body.length != 0;
    return list;
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

// What the messages teach of versions, groups and chains.
static void matrix_look(struct session *self, const SSL *ssl, uint8_t kind, struct bytes body)
{
    struct tls_server_hello hello;
    const SSL_CIPHER *cipher = SSL_get_pending_cipher(ssl);
    if (kind == SSL3_MT_SERVER_HELLO && tls_server_hello_read(body, &hello) == 0)
        tls_matrix_answered_first(self, &hello);
    else if (kind == SSL3_MT_SERVER_KEY_EXCHANGE && cipher != NULL)
        tls_matrix_exchange(self, (uint16_t)SSL_version(ssl), SSL_CIPHER_get_protocol_id(cipher), body);
    else if (kind == SSL3_MT_CERTIFICATE)
        chain_observe_message(self, body, SSL_version(ssl) >= TLS1_3_VERSION);
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
    bool refused = false;
    matrix_look(self, ssl, kind, body);
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
    // OpenSSL's own list without the finite fields above our bound, any of which a TLS 1.3 server may demand.
    return SSL_CTX_set1_groups_list(context, "X25519:P-256:X448:P-521:P-384:ffdhe2048") == 1;
}
