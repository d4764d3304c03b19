// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The keys and certificates of hosts. All of them follow from the population's key and the names in its file, and every
// signature on a certificate is Ed25519's, which has no chance in it: so each process that reads the file knows every
// fingerprint. They protect nothing.

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>

enum identity_use { IDENTITY_NONE = 0, IDENTITY_KEY, IDENTITY_CERTIFICATE };
enum identity_kind { IDENTITY_ED25519 = 0, IDENTITY_ECDSA };

struct identity {
    EVP_PKEY *key;
    X509 *certificate; // NULL for IDENTITY_KEY
    X509 *issuer;      // of the certificate
    enum identity_kind kind;
    char *subject; // as a record has it (RFC 2253)
    char *issued_by;
    char sha256[65]; // of the certificate
    void *prepared;  // the personality's own, freed with free()
};

struct identity_wish {
    uint64_t population_key;
    const char *service; // its name in the file
    const char *common_name;
    enum identity_use use;
    enum identity_kind kind;
    uint32_t index; // of the service's pool
};

// Returns 0, or -ENOMEM when OpenSSL fails. identity_fini may follow a failure.
int identity_init(struct identity *identity, const struct identity_wish *wish);
void identity_fini(struct identity *identity);
