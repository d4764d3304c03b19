// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>

#include "probes/protocol/tls/tls_issuers.h"
#include "probes/protocol/tls/tls_key.h"
#include "probes/protocol/tls/tls_kit.h"
#include "probes/protocol/tls/tls_share.h"
#include "probes/session/env.h"

static bool hashes_fetch(struct tls_kit *kit)
{
    static const char *const names[] = {
        [TLS_SHA256] = "SHA256", [TLS_SHA384] = "SHA384", [TLS_SHA512] = "SHA512", [TLS_SHA1] = "SHA1"};
    kit->scratch = EVP_MD_CTX_new();
    bool done = kit->scratch != NULL;
    for (size_t at = 0; at < TLS_HASH_COUNT; at++) {
        kit->hashes[at] = EVP_MD_fetch(NULL, names[at], NULL);
        kit->hash_contexts[at] = EVP_MD_CTX_new();
        done = done && kit->hashes[at] != NULL && kit->hash_contexts[at] != NULL &&
               EVP_DigestInit_ex(kit->hash_contexts[at], kit->hashes[at], NULL) == 1;
    }
    return done;
}

static bool aeads_fetch(struct tls_kit *kit)
{
    static const char *const names[] = {[TLS_AES_128_GCM] = "AES-128-GCM",
                                        [TLS_AES_256_GCM] = "AES-256-GCM",
                                        [TLS_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
                                        [TLS_AES_128_CBC] = "AES-128-CBC",
                                        [TLS_AES_256_CBC] = "AES-256-CBC"};
    bool done = true;
    for (size_t at = 0; at < TLS_AEAD_COUNT; at++) {
        kit->aeads[at] = EVP_CIPHER_fetch(NULL, names[at], NULL);
        kit->aead_contexts[at] = EVP_CIPHER_CTX_new();
        done = done && kit->aeads[at] != NULL && kit->aead_contexts[at] != NULL &&
               EVP_EncryptInit_ex(kit->aead_contexts[at], kit->aeads[at], NULL, NULL, NULL) == 1;
    }
    return done;
}

enum { SUITES_OF_13 = 0x13 }; // the first byte of their numbers

// The context's, then 3DES, RC4 and DES: who has nothing else says at least so, and shows his certificate.
static void ciphers_list(struct tls_kit *kit, const SSL_CTX *context)
{
    static const uint16_t old[] = {0xc008, 0xc012, 0x0016, 0x0013, 0x000a, 0xc007, 0xc011, 0x0005, 0x0004, 0x0009};
    STACK_OF(SSL_CIPHER) *list = SSL_CTX_get_ciphers(context);
    const size_t room = TLS_CIPHERS_MAX - sizeof(old) / sizeof(old[0]);
    for (int at = 0; at < sk_SSL_CIPHER_num(list) && kit->cipher_count < room; at++) {
        uint16_t number = SSL_CIPHER_get_protocol_id(sk_SSL_CIPHER_value(list, at));
        // Of TLS 1.3 only what our client computes with.
        if (number >> 8 != SUITES_OF_13 || tls_suite_find(number) != NULL)
            kit->ciphers[kit->cipher_count++] = number;
    }
    for (size_t at = 0; at < sizeof(old) / sizeof(old[0]); at++)
        kit->ciphers[kit->cipher_count++] = old[at];
}

struct tls_kit *tls_kit_new(const SSL_CTX *context, bool prove)
{
    struct tls_kit *kit = calloc(1, sizeof(*kit));
    if (kit == NULL)
        return NULL;
    kit->prove = prove;
    ciphers_list(kit, context);
    bool done = hashes_fetch(kit);
    done = aeads_fetch(kit) && done;
    kit->shares = done ? tls_shares_new() : NULL;
    kit->cache = kit->shares != NULL ? tls_key_cache_new() : NULL;
    kit->issuers = kit->cache != NULL ? tls_issuers_new() : NULL;
    if (kit->issuers == NULL) {
        tls_kit_free(kit);
        return NULL;
    }
    return kit;
}

void tls_kit_free(struct tls_kit *kit)
{
    if (kit == NULL)
        return;
    tls_issuers_free(kit->issuers);
    tls_key_cache_free(kit->cache);
    tls_shares_free(kit->shares);
    for (size_t at = 0; at < TLS_AEAD_COUNT; at++) {
        EVP_CIPHER_CTX_free(kit->aead_contexts[at]);
        EVP_CIPHER_free(kit->aeads[at]);
    }
    for (size_t at = 0; at < TLS_HASH_COUNT; at++) {
        EVP_MD_CTX_free(kit->hash_contexts[at]);
        EVP_MD_free(kit->hashes[at]);
    }
    EVP_MD_CTX_free(kit->scratch);
    free(kit);
}
