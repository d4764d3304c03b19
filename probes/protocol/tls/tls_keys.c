// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_keys.h"

#include <string.h>

enum { BLOCK_BYTES_MAX = 128, LABEL_BYTES_MAX = 64, INNER_PAD = 0x36, OUTER_PAD = 0x5c };

static const uint8_t zeros[TLS_HASH_BYTES_MAX];

bool tls_hmac(struct tls_kit *kit, const struct tls_hmac *what, uint8_t *ret_mac)
{
    const EVP_MD *hash = kit->hashes[what->hash];
    EVP_MD_CTX *context = kit->hash_contexts[what->hash];
    size_t block = (size_t)EVP_MD_get_block_size(hash);
    uint8_t pad[BLOCK_BYTES_MAX];
    uint8_t inner[EVP_MAX_MD_SIZE];
    for (size_t at = 0; at < block; at++)
        pad[at] = (at < what->key.length ? what->key.data[at] : 0) ^ INNER_PAD;
    if (EVP_DigestInit_ex(context, hash, NULL) != 1 || EVP_DigestUpdate(context, pad, block) != 1 ||
        EVP_DigestUpdate(context, what->head.data, what->head.length) != 1 ||
        EVP_DigestUpdate(context, what->message.data, what->message.length) != 1 ||
        EVP_DigestFinal_ex(context, inner, NULL) != 1)
        return false;
    for (size_t at = 0; at < block; at++)
        pad[at] ^= INNER_PAD ^ OUTER_PAD;
    return EVP_DigestInit_ex(context, hash, NULL) == 1 && EVP_DigestUpdate(context, pad, block) == 1 &&
           EVP_DigestUpdate(context, inner, (size_t)EVP_MD_get_size(hash)) == 1 &&
           EVP_DigestFinal_ex(context, ret_mac, NULL) == 1;
}

static bool hmac(struct tls_kit *kit, const struct tls_suite *suite, struct bytes key, struct bytes message,
                 uint8_t *ret_mac)
{
    const struct tls_hmac what = {.hash = suite->hash, .key = key, .message = message};
    return tls_hmac(kit, &what, ret_mac);
}

// What HKDF-Expand-Label is asked for (RFC 8446 section 7.1).
struct expansion {
    const char *label; // of at most LABEL_BYTES_MAX
    struct bytes context;
    size_t length; // no more than one hash: so HKDF-Expand is one HMAC
};

static bool expand(struct tls_kit *kit, const struct tls_suite *suite, const uint8_t *secret, struct expansion what,
                   uint8_t *ret_key)
{
    static const char prefix[] = "tls13 ";
    uint8_t info[2 + 1 + sizeof(prefix) + LABEL_BYTES_MAX + 1 + TLS_HASH_BYTES_MAX + 1];
    uint8_t mac[TLS_HASH_BYTES_MAX];
    size_t prefix_length = sizeof(prefix) - 1;
    size_t label_length = strlen(what.label);
    size_t length = 0;
    info[length++] = 0;
    info[length++] = (uint8_t)what.length;
    info[length++] = (uint8_t)(prefix_length + label_length);
    memcpy(info + length, prefix, prefix_length);
    memcpy(info + length + prefix_length, what.label, label_length);
    length += prefix_length + label_length;
    info[length++] = (uint8_t)what.context.length;
    if (what.context.length > 0)
        memcpy(info + length, what.context.data, what.context.length);
    length += what.context.length;
    info[length++] = 1; // the counter of RFC 5869 section 2.3
    if (!hmac(kit, suite, bytes_of(secret, suite->hash_bytes), bytes_of(info, length), mac))
        return false;
    memcpy(ret_key, mac, what.length);
    return true;
}

// Derive-Secret, given the transcript's hash.
static bool derive(struct tls_kit *kit, const struct tls_suite *suite, const uint8_t *secret, struct expansion what,
                   uint8_t *ret_secret)
{
    what.length = suite->hash_bytes;
    return expand(kit, suite, secret, what, ret_secret);
}

// HKDF-Extract with the stage's secret, derived, as its salt; the result is the next stage's.
static bool stage_advance(struct tls_kit *kit, const struct tls_suite *suite, struct bytes input, uint8_t *stage)
{
    uint8_t empty[TLS_HASH_BYTES_MAX];
    uint8_t salt[TLS_HASH_BYTES_MAX];
    return tls_kit_digest(kit, suite->hash, "", 0, empty) &&
           derive(kit, suite, stage, (struct expansion){"derived", bytes_of(empty, suite->hash_bytes), 0}, salt) &&
           hmac(kit, suite, bytes_of(salt, suite->hash_bytes), input, stage);
}

bool tls_secrets_handshake(struct tls_kit *kit, const struct tls_suite *suite, struct bytes shared,
                           const uint8_t *transcript, struct tls_secrets *ret_secrets)
{
    struct bytes none = bytes_of(zeros, suite->hash_bytes);
    struct bytes context = bytes_of(transcript, suite->hash_bytes);
    return hmac(kit, suite, none, none, ret_secrets->stage) && // the early secret: nothing was shared before
           stage_advance(kit, suite, shared, ret_secrets->stage) &&
           derive(kit, suite, ret_secrets->stage, (struct expansion){"c hs traffic", context, 0},
                  ret_secrets->client) &&
           derive(kit, suite, ret_secrets->stage, (struct expansion){"s hs traffic", context, 0}, ret_secrets->server);
}

bool tls_secrets_application(struct tls_kit *kit, const struct tls_suite *suite, const uint8_t *transcript,
                             struct tls_secrets *secrets)
{
    struct bytes context = bytes_of(transcript, suite->hash_bytes);
    return stage_advance(kit, suite, bytes_of(zeros, suite->hash_bytes), secrets->stage) &&
           derive(kit, suite, secrets->stage, (struct expansion){"c ap traffic", context, 0}, secrets->client) &&
           derive(kit, suite, secrets->stage, (struct expansion){"s ap traffic", context, 0}, secrets->server);
}

bool tls_secret_update(struct tls_kit *kit, const struct tls_suite *suite, uint8_t *secret)
{
    return derive(kit, suite, secret, (struct expansion){"traffic upd", bytes_of("", 0), 0}, secret);
}

bool tls_protection_begin(struct tls_kit *kit, const struct tls_suite *suite, const uint8_t *secret,
                          struct tls_protection *ret_protection)
{
    struct bytes none = bytes_of("", 0);
    ret_protection->sequence = 0;
    return expand(kit, suite, secret, (struct expansion){"key", none, suite->key_bytes}, ret_protection->key) &&
           expand(kit, suite, secret, (struct expansion){"iv", none, TLS_NONCE_BYTES}, ret_protection->nonce);
}

bool tls_finished(struct tls_kit *kit, const struct tls_suite *suite, const uint8_t *secret, const uint8_t *transcript,
                  uint8_t *ret_verify)
{
    uint8_t key[TLS_HASH_BYTES_MAX];
    return derive(kit, suite, secret, (struct expansion){"finished", bytes_of("", 0), 0}, key) &&
           hmac(kit, suite, bytes_of(key, suite->hash_bytes), bytes_of(transcript, suite->hash_bytes), ret_verify);
}
