// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_key.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_KEYS = 128, CURVE_COUNT = TLS_X509_P521 - TLS_X509_P256 + 1 }; // keys of about 2 KB each

struct tls_key_cache {
    struct tls_key keys[CACHE_KEYS];
    EVP_PKEY *curves[CURVE_COUNT]; // some key of each: a copy of it with another point is made in half the time
};

static EVP_PKEY *key_from(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

// A public key on that curve.
static EVP_PKEY *curve_key_make(const char *name)
{
    char curve[8];
    unsigned char *point = NULL;
    EVP_PKEY *some = EVP_PKEY_Q_keygen(NULL, NULL, "EC", name);
    size_t length = some == NULL ? 0 : EVP_PKEY_get1_encoded_public_key(some, &point);
    memcpy(curve, name, strlen(name) + 1);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, length),
                           OSSL_PARAM_construct_end()};
    EVP_PKEY *key = length == 0 ? NULL : key_from("EC", params);
    OPENSSL_free(point);
    EVP_PKEY_free(some);
    return key;
}

struct tls_key_cache *tls_key_cache_new(void)
{
    static const char *const names[CURVE_COUNT] = {"P-256", "P-384", "P-521"};
    struct tls_key_cache *cache = calloc(1, sizeof(*cache));
    for (size_t at = 0; cache != NULL && at < CURVE_COUNT; at++) {
        cache->curves[at] = curve_key_make(names[at]);
        if (cache->curves[at] == NULL) {
            tls_key_cache_free(cache);
            return NULL;
        }
    }
    return cache;
}

void tls_key_cache_free(struct tls_key_cache *cache)
{
    for (size_t at = 0; cache != NULL && at < CACHE_KEYS; at++)
        EVP_PKEY_free(cache->keys[at].key);
    for (size_t at = 0; cache != NULL && at < CURVE_COUNT; at++)
        EVP_PKEY_free(cache->curves[at]);
    free(cache);
}

const struct tls_key *tls_key_find(const struct tls_key_cache *cache, const uint8_t digest[static TLS_DIGEST_BYTES])
{
    const struct tls_key *key = &cache->keys[digest[0] % CACHE_KEYS];
    return memcmp(key->digest, digest, TLS_DIGEST_BYTES) == 0 ? key : NULL;
}

const struct tls_key *tls_key_put(struct tls_key_cache *cache, const struct tls_key *key)
{
    struct tls_key *place = &cache->keys[key->digest[0] % CACHE_KEYS];
    EVP_PKEY_free(place->key);
    *place = *key;
    return place;
}

static EVP_PKEY *rsa_decode(const struct tls_x509 *x509)
{
    BIGNUM *modulus = BN_bin2bn(x509->modulus.data, (int)x509->modulus.length, NULL);
    BIGNUM *exponent = BN_bin2bn(x509->exponent.data, (int)x509->exponent.length, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (modulus != NULL && exponent != NULL && build != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
        params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY *key = params == NULL ? NULL : key_from("RSA", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(exponent);
    BN_free(modulus);
    return key;
}

EVP_PKEY *tls_key_decode(const struct tls_key_cache *cache, const struct tls_x509 *x509)
{
    if (x509->key_kind == TLS_X509_RSA)
        return rsa_decode(x509);
    if (x509->key_kind == TLS_X509_ED25519 || x509->key_kind == TLS_X509_ED448)
        return EVP_PKEY_new_raw_public_key_ex(NULL, x509->key_kind == TLS_X509_ED25519 ? "ED25519" : "ED448", NULL,
                                              x509->key.data, x509->key.length);
    EVP_PKEY *key = EVP_PKEY_dup(cache->curves[x509->key_kind - TLS_X509_P256]);
    if (key == NULL || EVP_PKEY_set1_encoded_public_key(key, x509->key.data, x509->key.length) == 1)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

bool tls_key_is(const EVP_PKEY *key, const char *type)
{
    const char *name = EVP_PKEY_get0_type_name(key);
    return name != NULL && strcmp(name, type) == 0;
}

enum padding { PADDING_NONE = 0, PADDING_PKCS1, PADDING_PSS, PADDING_WHOLE };

// RFC 8446 section 4.2.3. `curve` is OpenSSL's name for the one that a scheme of ECDSA has to itself since TLS 1.3;
// what has PKCS #1 or SHA-1 is older. WHOLE: the message is signed, not its digest.
static const struct scheme {
    uint16_t number;
    enum tls_hash hash;
    enum padding padding;
    const char *type;
    const char *curve;
} schemes[] = {
    {0x0403, TLS_SHA256, PADDING_NONE, "EC", "prime256v1"}, {0x0503, TLS_SHA384, PADDING_NONE, "EC", "secp384r1"},
    {0x0603, TLS_SHA512, PADDING_NONE, "EC", "secp521r1"},  {0x0807, TLS_SHA512, PADDING_WHOLE, "ED25519", NULL},
    {0x0808, TLS_SHA512, PADDING_WHOLE, "ED448", NULL},     {0x0809, TLS_SHA256, PADDING_PSS, "RSA-PSS", NULL},
    {0x080a, TLS_SHA384, PADDING_PSS, "RSA-PSS", NULL},     {0x080b, TLS_SHA512, PADDING_PSS, "RSA-PSS", NULL},
    {0x0804, TLS_SHA256, PADDING_PSS, "RSA", NULL},         {0x0805, TLS_SHA384, PADDING_PSS, "RSA", NULL},
    {0x0806, TLS_SHA512, PADDING_PSS, "RSA", NULL},         {0x0401, TLS_SHA256, PADDING_PKCS1, "RSA", NULL},
    {0x0501, TLS_SHA384, PADDING_PKCS1, "RSA", NULL},       {0x0601, TLS_SHA512, PADDING_PKCS1, "RSA", NULL},
    {0x0201, TLS_SHA1, PADDING_PKCS1, "RSA", NULL},         {0x0203, TLS_SHA1, PADDING_NONE, "EC", NULL},
};

static bool scheme_is_older(const struct scheme *scheme)
{
    return scheme->padding == PADDING_PKCS1 || scheme->hash == TLS_SHA1;
}

static bool curve_fits(const EVP_PKEY *key, const char *curve)
{
    char name[32];
    return curve == NULL || (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) == 1 && strcmp(name, curve) == 0);
}

static bool padding_set(EVP_PKEY_CTX *context, enum padding padding, const EVP_MD *md)
{
    switch (padding) {
    case PADDING_PKCS1:
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
               EVP_PKEY_CTX_set_signature_md(context, md) == 1;
    case PADDING_PSS:
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_signature_md(context, md) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
    default:
        return true;
    }
}

// A signature that is made over a digest.
struct signed_digest {
    enum tls_hash hash;
    enum padding padding; // of RSA; PSS with a salt as long as the hash
    struct bytes message;
    struct bytes signature;
};

static bool digest_check(struct tls_kit *kit, EVP_PKEY *key, const struct signed_digest *made)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    const EVP_MD *md = kit->hashes[made->hash];
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool right = context != NULL && tls_kit_digest(kit, made->hash, made->message.data, made->message.length, digest) &&
                 EVP_PKEY_verify_init(context) == 1 && padding_set(context, made->padding, md) &&
                 EVP_PKEY_verify(context, made->signature.data, made->signature.length, digest,
                                 (size_t)EVP_MD_get_size(md)) == 1;
    EVP_PKEY_CTX_free(context);
    return right;
}

// Ed25519 and Ed448 hash the message themselves.
static bool message_check(EVP_PKEY *key, struct bytes message, struct bytes signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool right = context != NULL && EVP_DigestVerifyInit_ex(context, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
                 EVP_DigestVerify(context, signature.data, signature.length, message.data, message.length) == 1;
    EVP_MD_CTX_free(context);
    return right;
}

enum tls_proof tls_key_check_certificate(struct tls_kit *kit, EVP_PKEY *issuer, const struct tls_x509 *x509)
{
    static const char *const types[] = {[TLS_X509_BY_RSA] = "RSA",
                                        [TLS_X509_BY_EC] = "EC",
                                        [TLS_X509_BY_ED25519] = "ED25519",
                                        [TLS_X509_BY_ED448] = "ED448"};
    bool plain = x509->signing == TLS_X509_BY_RSA || x509->signing == TLS_X509_BY_EC;
    if (!tls_key_is(issuer, types[x509->signing]) || (plain && x509->digest_bits == 0))
        return TLS_PROOF_UNFIT;
    const struct signed_digest made = {
        .hash = x509->digest_bits == 512   ? TLS_SHA512
                : x509->digest_bits == 384 ? TLS_SHA384
                                           : TLS_SHA256,
        .padding = x509->signing == TLS_X509_BY_RSA ? PADDING_PKCS1 : PADDING_NONE,
        .message = x509->content,
        .signature = x509->signature,
    };
    bool right = plain ? digest_check(kit, issuer, &made) : message_check(issuer, x509->content, x509->signature);
    return right ? TLS_PROOF_RIGHT : TLS_PROOF_WRONG;
}

static bool scheme_check(struct tls_kit *kit, EVP_PKEY *key, const struct scheme *scheme,
                         const struct tls_signature *made)
{
    const struct signed_digest digest = {
        .hash = scheme->hash, .padding = scheme->padding, .message = made->message, .signature = made->signature};
    return scheme->padding == PADDING_WHOLE ? message_check(key, made->message, made->signature)
                                            : digest_check(kit, key, &digest);
}

static enum tls_proof signature_check(struct tls_kit *kit, EVP_PKEY *key, const struct scheme *scheme,
                                      const struct tls_signature *made)
{
    if (!tls_key_is(key, scheme->type) ||
        (made->since_13 && (scheme_is_older(scheme) || !curve_fits(key, scheme->curve))))
        return TLS_PROOF_UNFIT;
    return scheme_check(kit, key, scheme, made) ? TLS_PROOF_RIGHT : TLS_PROOF_WRONG;
}

enum tls_proof tls_key_check(struct tls_kit *kit, EVP_PKEY *key, const struct tls_signature *made)
{
    enum tls_proof found = TLS_PROOF_UNFIT;
    for (size_t at = 0; at < sizeof(schemes) / sizeof(schemes[0]); at++) {
        if (schemes[at].number != made->scheme)
            continue;
        found = signature_check(kit, key, &schemes[at], made);
        // Twice before somebody is said to lie: OpenSSL does not tell of every shortage in the middle of a signature.
        return found == TLS_PROOF_RIGHT ? found : signature_check(kit, key, &schemes[at], made);
    }
    return found;
}
