// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_key.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_KEYS = 128 }; // of about 2 KB each

struct tls_key_cache {
    struct tls_key keys[CACHE_KEYS];
};

struct tls_key_cache *tls_key_cache_new(void)
{
    return calloc(1, sizeof(struct tls_key_cache));
}

void tls_key_cache_free(struct tls_key_cache *cache)
{
    for (size_t at = 0; cache != NULL && at < CACHE_KEYS; at++)
        EVP_PKEY_free(cache->keys[at].key);
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

EVP_PKEY *tls_key_decode(const struct tls_x509 *x509)
{
    static const char *const curves[] = {
        [TLS_X509_P256] = "P-256", [TLS_X509_P384] = "P-384", [TLS_X509_P521] = "P-521"};
    char curve[8];
    if (x509->key_kind == TLS_X509_RSA)
        return rsa_decode(x509);
    if (x509->key_kind == TLS_X509_ED25519 || x509->key_kind == TLS_X509_ED448)
        return EVP_PKEY_new_raw_public_key_ex(NULL, x509->key_kind == TLS_X509_ED25519 ? "ED25519" : "ED448", NULL,
                                              x509->key.data, x509->key.length);
    memcpy(curve, curves[x509->key_kind], strlen(curves[x509->key_kind]) + 1);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)x509->key.data, x509->key.length),
        OSSL_PARAM_construct_end()};
    return key_from("EC", params);
}

// RFC 8446 section 4.2.3. `curve` is OpenSSL's name for the one that a scheme of ECDSA has to itself.
static const struct {
    uint16_t number;
    enum tls_hash hash;
    const char *type;
    const char *curve;
} schemes[] = {
    {0x0403, TLS_SHA256, "EC", "prime256v1"}, {0x0503, TLS_SHA384, "EC", "secp384r1"},
    {0x0603, TLS_SHA512, "EC", "secp521r1"},  {0x0807, TLS_SHA512, "ED25519", NULL},
    {0x0808, TLS_SHA512, "ED448", NULL},      {0x0809, TLS_SHA256, "RSA-PSS", NULL},
    {0x080a, TLS_SHA384, "RSA-PSS", NULL},    {0x080b, TLS_SHA512, "RSA-PSS", NULL},
    {0x0804, TLS_SHA256, "RSA", NULL},        {0x0805, TLS_SHA384, "RSA", NULL},
    {0x0806, TLS_SHA512, "RSA", NULL},
};

static bool curve_fits(const EVP_PKEY *key, const char *curve)
{
    char name[32];
    return curve == NULL || (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) == 1 && strcmp(name, curve) == 0);
}

// RSA as RSASSA-PSS with a salt as long as the hash, and ECDSA: over a digest.
static bool digest_check(struct tls_kit *kit, EVP_PKEY *key, enum tls_hash hash, struct bytes message,
                         struct bytes signature)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    const EVP_MD *md = kit->hashes[hash];
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool right = context != NULL && tls_kit_digest(kit, hash, message.data, message.length, digest) &&
                 EVP_PKEY_verify_init(context) == 1;
    if (right && !EVP_PKEY_is_a(key, "EC"))
        right = EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(context, md) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
    right =
        right && EVP_PKEY_verify(context, signature.data, signature.length, digest, (size_t)EVP_MD_get_size(md)) == 1;
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

enum tls_proof tls_key_check(struct tls_kit *kit, EVP_PKEY *key, uint16_t scheme, struct bytes message,
                             struct bytes signature)
{
    for (size_t at = 0; at < sizeof(schemes) / sizeof(schemes[0]); at++) {
        if (schemes[at].number != scheme)
            continue;
        if (!EVP_PKEY_is_a(key, schemes[at].type) || !curve_fits(key, schemes[at].curve))
            return TLS_PROOF_UNFIT;
        bool plain = schemes[at].type[0] != 'E' || schemes[at].curve != NULL;
        bool right = false;
        // Twice before somebody is said to lie: OpenSSL does not tell of every shortage in the middle of a signature.
        for (int attempt = 0; attempt < 2 && !right; attempt++)
            right = plain ? digest_check(kit, key, schemes[at].hash, message, signature)
                          : message_check(key, message, signature);
        return right ? TLS_PROOF_RIGHT : TLS_PROOF_WRONG;
    }
    return TLS_PROOF_UNFIT;
}
