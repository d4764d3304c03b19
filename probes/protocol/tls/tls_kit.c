// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_kit.h"

#include <openssl/err.h>

static const struct tls_suite suites[] = {
    {0x1302, "TLS_AES_256_GCM_SHA384", TLS_AES_256_GCM, TLS_SHA384, 32, 48},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256", TLS_CHACHA20_POLY1305, TLS_SHA256, 32, 32},
    {0x1301, "TLS_AES_128_GCM_SHA256", TLS_AES_128_GCM, TLS_SHA256, 16, 32},
};

const struct tls_suite *tls_suite_find(uint16_t number)
{
    for (size_t at = 0; at < sizeof(suites) / sizeof(suites[0]); at++)
        if (suites[at].number == number)
            return &suites[at];
    return NULL;
}

bool tls_kit_digest(struct tls_kit *kit, enum tls_hash hash, const void *data, size_t length, uint8_t *ret_digest)
{
    EVP_MD_CTX *context = kit->hash_contexts[hash];
    if (EVP_DigestInit_ex(context, kit->hashes[hash], NULL) == 1 && EVP_DigestUpdate(context, data, length) == 1 &&
        EVP_DigestFinal_ex(context, ret_digest, NULL) == 1)
        return true;
    // Nothing else can go wrong, and OpenSSL does not always say so.
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    return false;
}

bool tls_kit_starved(void)
{
    bool starved = false;
    for (unsigned long error; (error = ERR_get_error()) != 0;)
        starved = starved || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
    return starved;
}
