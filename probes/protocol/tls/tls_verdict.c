// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_verdict.h"

#include <openssl/x509v3.h>
#include <time.h>

#include "probes/protocol/tls/der.h"
#include "probes/protocol/tls/tls_issuers.h"
#include "probes/protocol/tls/tls_x509_name.h"
#include "probes/protocol/tls/tls_x509_use.h"

struct bytes tls_rest_next(struct tls_rest *rest)
{
    struct bytes certificate = bytes_slice(&rest->list, bytes_u24(&rest->list));
    if (rest->since_13)
        (void)bytes_slice(&rest->list, bytes_u16(&rest->list));
    return certificate;
}

bool tls_rest_open(struct tls_kit *kit, struct bytes list, bool since_13, struct bytes *ret_first,
                   struct tls_rest *ret_rest)
{
    struct tls_rest rest = {.list = list, .since_13 = since_13};
    *ret_first = tls_rest_next(&rest);
    if (!tls_kit_digest(kit, TLS_SHA256, rest.list.data, rest.list.length, rest.digest))
        return false;
    // The same bytes may be other certificates in the other framing.
    rest.digest[0] ^= since_13;
    *ret_rest = rest;
    return true;
}

// Of an ordinary name, as trust_has_subject wants it. False without memory.
static bool name_hash(struct tls_kit *kit, struct bytes name, uint32_t *ret_hash)
{
    uint8_t canon[TLS_X509_NAME_CANON_MAX];
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t length = tls_x509_name_canon(name, canon);
    if (!tls_kit_digest(kit, TLS_SHA1, canon, length, digest))
        return false;
    *ret_hash = (uint32_t)digest[3] << 24 | (uint32_t)digest[2] << 16 | (uint32_t)digest[1] << 8 | digest[0];
    return true;
}

// Whether an authority of ours may have that name.
static bool name_is_trusted(struct tls_kit *kit, const struct tls_trust *trust, struct bytes name)
{
    uint32_t hash = 0;
    return !name_hash(kit, name, &hash) || trust_has_subject(trust, hash);
}

// How a certificate and the rest hang together, by names.
enum link {
    LINK_UNCLEAR = 0, // in more ways than one, or in one that is not ordinary
    LINK_NONE,        // none of them has issued it
    LINK_ONE,         // one of them, and it none of them
};

static enum link link_read(const struct tls_x509 *x509, struct tls_rest rest, struct tls_x509 *ret_issuer,
                           size_t *ret_at)
{
    size_t matches = 0;
    for (size_t at = 0; rest.list.length > 0; at++) {
        struct tls_x509 one;
        if (!tls_x509_read(tls_rest_next(&rest), &one) || tls_x509_name_equal(x509->subject, one.issuer))
            return LINK_UNCLEAR;
        if (!tls_x509_name_equal(x509->issuer, one.subject))
            continue;
        matches++;
        *ret_issuer = one;
        *ret_at = at;
    }
    return matches == 0 ? LINK_NONE : matches == 1 ? LINK_ONE : LINK_UNCLEAR;
}

static bool refuse(int error, struct trust_verdict *ret_verdict)
{
    *ret_verdict = (struct trust_verdict){.known = true, .error = error};
    return true;
}

// OpenSSL has verified all that is behind it; what is left is its use, its signature, then its time (RFC 5280 section
// 6.1.3, in the order in which OpenSSL looks at them).
static bool trusted_decide(struct tls_kit *kit, const struct tls_leaf *leaf, const struct tls_x509_use *use,
                           const struct tls_issuers *known, struct trust_verdict *ret_verdict)
{
    int64_t now = (int64_t)time(NULL);
    if (now < known->valid_from || now >= known->valid_until || !use->serves ||
        tls_key_check_certificate(kit, known->key, &leaf->x509) != TLS_PROOF_RIGHT)
        return false;
    if (leaf->x509.not_before > now)
        return refuse(X509_V_ERR_CERT_NOT_YET_VALID, ret_verdict);
    if (leaf->x509.not_after <= now)
        return refuse(X509_V_ERR_CERT_HAS_EXPIRED, ret_verdict);
    *ret_verdict = (struct trust_verdict){.known = true, .trusted = true};
    return true;
}

static bool issued_decide(struct tls_kit *kit, const struct tls_leaf *leaf, const struct tls_x509_use *use,
                          const struct tls_rest *rest, struct trust_verdict *ret_verdict)
{
    struct tls_x509 issuer;
    size_t at = 0;
    enum link link = link_read(&leaf->x509, *rest, &issuer, &at);
    if (link == LINK_NONE)
        return refuse(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, ret_verdict);
    const struct tls_issuers *known = tls_issuers_find(kit->issuers, rest->digest);
    if (link != LINK_ONE || known == NULL || !known->judged || known->at != at ||
        !tls_x509_use_fits(use, known->named, bytes_of(known->key_id, known->key_id_length)) ||
        !tls_x509_signing_fits(&leaf->x509, issuer.key_kind))
        return false;
    return known->error == X509_V_OK ? trusted_decide(kit, leaf, use, known, ret_verdict)
                                     : refuse(known->error, ret_verdict);
}

bool tls_verdict_decide(struct tls_kit *kit, const struct tls_trust *trust, const struct tls_leaf *leaf,
                        const struct tls_rest *rest, struct trust_verdict *ret_verdict)
{
    struct tls_x509_use use;
    const struct tls_x509 *x509 = &leaf->x509;
    if (rest->list.length > 0 && tls_issuers_find(kit->issuers, rest->digest) == NULL)
        return false;
    if (!trust_verifies(trust)) {
        *ret_verdict = (struct trust_verdict){.known = false};
        return true;
    }
    if (leaf->key->dear || !tls_x509_use_read(x509, &use) || name_is_trusted(kit, trust, x509->issuer))
        return false;
    if (!tls_x509_self_issued(x509))
        return issued_decide(kit, leaf, &use, rest, ret_verdict);
    // Whether the signature is right does not matter: nobody knows it.
    return tls_x509_use_fits(&use, use.named, use.key_id) && tls_x509_signing_fits(x509, x509->key_kind) &&
           refuse(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, ret_verdict);
}

// Whether the same follows for any plain certificate of that issuer, whatever else it says.
static bool verdict_lasts(const struct trust_verdict *verdict)
{
    if (!verdict->known || verdict->issuer == NULL || verdict->constrained)
        return false;
    return verdict->trusted || verdict->error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
           verdict->error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
}

// Whether the path went on with this certificate of the rest.
static bool issuer_is(X509 *issuer, struct tls_rest rest, size_t at)
{
    struct bytes one = tls_rest_next(&rest);
    while (at-- > 0)
        one = tls_rest_next(&rest);
    uint8_t *der = NULL;
    int length = i2d_X509(issuer, &der);
    bool same = length > 0 && der_equal(one, der, (size_t)length);
    OPENSSL_free(der);
    return same;
}

static bool key_id_note(X509 *issuer, struct tls_issuers *known)
{
    const ASN1_OCTET_STRING *key_id = X509_get0_subject_key_id(issuer);
    size_t length = key_id == NULL ? 0 : (size_t)ASN1_STRING_length(key_id);
    if (length > sizeof(known->key_id))
        return false;
    known->named = key_id != NULL;
    known->key_id_length = length;
    if (length > 0)
        memcpy(known->key_id, ASN1_STRING_get0_data(key_id), length);
    return true;
}

void tls_verdict_remember(struct tls_kit *kit, struct bytes certificate, const struct tls_rest *rest,
                          const struct trust_verdict *verdict)
{
    struct tls_issuers known = {.judged = false};
    struct tls_x509 x509;
    struct tls_x509 issuer;
    struct tls_x509_use use;
    memcpy(known.digest, rest->digest, sizeof(known.digest));
    if (rest->list.length == 0)
        return;
    if (verdict_lasts(verdict) && tls_x509_read(certificate, &x509) && tls_x509_use_read(&x509, &use) &&
        !tls_x509_self_issued(&x509) && link_read(&x509, *rest, &issuer, &known.at) == LINK_ONE &&
        issuer_is(verdict->issuer, *rest, known.at) && key_id_note(verdict->issuer, &known)) {
        known.error = verdict->trusted ? X509_V_OK : verdict->error;
        known.valid_from = verdict->valid_from;
        known.valid_until = verdict->valid_until;
        known.key = verdict->trusted ? X509_get_pubkey(verdict->issuer) : NULL;
        known.judged = known.error != X509_V_OK || known.key != NULL;
    }
    if (known.judged || tls_issuers_find(kit->issuers, rest->digest) == NULL)
        tls_issuers_put(kit->issuers, &known);
}
