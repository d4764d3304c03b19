// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_leaf.h"

#include <openssl/err.h>

#include "probes/protocol/tls/tls_measure.h"
#include "probes/protocol/tls/tls_certificate.h"
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

// The key of an ordinary certificate, from the cache or made; NULL when it takes the long way.
static const struct tls_key *key_of(struct tls_kit *kit, struct bytes certificate, const struct tls_x509 *x509,
                                    const uint8_t digest[static TLS_DIGEST_BYTES])
{
    const struct tls_key *known = tls_key_find(kit->cache, digest);
    if (known != NULL)
        return known->key == NULL ? NULL : known;
    struct tls_key made = {.key = tls_key_decode(x509), .own = TLS_OWN_NO};
    if (made.key == NULL) {
        // Numbers of RSA and raw keys are always a key; OpenSSL does not tell of every shortage in the middle of one.
        if (x509->key_kind == TLS_X509_RSA || x509->key_kind >= TLS_X509_ED25519)
            ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
        return NULL;
    }
    memcpy(made.digest, digest, TLS_DIGEST_BYTES);
    made.dear = dear_key(made.key);
    if (tls_x509_self_issued(x509))
        made.own = made.dear ? TLS_OWN_UNKNOWN : own_judge(certificate);
    return tls_key_put(kit->cache, &made);
}

static void digest_learn(struct observation *observation, const uint8_t digest[static TLS_DIGEST_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * TLS_DIGEST_BYTES];
    for (size_t at = 0; at < TLS_DIGEST_BYTES; at++) {
        text[2 * at] = digits[digest[at] >> 4];
        text[2 * at + 1] = digits[digest[at] & 15];
    }
    learn_text(observation, FIELD(tls, sha256), text, sizeof(text));
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

const struct tls_key *tls_leaf_learn(struct tls_kit *kit, struct bytes certificate, struct observation *observation)
{
    uint8_t digest[TLS_DIGEST_BYTES];
    struct tls_x509 x509;
    if (!tls_kit_digest(kit, TLS_SHA256, certificate.data, certificate.length, digest))
        return NULL;
    const struct tls_key *key = tls_x509_read(certificate, &x509) ? key_of(kit, certificate, &x509, digest) : NULL;
    if (key == NULL)
        return long_way(kit, certificate, observation, digest);
    tls_x509_learn(&x509, observation);
    if (key->own != TLS_OWN_UNKNOWN)
        learn_flag(observation, FIELD(tls, self_signed), key->own == TLS_OWN_YES);
    digest_learn(observation, digest);
    return key;
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
