// SPDX-License-Identifier: BSD-3-Clause
// Our reader of certificates against OpenSSL's: what ours takes OpenSSL takes too, and both teach the same. (What ours
// leaves goes through OpenSSL; so there is nothing that ours takes and OpenSSL refuses, or this program says what.)

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/protocol/tls/tls_certificate.h"
#include "probes/protocol/tls/tls_leaf.h"
#include "probes/session/env.h"
#include "tests/fuzz/entry.h"
#include "tests/fuzz/feed.h"
#include "tests/unit/session/told.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    struct tls_x509 x509;
    if (size == 0 || size > 1 << 15)
        return;
    struct tls_kit *kit = feed_env()->kit;
    const unsigned char *end = data;
    X509 *decoded = d2i_X509(NULL, &end, (long)size);
    bool whole = decoded != NULL && end == data + size;
    if (tls_x509_read(bytes_of(data, size), &x509) && !whole) {
        fprintf(stderr, "ours takes what OpenSSL refuses\n");
        abort();
    }
    struct observation seen[2];
    observation_init(&seen[0]);
    observation_init(&seen[1]);
    if ((tls_leaf_learn(kit, bytes_of(data, size), &seen[1]) != NULL) != whole)
        abort();
    if (whole) {
        certificate_observe(decoded, &seen[0]);
        char *texts[] = {told_all(&seen[0]), told_all(&seen[1])};
        if (strcmp(texts[0], texts[1]) != 0) {
            fprintf(stderr, "OpenSSL's:\n%s\nours:\n%s\n", texts[0], texts[1]);
            abort();
        }
        free(texts[0]);
        free(texts[1]);
    }
    observation_fini(&seen[0]);
    observation_fini(&seen[1]);
    X509_free(decoded);
}
