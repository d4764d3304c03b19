// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/dear.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

static int exponent_bits(const EVP_PKEY *key)
{
    BIGNUM *exponent = NULL;
    int bits = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 ? BN_num_bits(exponent) : 0;
    BN_free(exponent);
    return bits;
}

bool dear_key(const EVP_PKEY *key)
{
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
        return bits > DEAR_RSA_BITS || exponent_bits(key) > DEAR_RSA_EXPONENT_BITS;
    if (EVP_PKEY_is_a(key, "EC"))
        return bits > DEAR_EC_BITS;
    return bits > DEAR_DSA_BITS; // all that is left with long numbers: DSA, and DH, with which nothing is computed
}
