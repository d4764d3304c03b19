// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// For tests: a TLS server in memory, of one version and with a certificate made to measure.

#include <openssl/ssl.h>

#include "tests/unit/session/dialogue.h"

// A certificate that was made elsewhere (issue.h).
struct fake_tls_identity {
    X509 *certificate;
    X509 *behind; // sent behind it; NULL: nothing
    EVP_PKEY *key;
};

struct fake_tls {
    struct peer peer;
    int version;     // TLS1_VERSION ...
    const char *key; // "EC", "EC P-384", "RSA", "RSA-PSS", "ED25519", "ED448"; "EC own": on a curve that is spelt out;
                     // "RSA long": of exponent 2^70 + 3
    const char *ciphers; // NULL = all
    const char *reply;   // inside the tunnel, to the first bytes that come
    struct peer *inside; // who speaks there instead
    bool foreign;        // signed by another key, under another name
    bool expired;
    unsigned dh_bits;                         // of the group for DHE, made of random bits; 0 = none
    unsigned chain;                           // certificates beyond the first
    const char *groups;                       // that it accepts, NULL = all
    const char *suites;                       // of TLS 1.3, NULL = all
    bool wants_certificate;                   // of the client, which has none
    bool asks_certificate;                    // likewise, but goes on without
    const struct fake_tls_identity *identity; // instead of one that is made; NULL: none
    const char *application;                  // of ALPN, that it agrees to; NULL: it does not know of such
    bool application_needed;                  // and it refuses who offers others
    // The server's own.
    SSL_CTX *context;
    SSL *ssl;
    BIO *in;
    BIO *out;
    X509 *certificate;
    EVP_PKEY *private_key;
    bool replied;
    bool goodbye; // the client's close_notify came
    char request[512];
};

void fake_tls_init(struct fake_tls *fake);
void fake_tls_fini(struct fake_tls *fake);
