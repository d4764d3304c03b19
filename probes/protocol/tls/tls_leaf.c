// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_leaf.h"

#include <openssl/err.h>

#include "probes/protocol/tls/tls_measure.h"
#include "probes/protocol/tls/tls_certificate.h"
#include "probes/protocol/tls/tls_x509_use.h"
#include "probes/session/dear.h"

static X509 *certificate_decode(struct bytes certificate)
{
    const uint8_t *at = certificate.data;
    X509 *decoded = d2i_X509(NULL, &at, (long)certificate.length);
    if (decoded == NULL || at == certificate.data + certificate.length)
        return decoded;
    X509_free(decoded);
    return NULL;
}

// Whether a certificate issued by its own subject is signed with its own key, as OpenSSL judges it: there is more to
// that than the signature.
static enum tls_own own_judge(struct bytes certificate)
{
    X509 *decoded = certificate_decode(certificate);
    int own = decoded == NULL ? -1 : X509_self_signed(decoded, 1);
    X509_free(decoded);
    return own < 0 ? TLS_OWN_UNKNOWN : own == 1 ? TLS_OWN_YES : TLS_OWN_NO;
}

// The same on the short way. OpenSSL takes what is issued by its own subject, attributed to its own key identifier and
// signed with a key of its own kind for signed by itself, and then checks the signature.
static enum tls_own own_check(struct tls_kit *kit, struct bytes certificate, const struct tls_x509 *x509, EVP_PKEY *key)
{
    struct tls_x509_use use;
    if (!tls_x509_use_read(x509, &use))
        return own_judge(certificate);
    if (!tls_x509_use_fits(&use, use.named, use.key_id) || !tls_x509_signing_fits(x509, x509->key_kind))
        return TLS_OWN_NO;
    return tls_key_check_certificate(kit, key, x509) == TLS_PROOF_RIGHT ? TLS_OWN_YES : own_judge(certificate);
}

// The key of an ordinary certificate, from the cache or made; NULL when it takes the long way.
static const struct tls_key *key_of(struct tls_kit *kit, struct bytes certificate, const struct tls_x509 *x509,
                                    const uint8_t digest[static TLS_DIGEST_BYTES])
{
    const struct tls_key *known = tls_key_find(kit->cache, digest);
    if (known != NULL)
        return known->key == NULL ? NULL : known;
    struct tls_key made = {.key = tls_key_decode(kit->cache, x509), .own = TLS_OWN_NO};
    if (made.key == NULL) {
        // Numbers of RSA and raw keys are always a key; OpenSSL does not tell of every shortage in the middle of one.
        if (x509->key_kind == TLS_X509_RSA || x509->key_kind >= TLS_X509_ED25519)
            ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
        return NULL;
    }
    memcpy(made.digest, digest, TLS_DIGEST_BYTES);
    made.dear = dear_key(made.key);
    if (tls_x509_self_issued(x509))
        made.own = made.dear ? TLS_OWN_UNKNOWN : own_check(kit, certificate, x509, made.key);
    return tls_key_put(kit->cache, &made);
}

static void digest_print(const uint8_t digest[static TLS_DIGEST_BYTES], char ret_text[static 2 * TLS_DIGEST_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t at = 0; at < TLS_DIGEST_BYTES; at++) {
        ret_text[2 * at] = digits[digest[at] >> 4];
        ret_text[2 * at + 1] = digits[digest[at] & 15];
    }
}

void tls_leaf_write(const struct tls_leaf *leaf, struct observation *observation)
{
    char digest[2 * TLS_DIGEST_BYTES];
    tls_x509_learn(&leaf->x509, observation);
    if (leaf->key->own != TLS_OWN_UNKNOWN)
        learn_flag(observation, FIELD(tls, self_signed), leaf->key->own == TLS_OWN_YES);
    digest_print(leaf->digest, digest);
    learn_text(observation, FIELD(tls, sha256), digest, sizeof(digest));
}

void tls_leaf_write_row(const struct tls_x509 *x509, const uint8_t digest[static TLS_DIGEST_BYTES],
                        struct observation *observation)
{
    char text[2 * TLS_DIGEST_BYTES];
    struct tls_certificate_observation *row = tls_x509_learn_row(x509, observation);
    digest_print(digest, text);
    if (row != NULL)
        learn_text_in(observation, row, FIELD(tls_certificate, sha256), text, sizeof(text));
}

// The way through OpenSSL. The key is kept like any other. observation may be NULL.
static const struct tls_key *long_way(struct tls_kit *kit, struct bytes certificate, struct observation *observation,
                                      const uint8_t digest[static TLS_DIGEST_BYTES])
{
    X509 *decoded = certificate_decode(certificate);
    if (decoded == NULL)
        return NULL;
    if (observation != NULL)
        certificate_observe(decoded, observation);
    const struct tls_key *known = tls_key_find(kit->cache, digest);
    if (known == NULL) {
        struct tls_key made = {.key = X509_get_pubkey(decoded)};
        memcpy(made.digest, digest, TLS_DIGEST_BYTES);
        made.dear = made.key != NULL && dear_key(made.key);
        known = tls_key_put(kit->cache, &made);
    }
    X509_free(decoded);
    return known;
}

bool tls_leaf_open(struct tls_kit *kit, struct bytes certificate, struct tls_leaf *ret_leaf)
{
    struct tls_leaf leaf;
    if (!tls_kit_digest(kit, TLS_SHA256, certificate.data, certificate.length, leaf.digest) ||
        !tls_x509_read(certificate, &leaf.x509))
        return false;
    leaf.key = key_of(kit, certificate, &leaf.x509, leaf.digest);
    if (leaf.key == NULL)
        return false;
    *ret_leaf = leaf;
    return true;
}

const struct tls_key *tls_leaf_learn(struct tls_kit *kit, struct bytes certificate, struct observation *observation)
{
    struct tls_leaf leaf;
    uint8_t digest[TLS_DIGEST_BYTES];
    if (tls_leaf_open(kit, certificate, &leaf)) {
        tls_leaf_write(&leaf, observation);
        return leaf.key;
    }
    if (!tls_kit_digest(kit, TLS_SHA256, certificate.data, certificate.length, digest))
        return NULL;
    return long_way(kit, certificate, observation, digest);
}

// Its key alone.
static const struct tls_key *leaf_key(struct tls_kit *kit, struct bytes certificate)
{
    uint8_t digest[TLS_DIGEST_BYTES];
    struct tls_x509 x509;
    if (!tls_kit_digest(kit, TLS_SHA256, certificate.data, certificate.length, digest))
        return NULL;
    const struct tls_key *key = tls_key_find(kit->cache, digest);
    if (key == NULL && tls_x509_read(certificate, &x509))
        key = key_of(kit, certificate, &x509, digest);
    return key != NULL ? key : long_way(kit, certificate, NULL, digest);
}

enum tls_leaf_state tls_leaf_read(struct tls_kit *kit, struct bytes body, bool since_13,
                                  struct observation *observation, const struct tls_key **ret_key)
{
    struct certificates list = certificates_read(body, since_13);
    if (list.failed)
        return TLS_LEAF_BAD;
    if (list.count == 0)
        return TLS_LEAF_EMPTY;
    bool refused = list.own_curve || list.count > TLS_CERTIFICATES_MAX;
    const struct tls_key *key = NULL;
    if (!list.own_curve)
        key = refused ? tls_leaf_learn(kit, list.first, observation) : leaf_key(kit, list.first);
    if (!refused && key == NULL)
        return TLS_LEAF_BAD;
    learn_number(observation, FIELD(tls, chain_length), (int64_t)list.count);
    const char *why = list.own_curve ? "own-curve" : refused ? "chain" : key->dear ? "key" : NULL;
    if (why != NULL)
        learn_constant(observation, FIELD(tls, refused), why);
    *ret_key = key;
    return why != NULL ? TLS_LEAF_REFUSED : TLS_LEAF_LEARNT;
}
