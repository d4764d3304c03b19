// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls12_keys.h"

#include <string.h>

enum { SEED_BYTES_MAX = 128, KEY_BLOCK_BYTES_MAX = 2 * (TLS_HASH_BYTES_MAX + TLS_KEY_BYTES_MAX + TLS_NONCE_BYTES) };

#define AEAD(number, aead, hash, key, size, rsa, nonce)                                                                \
    {                                                                                                                  \
        {number, NULL, aead, hash, key, size}, rsa, TLS_SHA1, 0, nonce                                                 \
    }
#define CBC(number, cipher, hash, key, size, rsa, mac, bytes)                                                          \
    {                                                                                                                  \
        {number, NULL, cipher, hash, key, size}, rsa, mac, bytes, 0                                                    \
    }

static const struct tls12_suite suites[] = {
    AEAD(0xc02b, TLS_AES_128_GCM, TLS_SHA256, 16, 32, false, 4),
    AEAD(0xc02f, TLS_AES_128_GCM, TLS_SHA256, 16, 32, true, 4),
    AEAD(0xc02c, TLS_AES_256_GCM, TLS_SHA384, 32, 48, false, 4),
    AEAD(0xc030, TLS_AES_256_GCM, TLS_SHA384, 32, 48, true, 4),
    AEAD(0xcca9, TLS_CHACHA20_POLY1305, TLS_SHA256, 32, 32, false, 12),
    AEAD(0xcca8, TLS_CHACHA20_POLY1305, TLS_SHA256, 32, 32, true, 12),
    CBC(0xc009, TLS_AES_128_CBC, TLS_SHA256, 16, 32, false, TLS_SHA1, 20),
    CBC(0xc013, TLS_AES_128_CBC, TLS_SHA256, 16, 32, true, TLS_SHA1, 20),
    CBC(0xc00a, TLS_AES_256_CBC, TLS_SHA256, 32, 32, false, TLS_SHA1, 20),
    CBC(0xc014, TLS_AES_256_CBC, TLS_SHA256, 32, 32, true, TLS_SHA1, 20),
    CBC(0xc023, TLS_AES_128_CBC, TLS_SHA256, 16, 32, false, TLS_SHA256, 32),
    CBC(0xc027, TLS_AES_128_CBC, TLS_SHA256, 16, 32, true, TLS_SHA256, 32),
    CBC(0xc024, TLS_AES_256_CBC, TLS_SHA384, 32, 48, false, TLS_SHA384, 48),
    CBC(0xc028, TLS_AES_256_CBC, TLS_SHA384, 32, 48, true, TLS_SHA384, 48),
};

const struct tls12_suite *tls12_suite_find(uint16_t number)
{
    for (size_t at = 0; at < sizeof(suites) / sizeof(suites[0]); at++)
        if (suites[at].suite.number == number)
            return &suites[at];
    return NULL;
}

// What is expanded, and how far (RFC 5246 section 5).
struct expansion {
    struct bytes secret;
    const char *label;
    struct bytes seed[2]; // one behind the other
    size_t length;
};

// P_hash: blocks of HMAC(secret, A(i) + label + seed), of which A(i) is HMAC(secret, A(i - 1)), A(0) label + seed.
static bool expand(struct tls_kit *kit, const struct tls12_suite *suite, const struct expansion *what,
                   uint8_t *ret_bytes)
{
    uint8_t seed[SEED_BYTES_MAX];
    uint8_t chained[TLS_HASH_BYTES_MAX];
    uint8_t block[TLS_HASH_BYTES_MAX];
    size_t hash = suite->suite.hash_bytes;
    size_t length = strlen(what->label);
    memcpy(seed, what->label, length);
    for (size_t at = 0; at < 2; at++) {
        if (what->seed[at].length > 0)
            memcpy(seed + length, what->seed[at].data, what->seed[at].length);
        length += what->seed[at].length;
    }
    struct tls_hmac chain = {.hash = suite->suite.hash, .key = what->secret, .message = bytes_of(seed, length)};
    for (size_t written = 0; written < what->length; written += hash) {
        if (!tls_hmac(kit, &chain, chained))
            return false;
        chain.message = bytes_of(chained, hash);
        const struct tls_hmac output = {
            .hash = chain.hash, .key = what->secret, .head = chain.message, .message = bytes_of(seed, length)};
        if (!tls_hmac(kit, &output, block))
            return false;
        memcpy(ret_bytes + written, block, hash < what->length - written ? hash : what->length - written);
    }
    return true;
}

bool tls12_master(struct tls_kit *kit, const struct tls12_suite *suite, const struct tls12_shared *shared,
                  const struct tls12_randoms *randoms, uint8_t ret_master[static TLS12_MASTER_BYTES])
{
    struct expansion what = {.secret = shared->secret, .label = "master secret", .length = TLS12_MASTER_BYTES};
    what.seed[0] = bytes_of(randoms->client, TLS_RANDOM_BYTES);
    what.seed[1] = bytes_of(randoms->server, TLS_RANDOM_BYTES);
    if (shared->session_hash != NULL) {
        what.label = "extended master secret";
        what.seed[0] = bytes_of(shared->session_hash, suite->suite.hash_bytes);
        what.seed[1] = bytes_of("", 0);
    }
    return expand(kit, suite, &what, ret_master);
}

bool tls12_protections(struct tls_kit *kit, const struct tls12_suite *suite,
                       const uint8_t master[static TLS12_MASTER_BYTES], const struct tls12_randoms *randoms,
                       struct tls_protection ret_protections[static 2])
{
    uint8_t block[KEY_BLOCK_BYTES_MAX];
    const struct expansion what = {
        .secret = bytes_of(master, TLS12_MASTER_BYTES),
        .label = "key expansion",
        .seed = {bytes_of(randoms->server, TLS_RANDOM_BYTES), bytes_of(randoms->client, TLS_RANDOM_BYTES)},
        .length = 2 * (size_t)(suite->mac_bytes + suite->suite.key_bytes + suite->nonce_bytes),
    };
    if (!expand(kit, suite, &what, block))
        return false;
    const uint8_t *at = block;
    for (size_t side = 0; side < 2; side++, at += suite->mac_bytes)
        memcpy(ret_protections[side].mac, at, suite->mac_bytes);
    for (size_t side = 0; side < 2; side++, at += suite->suite.key_bytes)
        memcpy(ret_protections[side].key, at, suite->suite.key_bytes);
    for (size_t side = 0; side < 2; side++, at += suite->nonce_bytes) {
        memcpy(ret_protections[side].nonce, at, suite->nonce_bytes);
        ret_protections[side].sequence = 0;
    }
    return true;
}

bool tls12_finished(struct tls_kit *kit, const struct tls12_suite *suite, const struct tls12_end *end,
                    uint8_t ret_verify[static TLS12_VERIFY_BYTES])
{
    const struct expansion what = {
        .secret = bytes_of(end->master, TLS12_MASTER_BYTES),
        .label = end->client ? "client finished" : "server finished",
        .seed = {bytes_of(end->hash, suite->suite.hash_bytes), bytes_of("", 0)},
        .length = TLS12_VERIFY_BYTES,
    };
    return expand(kit, suite, &what, ret_verify);
}
