// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: the key schedule of TLS 1.3 (RFC 8446 section 7) without pre-shared keys. HMAC (RFC 2104) is made by
// hand of two runs of a fetched hash: 0.25 us, where EVP_MAC takes 0.38. Every function is false without memory.

#include "probes/protocol/tls/tls_kit.h"

// A stage's secret, and the traffic secrets that were derived from it.
struct tls_secrets {
    uint8_t stage[TLS_HASH_BYTES_MAX];
    uint8_t client[TLS_HASH_BYTES_MAX];
    uint8_t server[TLS_HASH_BYTES_MAX];
};

// What protects one direction's records (RFC 8446 section 5.3).
struct tls_protection {
    uint8_t key[TLS_KEY_BYTES_MAX];
    uint8_t nonce[TLS_NONCE_BYTES];
    uint8_t mac[TLS_HASH_BYTES_MAX]; // of suites of CBC: the key of their HMAC
    uint64_t sequence;
};

// What HMAC is computed of (RFC 2104): a key no longer than a block of the hash, and a message in two parts.
struct tls_hmac {
    enum tls_hash hash;
    struct bytes key;
    struct bytes head;
    struct bytes message;
};

// ret_mac has room for a digest of that hash, and may be the key or the message.
bool tls_hmac(struct tls_kit *kit, const struct tls_hmac *what, uint8_t *ret_mac);

// From the shared secret and the hash over ClientHello to ServerHello: the handshake's secrets.
bool tls_secrets_handshake(struct tls_kit *kit, const struct tls_suite *suite, struct bytes shared,
                           const uint8_t *transcript, struct tls_secrets *ret_secrets);

// From the handshake's secrets to the application's, with the hash over ClientHello to the server's Finished.
bool tls_secrets_application(struct tls_kit *kit, const struct tls_suite *suite, const uint8_t *transcript,
                             struct tls_secrets *secrets);

// RFC 8446 section 7.2: the traffic secret that follows this one.
bool tls_secret_update(struct tls_kit *kit, const struct tls_suite *suite, uint8_t *secret);

// Key and nonce of a traffic secret; the sequence begins at 0.
bool tls_protection_begin(struct tls_kit *kit, const struct tls_suite *suite, const uint8_t *secret,
                          struct tls_protection *ret_protection);

// RFC 8446 section 4.4.4: what Finished says, of suite->hash_bytes.
bool tls_finished(struct tls_kit *kit, const struct tls_suite *suite, const uint8_t *secret, const uint8_t *transcript,
                  uint8_t *ret_verify);
