// SPDX-License-Identifier: BSD-3-Clause
// Host keys: reads a key blob into OpenSSL's form and checks its signature over the exchange hash.

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

#include "probes/buffer.h"
#include "probes/protocol/ssh/ssh_key.h"
#include "probes/session/dear.h"

enum { DSS_HALF = 20, NUMBERS_MAX = 4, NUMBER_BYTES_MAX = 2050, HALF_MAX = 128 };

struct key_type {
    const char *name; // in the blob
    const char *evp;
    const char *group;                // of an elliptic curve
    const char *digest;               // of its signatures; of "ssh-rsa" the signature's name says
    const char *numbers[NUMBERS_MAX]; // OpenSSL's names of the mpints in the blob, in their order
};

static const struct key_type key_types[] = {
    {"ssh-ed25519", "ED25519", NULL, NULL, {NULL}},
    {"ssh-ed448", "ED448", NULL, NULL, {NULL}},
    {"ecdsa-sha2-nistp256", "EC", "P-256", "SHA256", {NULL}},
    {"ecdsa-sha2-nistp384", "EC", "P-384", "SHA384", {NULL}},
    {"ecdsa-sha2-nistp521", "EC", "P-521", "SHA512", {NULL}},
    {"ssh-rsa", "RSA", NULL, "SHA1", {OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_N}},
    {"ssh-dss",
     "DSA",
     NULL,
     "SHA1",
     {OSSL_PKEY_PARAM_FFC_P, OSSL_PKEY_PARAM_FFC_Q, OSSL_PKEY_PARAM_FFC_G, OSSL_PKEY_PARAM_PUB_KEY}},
};

static const struct key_type *key_type_find(struct bytes name)
{
    for (size_t at = 0; at < sizeof(key_types) / sizeof(key_types[0]); at++)
        if (name.length == strlen(key_types[at].name) && memcmp(name.data, key_types[at].name, name.length) == 0)
            return &key_types[at];
    return NULL;
}

static EVP_PKEY *key_of_params(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *key_of_numbers(const struct key_type *type, struct bytes *blob)
{
    BIGNUM *numbers[NUMBERS_MAX] = {NULL};
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    bool right = build != NULL;
    for (size_t at = 0; right && at < NUMBERS_MAX && type->numbers[at] != NULL; at++) {
        struct bytes number = bytes_slice(blob, bytes_u32(blob));
        right = !number.failed && number.length > 0 && number.length <= NUMBER_BYTES_MAX;
        numbers[at] = right ? BN_bin2bn(number.data, (int)number.length, NULL) : NULL;
        right = numbers[at] != NULL && OSSL_PARAM_BLD_push_BN(build, type->numbers[at], numbers[at]) == 1;
    }
    EVP_PKEY *key = right ? key_of_params(type->evp, build) : NULL;
    OSSL_PARAM_BLD_free(build);
    for (size_t at = 0; at < NUMBERS_MAX; at++)
        BN_free(numbers[at]);
    return key;
}

static EVP_PKEY *key_of_point(const struct key_type *type, struct bytes *blob)
{
    (void)bytes_slice(blob, bytes_u32(blob)); // the curve again, which the name has said
    struct bytes point = bytes_slice(blob, bytes_u32(blob));
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (!point.failed && build != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, type->group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.length) == 1)
        key = key_of_params(type->evp, build);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static EVP_PKEY *key_read(const struct key_type *type, struct bytes *blob)
{
    if (type->group != NULL)
        return key_of_point(type, blob);
    if (type->numbers[0] != NULL)
        return key_of_numbers(type, blob);
    struct bytes raw = bytes_slice(blob, bytes_u32(blob));
    return raw.failed ? NULL : EVP_PKEY_new_raw_public_key_ex(NULL, type->evp, NULL, raw.data, raw.length);
}

// SSH carries r and s plainly, OpenSSL wants them as a DER sequence. ECDSA_SIG and DSA_SIG encode alike.
static bool signature_encode(const struct key_type *type, struct bytes *signature, struct buffer *ret_der)
{
    struct bytes r;
    struct bytes s;
    if (type->group != NULL) {
        r = bytes_slice(signature, bytes_u32(signature));
        s = bytes_slice(signature, bytes_u32(signature));
    } else {
        r = bytes_slice(signature, DSS_HALF);
        s = bytes_slice(signature, DSS_HALF);
    }
    if (r.failed || s.failed || r.length > HALF_MAX || s.length > HALF_MAX)
        return false;
    ECDSA_SIG *both = ECDSA_SIG_new();
    BIGNUM *r_number = BN_bin2bn(r.data, (int)r.length, NULL);
    BIGNUM *s_number = BN_bin2bn(s.data, (int)s.length, NULL);
    if (both == NULL || r_number == NULL || s_number == NULL || ECDSA_SIG_set0(both, r_number, s_number) != 1) {
        BN_free(r_number);
        BN_free(s_number);
        ECDSA_SIG_free(both);
        return false;
    }
    unsigned char *der = NULL;
    int length = i2d_ECDSA_SIG(both, &der);
    if (length > 0)
        buffer_put(ret_der, der, (size_t)length);
    OPENSSL_free(der);
    ECDSA_SIG_free(both);
    return length > 0 && !ret_der->failed;
}

// The digest that goes with a signature of that name; RSA keys have three (RFC 8332). False when name and key disagree.
static bool signature_digest(const struct key_type *type, struct bytes name, const char **ret_digest)
{
    static const struct {
        const char *name;
        const char *digest;
    } rsa[] = {{"rsa-sha2-256", "SHA256"}, {"rsa-sha2-512", "SHA512"}};
    for (size_t at = 0; strcmp(type->evp, "RSA") == 0 && at < sizeof(rsa) / sizeof(rsa[0]); at++) {
        if (name.length == strlen(rsa[at].name) && memcmp(name.data, rsa[at].name, name.length) == 0) {
            *ret_digest = rsa[at].digest;
            return true;
        }
    }
    *ret_digest = type->digest;
    return name.length == strlen(type->name) && memcmp(name.data, type->name, name.length) == 0;
}

static enum ssh_proof signature_verify(EVP_MD_CTX *ctx, EVP_PKEY *key, const char *digest, struct bytes value,
                                       struct bytes data)
{
    bool right = EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL) == 1 &&
                 EVP_DigestVerify(ctx, value.data, value.length, data.data, data.length) == 1;
    EVP_MD_CTX_reset(ctx);
    return right ? SSH_PROOF_RIGHT : SSH_PROOF_WRONG;
}

enum ssh_proof ssh_key_verify(EVP_MD_CTX *ctx, struct bytes blob, struct bytes signature, struct bytes data,
                              int *ret_bits)
{
    struct bytes blob_name = bytes_slice(&blob, bytes_u32(&blob));
    struct bytes signature_name = bytes_slice(&signature, bytes_u32(&signature));
    struct bytes value = bytes_slice(&signature, bytes_u32(&signature));
    const struct key_type *type = blob_name.failed ? NULL : key_type_find(blob_name);
    EVP_PKEY *key = type == NULL ? NULL : key_read(type, &blob);
    const char *digest = NULL;
    enum ssh_proof proof = SSH_PROOF_WRONG;
    if (key == NULL)
        return type == NULL ? SSH_PROOF_NONE : SSH_PROOF_WRONG;
    *ret_bits = EVP_PKEY_get_bits(key);
    struct buffer der = {0};
    bool encoded = type->group != NULL || strcmp(type->evp, "DSA") == 0;
    if (dear_key(key)) {
        proof = SSH_PROOF_NONE;
    } else if (!value.failed && signature_digest(type, signature_name, &digest) &&
               (!encoded || signature_encode(type, &value, &der))) {
        value = encoded ? bytes_of(buffer_bytes(&der), der.length) : value;
        proof = signature_verify(ctx, key, digest, value, data);
    }
    buffer_fini(&der);
    EVP_PKEY_free(key);
    return proof;
}
