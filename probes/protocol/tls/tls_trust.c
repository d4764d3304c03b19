// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_trust.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    // Of late chains; a whole one may be 56 KB, an ordinary one is 4 KB.
    TRUST_REMEMBERED = 64,
};

struct remembered {
    uint8_t digest[TRUST_DIGEST_BYTES];
    uint64_t asked; // when it was asked for last, by the count of askings; 0: nothing is here
    struct observation observation;
};

struct tls_trust {
    X509_STORE *store; // NULL: nothing is verified
    uint64_t askings;
    struct remembered remembered[TRUST_REMEMBERED];
};

// NULL when there is no authority in it.
static X509_STORE *store_load(const char *file)
{
    X509_STORE *store = file == NULL ? NULL : X509_STORE_new();
    if (store != NULL && X509_STORE_load_file(store, file) != 1) {
        X509_STORE_free(store);
        store = NULL;
    }
    // That there is no such file is no error of the next call of OpenSSL's.
    ERR_clear_error();
    return store;
}

struct tls_trust *trust_new(const char *file)
{
    struct tls_trust *trust = calloc(1, sizeof(*trust));
    if (trust == NULL)
        return NULL;
    trust->store = store_load(file);
    for (size_t at = 0; at < TRUST_REMEMBERED; at++)
        observation_init(&trust->remembered[at].observation);
    return trust;
}

void trust_free(struct tls_trust *trust)
{
    if (trust == NULL)
        return;
    for (size_t at = 0; at < TRUST_REMEMBERED; at++)
        observation_fini(&trust->remembered[at].observation);
    X509_STORE_free(trust->store);
    free(trust);
}

const struct tls_observation *trust_recall(struct tls_trust *trust, const uint8_t digest[static TRUST_DIGEST_BYTES])
{
    for (size_t at = 0; at < TRUST_REMEMBERED; at++) {
        struct remembered *one = &trust->remembered[at];
        if (one->asked != 0 && memcmp(one->digest, digest, TRUST_DIGEST_BYTES) == 0) {
            one->asked = ++trust->askings;
            return one->observation.tls;
        }
    }
    return NULL;
}

struct observation *trust_remember(struct tls_trust *trust, const uint8_t digest[static TRUST_DIGEST_BYTES])
{
    struct remembered *oldest = &trust->remembered[0];
    for (size_t at = 1; at < TRUST_REMEMBERED; at++)
        if (trust->remembered[at].asked < oldest->asked)
            oldest = &trust->remembered[at];
    observation_fini(&oldest->observation);
    memcpy(oldest->digest, digest, TRUST_DIGEST_BYTES);
    oldest->asked = ++trust->askings;
    return &oldest->observation;
}

void trust_forget(struct tls_trust *trust, const struct observation *place)
{
    for (size_t at = 0; at < TRUST_REMEMBERED; at++)
        if (&trust->remembered[at].observation == place)
            trust->remembered[at].asked = 0;
}

void trust_verify(struct tls_trust *trust, STACK_OF(X509) * certificates, struct observation *observation)
{
    X509 *leaf = sk_X509_value(certificates, 0);
    X509_STORE_CTX *check = trust->store == NULL || leaf == NULL ? NULL : X509_STORE_CTX_new();
    if (check == NULL)
        return;
    if (X509_STORE_CTX_init(check, trust->store, leaf, certificates) == 1 &&
        X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_SERVER) == 1) {
        int verdict = X509_verify_cert(check);
        int error = X509_STORE_CTX_get_error(check);
        // Below 0, and without memory, it could not be checked; then nothing is known.
        if (verdict >= 0 && error != X509_V_ERR_OUT_OF_MEM) {
            learn_flag(observation, FIELD(tls, trusted), verdict == 1);
            if (verdict != 1)
                learn_word(observation, FIELD(tls, trust_error), X509_verify_cert_error_string(error));
        }
    }
    X509_STORE_CTX_free(check);
    ERR_clear_error();
}
