// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: what OpenSSL's verification has made of the certificates that servers send behind their own, of late.
// Thousands of servers send the same ones; what follows from them does not depend on the certificate before them, as
// long as that one is plain (tls_verdict.h). One thread.

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TLS_ISSUERS_DIGEST_BYTES = 32, TLS_ISSUERS_KEY_ID_MAX = 64 };

struct tls_issuers {
    uint8_t digest[TLS_ISSUERS_DIGEST_BYTES]; // SHA-256 of them, as they were sent
    uint64_t asked;                           // when they were asked for last, by the count of askings; 0: nothing
    bool judged;                              // a chain that goes on with one of them was verified, and what follows:
    size_t at;                                // which one that was
    int error;                                // X509_V_OK, or why no chain through it verifies
    int64_t valid_from;                       // of X509_V_OK: when all certificates behind the first one are valid
    int64_t valid_until;
    EVP_PKEY *key; // of X509_V_OK: that one's
    bool named;    // it has a key identifier
    uint8_t key_id[TLS_ISSUERS_KEY_ID_MAX];
    size_t key_id_length;
};

struct tls_issuers_memory;

// NULL without memory; free(NULL) legal.
struct tls_issuers_memory *tls_issuers_new(void);
void tls_issuers_free(struct tls_issuers_memory *memory);

// Those with that digest; NULL when they are not remembered. Valid until the next call of tls_issuers_put.
const struct tls_issuers *tls_issuers_find(struct tls_issuers_memory *memory,
                                           const uint8_t digest[static TLS_ISSUERS_DIGEST_BYTES]);

// Remembers them, in place of what was known of them, or of those not asked for the longest. The key goes to the
// memory.
void tls_issuers_put(struct tls_issuers_memory *memory, const struct tls_issuers *issuers);
