// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The parts of TLS 1.3 that keep bytes secret, as a server needs them: secrets (RFC 8446 section 7.1) for suites with
// SHA-256, and the protection of records (section 5.2).

#include "probes/buffer.h"
#include "probes/bytes.h"
#include "tools/simnet/personality/crypto.h"

enum {
    RECORD_HEADER = 5,
    RECORD_TAG = 16,
    RECORD_MAX = 16384 + 256, // section 5.2
};

enum record_type { RECORD_CHANGE = 20, RECORD_ALERT = 21, RECORD_HANDSHAKE = 22, RECORD_DATA = 23 };

// One direction's key, nonce and count. All-zero but for `cipher` before its secret is known.
struct record_keys {
    const EVP_CIPHER *cipher;
    uint64_t sequence;
    uint8_t key[32];
    uint8_t iv[12];
};

// HKDF-Extract (RFC 5869 section 2.2) and HKDF-Expand-Label of at most 32 bytes (RFC 8446 section 7.1).
void secret_extract(const uint8_t *salt, const uint8_t *input, uint8_t ret_secret[static CRYPTO_HASH_BYTES]);
struct secret_label {
    const char *text;
    const uint8_t *context; // CRYPTO_HASH_BYTES, or NULL for none
};
void secret_expand(const uint8_t secret[static CRYPTO_HASH_BYTES], struct secret_label label, uint8_t *ret_key,
                   size_t length);

// Traffic keys of a secret; the count begins anew.
void record_keys_set(struct record_keys *keys, const uint8_t secret[static CRYPTO_HASH_BYTES]);

// Appends a protected record of data[0..length), length at most 16,384, and its type. False on failure.
bool record_seal(struct record_keys *keys, enum record_type type, struct bytes data, struct buffer *ret_wire);

// Opens body[0..length) of a protected record in place. Returns its content's length and type, or -1.
int record_open(struct record_keys *keys, uint8_t *body, size_t length, uint8_t *ret_type);
