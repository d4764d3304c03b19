// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_issuers.h"

#include <stdlib.h>
#include <string.h>

enum { REMEMBERED = 64 };

struct tls_issuers_memory {
    uint64_t askings;
    struct tls_issuers issuers[REMEMBERED];
};

struct tls_issuers_memory *tls_issuers_new(void)
{
    return calloc(1, sizeof(struct tls_issuers_memory));
}

void tls_issuers_free(struct tls_issuers_memory *memory)
{
    for (size_t at = 0; memory != NULL && at < REMEMBERED; at++)
        EVP_PKEY_free(memory->issuers[at].key);
    free(memory);
}

static struct tls_issuers *place_find(struct tls_issuers_memory *memory,
                                      const uint8_t digest[static TLS_ISSUERS_DIGEST_BYTES])
{
    for (size_t at = 0; at < REMEMBERED; at++) {
        struct tls_issuers *one = &memory->issuers[at];
        if (one->asked != 0 && memcmp(one->digest, digest, TLS_ISSUERS_DIGEST_BYTES) == 0)
            return one;
    }
    return NULL;
}

const struct tls_issuers *tls_issuers_find(struct tls_issuers_memory *memory,
                                           const uint8_t digest[static TLS_ISSUERS_DIGEST_BYTES])
{
    struct tls_issuers *place = place_find(memory, digest);
    if (place != NULL)
        place->asked = ++memory->askings;
    return place;
}

void tls_issuers_put(struct tls_issuers_memory *memory, const struct tls_issuers *issuers)
{
    struct tls_issuers *place = place_find(memory, issuers->digest);
    if (place == NULL) {
        place = &memory->issuers[0];
        for (size_t at = 1; at < REMEMBERED; at++)
            if (memory->issuers[at].asked < place->asked)
                place = &memory->issuers[at];
    }
    EVP_PKEY_free(place->key);
    *place = *issuers;
    place->asked = ++memory->askings;
}
