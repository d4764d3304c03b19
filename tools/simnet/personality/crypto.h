// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the hosts of one thread share: algorithms fetched once, and an X25519 share that all of them use, so that half
// of each key exchange costs nothing. A client that reuses its own share finds the other half remembered.

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CRYPTO_SHARE_BYTES = 32, CRYPTO_REMEMBERED = 64 };

struct crypto {
    EVP_CIPHER *aes_128_gcm;
    EVP_CIPHER *chacha20_poly1305;
    EVP_PKEY *share;
    uint8_t share_public[CRYPTO_SHARE_BYTES];
    struct {
        uint8_t theirs[CRYPTO_SHARE_BYTES];
        uint8_t secret[CRYPTO_SHARE_BYTES];
        bool known;
    } remembered[CRYPTO_REMEMBERED];
};

// NULL when OpenSSL fails.
struct crypto *crypto_new(void);
void crypto_free(struct crypto *crypto);

// The secret of our share and theirs (RFC 7748). False for a share that gives none.
bool crypto_agree(struct crypto *crypto, const uint8_t theirs[static CRYPTO_SHARE_BYTES],
                  uint8_t ret_secret[static CRYPTO_SHARE_BYTES]);

// Signs data[0..length) with Ed25519, or with ECDSA over SHA-256. Returns the length, 0 on failure.
size_t crypto_sign(EVP_PKEY *key, const uint8_t *data, size_t length, uint8_t *ret_signature, size_t room);

// Sums: SHA-256 in one piece, HMAC-SHA-256 (RFC 2104).
enum { CRYPTO_HASH_BYTES = 32 };
void crypto_hash(const uint8_t *data, size_t length, uint8_t ret_hash[static CRYPTO_HASH_BYTES]);
void crypto_hmac(const uint8_t *key, size_t key_length, const uint8_t *data, size_t length,
                 uint8_t ret_mac[static CRYPTO_HASH_BYTES]);
