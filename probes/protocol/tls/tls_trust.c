// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_trust.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "probes/protocol/tls/tls_certificate.h"

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
    X509_STORE *store;  // NULL: nothing is verified
    uint32_t *subjects; // hashes of its authorities' names, in order
    size_t subject_count;
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

static int hash_compare(const void *one, const void *other)
{
    uint32_t first = *(const uint32_t *)one;
    uint32_t second = *(const uint32_t *)other;
    return first < second ? -1 : first > second;
}

// False without memory.
static bool subjects_list(struct tls_trust *trust)
{
    STACK_OF(X509) *authorities = trust->store == NULL ? NULL : X509_STORE_get1_all_certs(trust->store);
    int count = authorities == NULL ? 0 : sk_X509_num(authorities);
    bool listed = trust->store == NULL || authorities != NULL;
    trust->subjects = count == 0 ? NULL : calloc((size_t)count, sizeof(*trust->subjects));
    listed = listed && (count == 0 || trust->subjects != NULL);
    for (int at = 0; listed && at < count; at++) {
        int done = 0;
        const X509_NAME *subject = X509_get_subject_name(sk_X509_value(authorities, at));
        trust->subjects[trust->subject_count++] = (uint32_t)X509_NAME_hash_ex(subject, NULL, NULL, &done);
        listed = done == 1;
    }
    sk_X509_pop_free(authorities, X509_free);
    if (trust->subject_count > 0)
        qsort(trust->subjects, trust->subject_count, sizeof(*trust->subjects), hash_compare);
    return listed;
}

struct tls_trust *trust_new(const char *file)
{
    struct tls_trust *trust = calloc(1, sizeof(*trust));
    if (trust == NULL)
        return NULL;
    trust->store = store_load(file);
    if (!subjects_list(trust)) {
        trust_free(trust);
        return NULL;
    }
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
    free(trust->subjects);
    free(trust);
}

bool trust_verifies(const struct tls_trust *trust)
{
    return trust->store != NULL;
}

bool trust_has_subject(const struct tls_trust *trust, uint32_t hash)
{
    return trust->subject_count > 0 &&
           bsearch(&hash, trust->subjects, trust->subject_count, sizeof(hash), hash_compare) != NULL;
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

void trust_verdict_fini(struct trust_verdict *verdict)
{
    X509_free(verdict->issuer);
    verdict->issuer = NULL;
}

void trust_verdict_learn(const struct trust_verdict *verdict, struct observation *observation)
{
    if (!verdict->known)
        return;
    learn_flag(observation, FIELD(tls, trusted), verdict->trusted);
    if (!verdict->trusted)
        learn_word(observation, FIELD(tls, trust_error), X509_verify_cert_error_string(verdict->error));
}

// Looks at what was built behind the server's own certificate.
static void path_note(X509_STORE_CTX *check, struct trust_verdict *verdict)
{
    STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(check);
    int count = path == NULL ? 0 : sk_X509_num(path);
    verdict->valid_from = INT64_MIN;
    verdict->valid_until = INT64_MAX;
    for (int at = 1; at < count; at++) {
        X509 *one = sk_X509_value(path, at);
        int64_t from = INT64_MAX;
        int64_t until = INT64_MIN;
        (void)certificate_seconds(X509_get0_notBefore(one), &from);
        (void)certificate_seconds(X509_get0_notAfter(one), &until);
        verdict->valid_from = from > verdict->valid_from ? from : verdict->valid_from;
        verdict->valid_until = until < verdict->valid_until ? until : verdict->valid_until;
        verdict->constrained = verdict->constrained || X509_get_ext_by_NID(one, NID_name_constraints, -1) >= 0;
    }
    if (count > 1 && X509_up_ref(sk_X509_value(path, 1)) == 1)
        verdict->issuer = sk_X509_value(path, 1);
}

struct trust_verdict trust_verify(const struct tls_trust *trust, STACK_OF(X509) * certificates)
{
    struct trust_verdict verdict = {.known = false};
    X509 *leaf = sk_X509_value(certificates, 0);
    X509_STORE_CTX *check = trust->store == NULL || leaf == NULL ? NULL : X509_STORE_CTX_new();
    if (check == NULL)
        return verdict;
    if (X509_STORE_CTX_init(check, trust->store, leaf, certificates) == 1 &&
        X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_SERVER) == 1) {
        int found = X509_verify_cert(check);
        verdict.error = X509_STORE_CTX_get_error(check);
        // Below 0, and without memory, it could not be checked; then nothing is known.
        verdict.known = found >= 0 && verdict.error != X509_V_ERR_OUT_OF_MEM;
        verdict.trusted = found == 1;
        path_note(check, &verdict);
    }
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return verdict;
}
