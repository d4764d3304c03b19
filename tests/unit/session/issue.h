// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// For tests: certificates made to measure, of authorities and of those before which they stand.

#include <openssl/x509.h>
#include <stdbool.h>

enum { ISSUE_EXTENSIONS_MAX = 8 };

struct issue {
    const char *subject; // common name
    const char *issuer;  // likewise
    X509 *authority;     // for the key identifiers that its extensions name; NULL: the certificate itself
    EVP_PKEY *key;
    EVP_PKEY *signer;
    const char *digest; // NULL: SHA-256, or the key's own
    long from;          // seconds from now
    long until;
    bool old;                                     // version 1
    const char *extensions[ISSUE_EXTENSIONS_MAX]; // NAME=VALUE, until the first NULL
};

// Never NULL: aborts when there is no such certificate.
X509 *issue_certificate(const struct issue *issue);

// A key of that type: "EC", "EC P-384", "RSA", "ED25519".
EVP_PKEY *issue_key(const char *type);
