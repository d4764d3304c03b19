// SPDX-License-Identifier: BSD-3-Clause
// Our reader of certificates against OpenSSL's: what ours takes OpenSSL takes too, and both teach the same. (What ours
// leaves goes through OpenSSL; so there is nothing that ours takes and OpenSSL refuses, or this program says what.) The
// same of its row in a chain, and of whether it verifies: alone, and before an authority that nobody knows.

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/protocol/tls/tls_certificate.h"
#include "probes/protocol/tls/tls_leaf.h"
#include "probes/protocol/tls/tls_verdict.h"
#include "probes/session/conversation.h"
#include "probes/session/dear.h"
#include "probes/session/env.h"
#include "tests/fuzz/entry.h"
#include "tests/fuzz/feed.h"
#include "tests/unit/session/issue.h"
#include "tests/unit/session/told.h"

// The authorities that are sent behind it. Corpus has certificates of "intermediate".
static X509 *authorities[2];

// That somebody is trusted at all: else nothing is verified.
static struct tls_trust *trust;

static void prepare(void)
{
    static const char store[] = "/etc/ssl/certs/ca-certificates.crt";
    static const char *const names[] = {"root", "intermediate"};
    EVP_PKEY *keys[2];
    if (trust != NULL)
        return;
    trust = trust_new(store);
    for (size_t at = 0; at < 2; at++) {
        keys[at] = issue_key("EC");
        const struct issue issue = {.subject = names[at],
                                    .issuer = "root",
                                    .key = keys[at],
                                    .signer = keys[0],
                                    .until = 86400,
                                    .extensions = {"basicConstraints=critical,CA:TRUE"}};
        authorities[at] = issue_certificate(&issue);
    }
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
    if (trust == NULL)
        abort();
}

static void certificate_put(struct buffer *list, const uint8_t *der, size_t length)
{
    const uint8_t head[] = {(uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length};
    buffer_put(list, head, sizeof(head));
    buffer_put(list, der, length);
}

// With the first `count` authorities behind it, the intermediate one first.
static void verdict_compare(struct tls_kit *kit, struct bytes certificate, X509 *decoded, int count)
{
    struct buffer list = {0};
    struct trust_verdict found = {.known = false};
    struct tls_rest rest;
    struct bytes first;
    struct tls_leaf leaf;
    STACK_OF(X509) *chain = sk_X509_new_null();
    certificate_put(&list, certificate.data, certificate.length);
    sk_X509_push(chain, decoded);
    for (int at = 1; at > 1 - count; at--) {
        uint8_t *der = NULL;
        int length = i2d_X509(authorities[at], &der);
        certificate_put(&list, der, (size_t)length);
        sk_X509_push(chain, authorities[at]);
        OPENSSL_free(der);
    }
    struct trust_verdict expected = trust_verify(trust, chain);
    if (!tls_rest_open(kit, bytes_of(buffer_bytes(&list), list.length), false, &first, &rest))
        abort();
    tls_verdict_remember(kit, first, &rest, &expected);
    if (tls_leaf_open(kit, first, &leaf) && tls_verdict_decide(kit, trust, &leaf, &rest, &found) &&
        (found.known != expected.known || found.trusted != expected.trusted || found.error != expected.error)) {
        fprintf(stderr, "short: %s, OpenSSL: %s\n", X509_verify_cert_error_string(found.error),
                X509_verify_cert_error_string(expected.error));
        abort();
    }
    trust_verdict_fini(&expected);
    sk_X509_free(chain);
    buffer_fini(&list);
}

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
    prepare();
    struct tls_leaf leaf;
    struct observation seen[2];
    observation_init(&seen[0]);
    observation_init(&seen[1]);
    if ((tls_leaf_learn(kit, bytes_of(data, size), &seen[1]) != NULL) != whole)
        abort();
    if (whole) {
        certificate_observe(decoded, &seen[0]);
        if (tls_leaf_open(kit, bytes_of(data, size), &leaf)) {
            certificate_observe_row(decoded, &seen[0]);
            tls_leaf_write_row(&leaf.x509, leaf.digest, &seen[1]);
        }
        // As chains are: nothing is verified with a key that is too dear or cannot be read.
        const EVP_PKEY *key = X509_get0_pubkey(decoded);
        for (int count = 0; key != NULL && !dear_key(key) && count < 3; count++)
            verdict_compare(kit, bytes_of(data, size), decoded, count);
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
