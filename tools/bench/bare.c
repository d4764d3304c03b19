// SPDX-License-Identifier: BSD-3-Clause
#include "tools/bench/bare.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <string.h>

#include "tools/bench/lane_rig.h"

enum { HASH = 32, SIGNATURE_MAX = 80, ROUNDS = 64 };

// Keys and a signature, made once: what is measured is one operation with them.
struct keys {
    EVP_PKEY *x25519;
    EVP_PKEY *peer;
    EVP_PKEY *verifier;
    EVP_PKEY_CTX *derive;
    EVP_PKEY_CTX *verify;
    uint8_t data[HASH];
    uint8_t signature[SIGNATURE_MAX];
    size_t signature_length;
};

static double cpu_seconds(void)
{
    return (double)lane_rig_clock(CLOCK_THREAD_CPUTIME_ID) / 1e9;
}

static bool keygen_once(struct keys *keys)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    (void)keys;
    EVP_PKEY_free(key);
    return key != NULL;
}

static bool derive_once(struct keys *keys)
{
    uint8_t secret[HASH];
    size_t length = sizeof(secret);
    return EVP_PKEY_derive(keys->derive, secret, &length) == 1;
}

static bool verify_ecdsa_once(struct keys *keys)
{
    // Over a digest: what is hashed is the handshake's, not the verification's.
    return EVP_PKEY_verify(keys->verify, keys->signature, keys->signature_length, keys->data, HASH) == 1;
}

static bool verify_ed25519_once(struct keys *keys)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, keys->verifier, NULL) == 1 &&
                EVP_DigestVerify(ctx, keys->signature, keys->signature_length, keys->data, HASH) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

static bool prepare_agreement(struct keys *keys)
{
    keys->x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    keys->peer = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    keys->derive = EVP_PKEY_CTX_new(keys->x25519, NULL);
    return keys->derive != NULL && EVP_PKEY_derive_init(keys->derive) == 1 &&
           EVP_PKEY_derive_set_peer(keys->derive, keys->peer) == 1;
}

static bool prepare_ecdsa(struct keys *keys)
{
    keys->verifier = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    keys->signature_length = sizeof(keys->signature);
    EVP_PKEY_CTX *ctx = keys->verifier == NULL ? NULL : EVP_PKEY_CTX_new(keys->verifier, NULL);
    bool made = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
                EVP_PKEY_sign(ctx, keys->signature, &keys->signature_length, keys->data, HASH) == 1;
    EVP_PKEY_CTX_free(ctx);
    keys->verify = made ? EVP_PKEY_CTX_new(keys->verifier, NULL) : NULL;
    return keys->verify != NULL && EVP_PKEY_verify_init(keys->verify) == 1;
}

static bool prepare_ed25519(struct keys *keys)
{
    keys->verifier = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (keys->verifier == NULL)
        return false;
    keys->signature_length = crypto_sign(keys->verifier, keys->data, HASH, keys->signature, sizeof(keys->signature));
    return keys->signature_length > 0;
}

static const struct {
    const char *name;
    bool (*prepare)(struct keys *keys);
    bool (*once)(struct keys *keys);
} OPERATIONS[BARE_OPERATIONS] = {
    [BARE_X25519_KEYGEN] = {"x25519_keygen", prepare_agreement, keygen_once},
    [BARE_X25519_DERIVE] = {"x25519_derive", prepare_agreement, derive_once},
    [BARE_P256_VERIFY] = {"p256_verify", prepare_ecdsa, verify_ecdsa_once},
    [BARE_ED25519_VERIFY] = {"ed25519_verify", prepare_ed25519, verify_ed25519_once},
};

const char *bare_name(enum bare_operation operation)
{
    return OPERATIONS[operation].name;
}

bool bare_measure(double seconds, double ret_us[static BARE_OPERATIONS])
{
    bool good = true;
    for (size_t i = 0; i < BARE_OPERATIONS && good; i++) {
        struct keys keys = {.data = "whatever is signed, is 32 bytes"};
        uint64_t count = 0;
        good = OPERATIONS[i].prepare(&keys) && OPERATIONS[i].once(&keys);
        double began = cpu_seconds();
        double spent = 0;
        while (good && spent < seconds) {
            for (int round = 0; round < ROUNDS; round++)
                good = good && OPERATIONS[i].once(&keys);
            count += ROUNDS;
            spent = cpu_seconds() - began;
        }
        if (good)
            ret_us[i] = spent * 1e6 / (double)count;
        EVP_PKEY_CTX_free(keys.derive);
        EVP_PKEY_CTX_free(keys.verify);
        EVP_PKEY_free(keys.x25519);
        EVP_PKEY_free(keys.peer);
        EVP_PKEY_free(keys.verifier);
    }
    return good;
}

// OpenSSL's client and the server that it talks to.
struct pair {
    SSL *ssl;
    BIO *in;
    BIO *out;
    struct visit visit;
};

// What the client wrote goes to the server, and what that says to the client. Not part of what is measured.
static void pair_exchange(struct pair *pair)
{
    char *data = NULL;
    long length = BIO_get_mem_data(pair->out, &data);
    if (length > 0)
        visit_bytes(&pair->visit, (const uint8_t *)data, (size_t)length);
    (void)BIO_reset(pair->out);
    if (pair->visit.output.length > 0)
        BIO_write(pair->in, buffer_bytes(&pair->visit.output), (int)pair->visit.output.length);
    buffer_drop(&pair->visit.output, pair->visit.output.length);
}

static bool pair_begin(struct pair *pair, SSL_CTX *context)
{
    pair->ssl = SSL_new(context);
    pair->in = BIO_new(BIO_s_mem());
    pair->out = BIO_new(BIO_s_mem());
    if (pair->ssl == NULL || pair->in == NULL || pair->out == NULL)
        return false;
    BIO_set_mem_eof_return(pair->in, -1);
    SSL_set_bio(pair->ssl, pair->in, pair->out);
    SSL_set_connect_state(pair->ssl);
    return true;
}

// One connection; *spent grows by the client's CPU seconds. False when it did not come to its end.
static bool pair_converse(SSL_CTX *context, const struct service *service, struct crypto *crypto, double *spent)
{
    static const char GET[] = "GET / HTTP/1.1\r\nHost: 10.0.0.1\r\nConnection: close\r\n\r\n";
    struct pair pair = {.ssl = NULL};
    char page[4096];
    int got = 0;
    int status = 0;
    if (!visit_begin(&pair.visit, service, 0, crypto))
        return false;
    double began = cpu_seconds();
    if (!pair_begin(&pair, context))
        return false;
    for (int round = 0; round < 6 && status != 1; round++) {
        status = SSL_do_handshake(pair.ssl);
        if (status == 1)
            (void)SSL_write(pair.ssl, GET, sizeof(GET) - 1);
        *spent += cpu_seconds() - began;
        pair_exchange(&pair);
        began = cpu_seconds();
    }
    while (status == 1 && (status = SSL_read(pair.ssl, page, sizeof(page))) > 0)
        got += status;
    (void)SSL_shutdown(pair.ssl);
    SSL_free(pair.ssl);
    *spent += cpu_seconds() - began;
    visit_end(&pair.visit);
    return got > 0;
}

double bare_openssl(const struct service *service, int version, struct crypto *crypto, double seconds)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    double spent = 0;
    uint64_t count = 0;
    bool good = context != NULL && SSL_CTX_set_min_proto_version(context, version) == 1 &&
                SSL_CTX_set_max_proto_version(context, version) == 1;
    for (; good && spent < seconds; count++)
        good = pair_converse(context, service, crypto, &spent);
    SSL_CTX_free(context);
    return good ? spent * 1e6 / (double)count : 0;
}
