// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/session/fake_tls.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/bytes.h"

enum { DAY = 86400 };

static EVP_PKEY *key_make_odd(const char *type, const char *name, OSSL_PARAM value)
{
    char curve[] = "P-256";
    OSSL_PARAM params[] = {value, OSSL_PARAM_END, OSSL_PARAM_END};
    if (strcmp(type, "EC") == 0)
        params[1] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0);
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_CTX_set_params(ctx, params) != 1 ||
        EVP_PKEY_generate(ctx, &key) != 1) {
        fprintf(stderr, "%s\n", name);
        abort();
    }
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *key_make(const char *type)
{
    uint8_t exponent[9] = {3, 0, 0, 0, 0, 0, 0, 0, 64}; // OSSL_PARAM integers are in native order
    if (strcmp(type, "EC own") == 0)
        return key_make_odd("EC", type,
                            OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, (char[]){"explicit"}, 0));
    if (strcmp(type, "RSA long") == 0)
        return key_make_odd("RSA", type, OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent, sizeof(exponent)));
    if (strcmp(type, "RSA") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    if (strncmp(type, "EC", 2) == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", strcmp(type, "EC") == 0 ? "P-256" : type + 3);
    if (strcmp(type, "RSA-PSS") == 0)
        return key_make_odd(type, type, OSSL_PARAM_construct_end());
    return EVP_PKEY_Q_keygen(NULL, NULL, type);
}

static void name_set(X509_NAME *name, const char *common)
{
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Lab, Inc.", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1, -1, 0);
}

static void certificate_make(struct fake_tls *fake)
{
    X509 *certificate = X509_new();
    EVP_PKEY *issuer = fake->foreign ? key_make("EC") : NULL;
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 0x1234ab);
    // 2020-01-01 to 2021-01-01, or to 2096-10-02.
    ASN1_TIME_set(X509_getm_notBefore(certificate), 1577836800);
    ASN1_TIME_set(X509_getm_notAfter(certificate), fake->expired ? 1609459200 : 4000000000);
    name_set(X509_get_subject_name(certificate), "host.example");
    name_set(X509_get_issuer_name(certificate), fake->foreign ? "authority.example" : "host.example");
    X509_set_pubkey(certificate, fake->private_key);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
                                                "DNS:host.example,DNS:*.host.example,IP:10.1.2.3,IP:fd00::1");
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    EVP_PKEY *signer = issuer != NULL ? issuer : fake->private_key;
    const EVP_MD *digest = strncmp(fake->key, "ED", 2) == 0 && issuer == NULL ? NULL : EVP_sha256();
    if (X509_sign(certificate, signer, digest) == 0)
        abort();
    EVP_PKEY_free(issuer);
    fake->certificate = certificate;
}

static void fake_begin(struct peer *peer)
{
    struct fake_tls *fake = (struct fake_tls *)peer;
    SSL_free(fake->ssl);
    fake->ssl = SSL_new(fake->context);
    fake->in = BIO_new(BIO_s_mem());
    fake->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(fake->in, -1);
    BIO_set_mem_eof_return(fake->out, -1);
    SSL_set_bio(fake->ssl, fake->in, fake->out);
    SSL_set_accept_state(fake->ssl);
    fake->replied = false;
    fake->goodbye = false;
    fake->request[0] = '\0';
}

// It greets when the tunnel is made, and answers what comes through it.
static void inside_answer(struct fake_tls *fake)
{
    struct peer *inside = fake->inside;
    struct buffer answer = {0};
    char plain[4096];
    int taken;
    if (!fake->replied && inside->begin != NULL)
        inside->begin(inside);
    inside->closed = fake->replied && inside->closed;
    if (!fake->replied)
        inside->answer(inside, NULL, 0, &answer);
    fake->replied = true;
    while ((taken = SSL_read(fake->ssl, plain, sizeof(plain))) > 0 && !inside->closed)
        inside->answer(inside, (const uint8_t *)plain, (size_t)taken, &answer);
    if (answer.length > 0)
        SSL_write(fake->ssl, buffer_bytes(&answer), (int)answer.length);
    fake->peer.closed = inside->closed;
    buffer_fini(&answer);
}

static void fake_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    struct fake_tls *fake = (struct fake_tls *)peer;
    char plain[sizeof(fake->request)];
    if (length == 0)
        return;
    BIO_write(fake->in, data, (int)length);
    ERR_clear_error();
    int taken = fake->inside == NULL ? SSL_read(fake->ssl, plain, sizeof(plain) - 1) : SSL_do_handshake(fake->ssl);
    if (fake->inside != NULL && taken == 1) {
        inside_answer(fake);
    } else if (taken > 0 && !fake->replied) {
        plain[taken] = '\0';
        memcpy(fake->request, plain, (size_t)taken + 1);
        fake->replied = true;
        if (fake->reply != NULL)
            SSL_write(fake->ssl, fake->reply, (int)strlen(fake->reply));
    } else if (taken <= 0 && SSL_get_error(fake->ssl, taken) != SSL_ERROR_WANT_READ) {
        peer->closed = true;
    }
    fake->goodbye = (SSL_get_shutdown(fake->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
    char *out = NULL;
    long waiting = BIO_get_mem_data(fake->out, &out);
    buffer_put(ret_answer, out, (size_t)waiting);
    (void)BIO_reset(fake->out);
}

// A group as hostile servers choose it: odd random bits, with 2.
static EVP_PKEY *group_make(unsigned bits)
{
    BIGNUM *prime = BN_new();
    BIGNUM *generator = BN_new();
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *group = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    BN_rand(prime, (int)bits, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD);
    BN_set_word(generator, 2);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_P, prime);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_G, generator);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    if (EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &group, EVP_PKEY_KEY_PARAMETERS, params) != 1)
        abort();
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    BN_free(prime);
    BN_free(generator);
    return group;
}

static void context_extend(const struct fake_tls *fake)
{
    if (fake->dh_bits != 0 && SSL_CTX_set0_tmp_dh_pkey(fake->context, group_make(fake->dh_bits)) != 1)
        abort();
    for (unsigned at = 0; at < fake->chain; at++)
        if (SSL_CTX_add1_chain_cert(fake->context, fake->certificate) != 1)
            abort();
    if (fake->identity != NULL && fake->identity->behind != NULL &&
        SSL_CTX_add1_chain_cert(fake->context, fake->identity->behind) != 1)
        abort();
    char groups[64]; // OpenSSL's macro takes const away
    snprintf(groups, sizeof(groups), "%s", fake->groups == NULL ? "" : fake->groups);
    if (fake->groups != NULL && SSL_CTX_set1_groups_list(fake->context, groups) != 1)
        abort();
}

static int application_choose(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_length,
                              const unsigned char *offered, unsigned int length, void *context)
{
    const struct fake_tls *fake = context;
    (void)ssl;
    for (struct bytes list = bytes_of(offered, length); list.length > 0 && !list.failed;) {
        struct bytes name = bytes_slice(&list, bytes_u8(&list));
        if (name.length == strlen(fake->application) && memcmp(name.data, fake->application, name.length) == 0) {
            *ret_name = name.data;
            *ret_length = (unsigned char)name.length;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return fake->application_needed ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
}

void fake_tls_init(struct fake_tls *fake)
{
    fake->peer.begin = fake_begin;
    fake->peer.answer = fake_answer;
    if (fake->identity == NULL) {
        fake->private_key = key_make(fake->key);
        certificate_make(fake);
    } else {
        EVP_PKEY_up_ref(fake->identity->key);
        X509_up_ref(fake->identity->certificate);
        fake->private_key = fake->identity->key;
        fake->certificate = fake->identity->certificate;
    }
    fake->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(fake->context, 0);
    SSL_CTX_set_min_proto_version(fake->context, fake->version);
    SSL_CTX_set_max_proto_version(fake->context, fake->version);
    SSL_CTX_set_cipher_list(fake->context, fake->ciphers != NULL ? fake->ciphers : "ALL:@SECLEVEL=0");
    SSL_CTX_set_num_tickets(fake->context, 2);
    if (SSL_CTX_use_certificate(fake->context, fake->certificate) != 1 ||
        SSL_CTX_use_PrivateKey(fake->context, fake->private_key) != 1)
        abort();
    context_extend(fake);
    if (fake->suites != NULL && SSL_CTX_set_ciphersuites(fake->context, fake->suites) != 1)
        abort();
    if (fake->application != NULL)
        SSL_CTX_set_alpn_select_cb(fake->context, application_choose, fake);
    if (fake->asks_certificate)
        SSL_CTX_set_verify(fake->context, SSL_VERIFY_PEER, NULL);
    if (fake->wants_certificate)
        SSL_CTX_set_verify(fake->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

void fake_tls_fini(struct fake_tls *fake)
{
    SSL_free(fake->ssl);
    SSL_CTX_free(fake->context);
    X509_free(fake->certificate);
    EVP_PKEY_free(fake->private_key);
}
