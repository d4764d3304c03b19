// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/personality/identity.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/simnet/personality/crypto.h"

// From the population's key, the service and what the bytes are for.
static void seed_make(const struct identity_wish *wish, const char *purpose, uint8_t ret_seed[static CRYPTO_HASH_BYTES])
{
    char text[256];
    int length = snprintf(text, sizeof(text), "simnet %016llx %.100s %.40s %u",
                          (unsigned long long)wish->population_key, wish->service, purpose, wish->index);
    crypto_hash((const uint8_t *)text, (size_t)length, ret_seed);
}

static EVP_PKEY *ed25519_key(const uint8_t seed[static CRYPTO_HASH_BYTES])
{
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, CRYPTO_HASH_BYTES);
}

// A key on P-256 whose number is the seed: below the group's order but for one in 2^32, which has the highest bit here.
static EVP_PKEY *ecdsa_key(const uint8_t seed[static CRYPTO_HASH_BYTES])
{
    uint8_t octets[CRYPTO_HASH_BYTES];
    uint8_t point[65];
    memcpy(octets, seed, sizeof(octets));
    octets[0] &= 0x7f;
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *public = group == NULL ? NULL : EC_POINT_new(group);
    BIGNUM *number = BN_bin2bn(octets, sizeof(octets), NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (ctx != NULL && public != NULL && number != NULL && build != NULL &&
        EC_POINT_mul(group, public, number, NULL, NULL, NULL) == 1 &&
        EC_POINT_point2oct(group, public, POINT_CONVERSION_UNCOMPRESSED, point, sizeof(point), NULL) == sizeof(point) &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) == 1)
        params = OSSL_PARAM_BLD_to_param(build);
    if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
        key = NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(number);
    EC_POINT_free(public);
    EC_GROUP_free(group);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static bool name_add(X509_NAME *name, const char *field, const char *value)
{
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1;
}

static bool extension_add(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

// Times are constants: a certificate is the same whoever makes it, whenever.
static X509 *certificate_make(const char *common_name, uint32_t serial, EVP_PKEY *key, X509 *issuer,
                              EVP_PKEY *issuer_key)
{
    X509 *made = X509_new();
    char names[300];
    snprintf(names, sizeof(names), "DNS:%.250s", common_name);
    bool good = made != NULL && X509_set_version(made, X509_VERSION_3) == 1 &&
                ASN1_INTEGER_set(X509_get_serialNumber(made), (long)serial + 1) == 1 &&
                ASN1_TIME_set_string_X509(X509_getm_notBefore(made), "20250101000000Z") == 1 &&
                ASN1_TIME_set_string_X509(X509_getm_notAfter(made), "20450101000000Z") == 1 &&
                name_add(X509_get_subject_name(made), "CN", common_name) && X509_set_pubkey(made, key) == 1 &&
                X509_set_issuer_name(made, X509_get_subject_name(issuer == NULL ? made : issuer)) == 1 &&
                extension_add(made, NID_basic_constraints, issuer == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
                (issuer == NULL || extension_add(made, NID_subject_alt_name, names)) &&
                X509_sign(made, issuer_key, NULL) > 0;
    if (!good) {
        X509_free(made);
        return NULL;
    }
    return made;
}

static char *name_text(const X509_NAME *name)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *data = NULL;
    char *text = NULL;
    if (memory != NULL && X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253) >= 0) {
        long length = BIO_get_mem_data(memory, &data);
        text = length < 0 ? NULL : calloc(1, (size_t)length + 1); // what BIO has is no string
        if (text != NULL && length > 0)
            memcpy(text, data, (size_t)length);
    }
    BIO_free(memory);
    return text;
}

static bool certificate_describe(struct identity *identity)
{
    uint8_t digest[CRYPTO_HASH_BYTES];
    unsigned int length = sizeof(digest);
    identity->subject = name_text(X509_get_subject_name(identity->certificate));
    identity->issued_by = name_text(X509_get_issuer_name(identity->certificate));
    if (X509_digest(identity->certificate, EVP_sha256(), digest, &length) != 1)
        return false;
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(identity->sha256 + 2 * i, 3, "%02x", digest[i]);
    return identity->subject != NULL && identity->issued_by != NULL;
}

int identity_init(struct identity *identity, const struct identity_wish *wish)
{
    uint8_t seed[CRYPTO_HASH_BYTES];
    char common_name[250];
    *identity = (struct identity){.kind = wish->kind};
    seed_make(wish, "key", seed);
    identity->key = wish->kind == IDENTITY_ECDSA ? ecdsa_key(seed) : ed25519_key(seed);
    if (identity->key == NULL)
        return -ENOMEM;
    if (wish->use != IDENTITY_CERTIFICATE)
        return 0;
    struct identity_wish authority = *wish;
    authority.index = 0;
    seed_make(&authority, "issuer", seed);
    EVP_PKEY *issuer_key = ed25519_key(seed);
    identity->issuer = issuer_key == NULL ? NULL : certificate_make("simnet issuer", 0, issuer_key, NULL, issuer_key);
    // One name for all would be a wildcard's; hosts of a pool have names of their own.
    snprintf(common_name, sizeof(common_name), "h%u.%.200s", wish->index, wish->common_name);
    if (identity->issuer != NULL)
        identity->certificate = certificate_make(common_name, wish->index, identity->key, identity->issuer, issuer_key);
    EVP_PKEY_free(issuer_key);
    return identity->certificate != NULL && certificate_describe(identity) ? 0 : -ENOMEM;
}

void identity_fini(struct identity *identity)
{
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
    X509_free(identity->issuer);
    free(identity->subject);
    free(identity->issued_by);
    free(identity->prepared);
    *identity = (struct identity){0};
}
