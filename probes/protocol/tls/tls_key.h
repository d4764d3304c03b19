// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: the key of a server's certificate and what was computed with it, kept by the certificate's digest
// among the last few: one certificate on 65,536 hosts is decoded once. And the proof that the server has the key.

#include <openssl/x509.h>

#include "probes/protocol/tls/tls_kit.h"
#include "probes/protocol/tls/tls_x509.h"

enum { TLS_DIGEST_BYTES = 32 };

// Whether a certificate is signed with its own key.
enum tls_own { TLS_OWN_UNKNOWN = 0, TLS_OWN_NO, TLS_OWN_YES };

struct tls_key {
    uint8_t digest[TLS_DIGEST_BYTES]; // SHA-256 of the certificate
    EVP_PKEY *key;                    // NULL: it could not be decoded
    enum tls_own own;
    bool dear; // too much is asked of us (session/dear.h): nothing may be computed with it
};

struct tls_key_cache;

struct tls_key_cache *tls_key_cache_new(void);
void tls_key_cache_free(struct tls_key_cache *cache);

// The key of a certificate of that digest; NULL when it is not among the last ones. Valid until the next call of
// tls_key_put.
const struct tls_key *tls_key_find(const struct tls_key_cache *cache, const uint8_t digest[static TLS_DIGEST_BYTES]);

// Keeps it, in the place of another one. What it owns goes to the cache.
const struct tls_key *tls_key_put(struct tls_key_cache *cache, const struct tls_key *key);

// Makes the key that an ordinary certificate shows. NULL when its point is not on the curve, or without memory.
EVP_PKEY *tls_key_decode(const struct tls_key_cache *cache, const struct tls_x509 *x509);

// Whether it is a key of that type: "RSA", "RSA-PSS", "EC" ... (EVP_PKEY_is_a takes locks and memory to say the same).
bool tls_key_is(const EVP_PKEY *key, const char *type);

enum tls_proof { TLS_PROOF_WRONG = 0, TLS_PROOF_RIGHT, TLS_PROOF_UNFIT }; // UNFIT: no scheme of ours, or not the key's

// Checks the signature of an ordinary certificate with its issuer's key, of those with SHA-2 or a hash of their own.
// Errors of OpenSSL's stay in its queue.
enum tls_proof tls_key_check_certificate(struct tls_kit *kit, EVP_PKEY *issuer, const struct tls_x509 *x509);

// A signature of the handshake.
struct tls_signature {
    uint16_t scheme;
    bool since_13; // of CertificateVerify (RFC 8446 section 4.2.3); else of ServerKeyExchange (RFC 5246
                   // section 7.4.1.4.1)
    struct bytes message;
    struct bytes signature;
};

// Checks it. Errors of OpenSSL's stay in its queue.
enum tls_proof tls_key_check(struct tls_kit *kit, EVP_PKEY *key, const struct tls_signature *made);
