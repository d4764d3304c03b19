// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: what the handshakes of one thread share, made once. OpenSSL's primitives cost little; to fetch them,
// to make their contexts and to decode keys anew for each host costs several times as much.

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/protocol/tls/tls_hello.h"

enum { TLS_HASH_BYTES_MAX = 48, TLS_KEY_BYTES_MAX = 32, TLS_NONCE_BYTES = 12, TLS_TAG_BYTES = 16 };
enum { TLS_CIPHERS_MAX = 192 };

enum tls_hash { TLS_SHA256 = 0, TLS_SHA384, TLS_SHA512, TLS_SHA1, TLS_HASH_COUNT };
enum tls_aead {
    TLS_AES_128_GCM = 0,
    TLS_AES_256_GCM,
    TLS_CHACHA20_POLY1305,
    TLS_AES_128_CBC, // none, but it stands in the same place
    TLS_AES_256_CBC,
    TLS_AEAD_COUNT
};

// RFC 8446 appendix B.4.
struct tls_suite {
    uint16_t number;
    const char *name;
    enum tls_aead aead;
    enum tls_hash hash; // of the key schedule: SHA-256 or SHA-384
    uint8_t key_bytes;
    uint8_t hash_bytes;
};

// The suite of that number, NULL when it is not one of ours.
const struct tls_suite *tls_suite_find(uint16_t number);

struct tls_shares;
struct tls_key_cache;
struct tls_issuers_memory;

// Made and released by what probes/session/env.h declares.
struct tls_kit {
    EVP_MD *hashes[TLS_HASH_COUNT];
    EVP_MD_CTX
    *hash_contexts[TLS_HASH_COUNT]; // for whoever needs one within a function: to change one's hash allocates
    EVP_MD_CTX *scratch;            // of copies
    EVP_CIPHER *aeads[TLS_AEAD_COUNT];
    EVP_CIPHER_CTX *aead_contexts[TLS_AEAD_COUNT];
    struct tls_shares *shares;          // tls_share.h
    struct tls_key_cache *cache;        // tls_key.h
    struct tls_issuers_memory *issuers; // tls_issuers.h
    bool prove;                         // CertificateVerify is checked
    uint16_t ciphers[TLS_CIPHERS_MAX];  // of a hello, in the order of our preference
    size_t cipher_count;
    uint8_t plain[TLS_RECORD_BYTES_MAX + 256]; // of the record that was opened last
};

// Empties OpenSSL's queue of errors; true when one of them was that there is no memory: what is missing then is not
// what the server lacks.
bool tls_kit_starved(void);

// The digest of these bytes; false without memory.
bool tls_kit_digest(struct tls_kit *kit, enum tls_hash hash, const void *data, size_t length, uint8_t *ret_digest);
