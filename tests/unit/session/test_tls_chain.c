// SPDX-License-Identifier: BSD-3-Clause
// The short way through a chain of certificates against OpenSSL's: whatever is wrong with which of them, in whatever
// order they come, both say the same of it, to the letter.

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probes/protocol/tls/der.h"
#include "probes/protocol/tls/tls_certificate.h"
#include "probes/protocol/tls/tls_chain.h"
#include "probes/protocol/tls/tls_verdict.h"
#include "probes/protocol/tls/tls_x509_name.h"
#include "probes/session/env.h"
#include "tests/unit/session/dialogue.h"
#include "tests/unit/session/issue.h"

enum { YEAR = 365 * 86400, SAMPLES = 6000 };

static const char authority_marks[] = "basicConstraints=critical,CA:TRUE";
static const char own_id[] = "subjectKeyIdentifier=hash";
static const char issuer_id[] = "authorityKeyIdentifier=keyid";

// An authority; `by` is the place of who signs it, itself or one before.
struct authority {
    const char *name;
    size_t by;
    bool stored; // sonde trusts it
    const char *key;
    long until; // seconds from now; 0: years
    long from;
    const char *extensions[ISSUE_EXTENSIONS_MAX];
    const char *digest;
};

static const struct authority authorities[] = {
    {"root", 0, true, "EC", .extensions = {authority_marks, own_id}},
    {"intermediate", 0, false, "EC", .extensions = {authority_marks, own_id, issuer_id, "keyUsage=keyCertSign"}},
    {"private root", 2, false, "EC", .extensions = {authority_marks, own_id}},
    {"private intermediate", 2, false, "RSA", .extensions = {authority_marks, own_id, issuer_id}},
    {"expired", 0, false, "EC", -86400, -YEAR, .extensions = {authority_marks, own_id, issuer_id}},
    {"to come", 0, false, "EC", YEAR, 86400, .extensions = {authority_marks, own_id, issuer_id}},
    {"no authority", 0, false, "EC", .extensions = {"basicConstraints=CA:FALSE", own_id, issuer_id}},
    {"no constraints", 0, false, "EC", .extensions = {own_id, issuer_id}},
    {"short", 0, false, "EC", .extensions = {"basicConstraints=critical,CA:TRUE,pathlen:0", own_id, issuer_id}},
    {"below short", 8, false, "EC", .extensions = {authority_marks, own_id, issuer_id}},
    {"no signer", 0, false, "EC", .extensions = {authority_marks, own_id, issuer_id, "keyUsage=cRLSign"}},
    {"clients only", 0, false, "EC", .extensions = {authority_marks, own_id, issuer_id, "extendedKeyUsage=clientAuth"}},
    {"constrained", 0, false, "EC",
     .extensions = {authority_marks, own_id, issuer_id, "nameConstraints=critical,permitted;DNS:example"}},
    {"without id", 0, false, "EC", .extensions = {authority_marks}},
    {"RSA root", 14, true, "RSA", .extensions = {authority_marks, own_id}},
    {"RSA intermediate", 14, false, "RSA",
     .extensions = {authority_marks, own_id, issuer_id, "extendedKeyUsage=serverAuth,clientAuth"}},
    {"SHA-1", 14, false, "RSA", .extensions = {authority_marks, own_id, issuer_id}, .digest = "SHA1"},
    // A key of its own under the name of another one: a certificate of "intermediate" may be meant for either.
    {"intermediate", 2, false, "EC", .extensions = {authority_marks, own_id, issuer_id}},
    {"root", 2, false, "EC", .extensions = {authority_marks, own_id, issuer_id}},
    {"P-384", 0, false, "EC P-384", .extensions = {authority_marks, own_id, issuer_id}},
};

enum { AUTHORITIES = sizeof(authorities) / sizeof(authorities[0]) };

static const char *const leaf_extensions[] = {
    "1.3.6.1.5.5.7.1.1=critical,ASN1:NULL",
    "basicConstraints=CA:FALSE",
    "basicConstraints=critical,CA:TRUE",
    "basicConstraints=CA:TRUE,pathlen:3",
    "keyUsage=digitalSignature",
    "keyUsage=critical,keyEncipherment",
    "keyUsage=critical,nonRepudiation",
    "keyUsage=keyCertSign,cRLSign",
    "keyUsage=keyAgreement,decipherOnly",
    "extendedKeyUsage=serverAuth,clientAuth",
    "extendedKeyUsage=clientAuth",
    "extendedKeyUsage=critical,anyExtendedKeyUsage",
    "subjectAltName=DNS:host.example,IP:10.1.2.3",
    "subjectAltName=critical,DNS:elsewhere.test",
    "subjectAltName=RID:1.2.3.4",
    "crlDistributionPoints=URI:http://crl.example/x",
    "authorityInfoAccess=OCSP;URI:http://ocsp.example/",
    "2.5.29.32=DER:30:07:30:05:06:03:2a:03:04",
    "2.5.29.32=critical,DER:30:07:30:05:06:03:2a:03:04",
    "nsCertType=client",
    "nsComment=made for a test",
    "1.2.3.4=ASN1:UTF8String:x",
    "1.2.3.4=critical,ASN1:UTF8String:x",
    "2.5.29.15=ASN1:UTF8String:no usage",
    "2.5.29.31=ASN1:UTF8String:no point",
    "2.5.29.35=ASN1:UTF8String:no key",
    "2.5.29.14=ASN1:NULL",
    "tlsfeature=status_request",
};

enum { LEAF_EXTENSIONS = sizeof(leaf_extensions) / sizeof(leaf_extensions[0]), LEAF_KEYS = 5 };

struct world {
    EVP_PKEY *keys[AUTHORITIES];
    X509 *certificates[AUTHORITIES];
    EVP_PKEY *leaf_keys[LEAF_KEYS];
    EVP_PKEY *stranger;
    char store[32];
    struct session_env *env;
    uint32_t random;
};

static uint32_t draw(struct world *world, uint32_t below)
{
    world->random = world->random * 1664525 + 1013904223;
    return (world->random >> 8) % below;
}

static void authority_make(struct world *world, size_t at)
{
    const struct authority *one = &authorities[at];
    world->keys[at] = issue_key(one->key);
    const struct issue issue = {
        .subject = one->name,
        .issuer = authorities[one->by].name,
        .authority = one->by == at ? NULL : world->certificates[one->by],
        .key = world->keys[at],
        .signer = world->keys[one->by],
        .digest = one->digest,
        .from = one->from == 0 ? -YEAR : one->from,
        .until = one->until == 0 ? 3 * YEAR : one->until,
        .extensions = {one->extensions[0], one->extensions[1], one->extensions[2], one->extensions[3]},
    };
    world->certificates[at] = issue_certificate(&issue);
}

static void world_make(struct world *world)
{
    static const char *const keys[LEAF_KEYS] = {"EC", "EC", "RSA", "ED25519", "EC P-384"};
    strcpy(world->store, "/tmp/sonde-chain-XXXXXX");
    FILE *file = fdopen(mkstemp(world->store), "w");
    for (size_t at = 0; at < AUTHORITIES; at++) {
        authority_make(world, at);
        if (authorities[at].stored)
            cr_assert_eq(PEM_write_X509(file, world->certificates[at]), 1);
    }
    fclose(file);
    for (size_t at = 0; at < LEAF_KEYS; at++)
        world->leaf_keys[at] = issue_key(keys[at]);
    world->stranger = issue_key("EC");
    const struct session_env_settings settings = {.user_agent = "sonde/test", .trust_file = world->store};
    world->env = session_env_new(&settings);
    cr_assert_not_null(world->env);
    world->random = 1;
}

static void world_drop(struct world *world)
{
    for (size_t at = 0; at < AUTHORITIES; at++) {
        EVP_PKEY_free(world->keys[at]);
        X509_free(world->certificates[at]);
    }
    for (size_t at = 0; at < LEAF_KEYS; at++)
        EVP_PKEY_free(world->leaf_keys[at]);
    EVP_PKEY_free(world->stranger);
    session_env_free(world->env);
    unlink(world->store);
}

// Once in a while something is wrong with it.
static void fault_add(struct world *world, struct issue *issue)
{
    switch (draw(world, 12)) {
    case 0:
        issue->until = -86400;
        break;
    case 1:
        issue->from = 86400;
        break;
    case 2:
        issue->signer = world->stranger;
        break;
    case 3:
        issue->digest = draw(world, 2) == 0 ? "SHA1" : "SHA384";
        break;
    case 4:
        issue->authority = world->certificates[draw(world, AUTHORITIES)]; // another's key identifier
        break;
    case 5:
        issue->old = issue->extensions[0] == NULL;
        break;
    case 6:
        issue->subject = authorities[draw(world, 3)].name;
        break;
    default:
        break;
    }
}

// A certificate of an authority, of itself, or of one that is not there, in the ways in which they are made and in
// which they are wrong.
static X509 *leaf_make(struct world *world, size_t by)
{
    EVP_PKEY *key = world->leaf_keys[draw(world, LEAF_KEYS)];
    bool own = by == AUTHORITIES;
    bool foreign = by > AUTHORITIES;
    struct issue issue = {
        .subject = "host",
        .issuer = own       ? "HOST"
                  : foreign ? "nobody we know"
                            : authorities[by].name,
        .authority = own || foreign ? NULL : world->certificates[by],
        .key = key,
        .signer = own       ? key
                  : foreign ? world->stranger
                            : world->keys[by],
        .from = -YEAR,
        .until = YEAR,
    };
    size_t count = 0;
    if (draw(world, 2) == 0)
        issue.extensions[count++] = own_id;
    if (draw(world, 3) > 0 && (count > 0 || issue.authority != NULL))
        issue.extensions[count++] = draw(world, 8) == 0 ? "authorityKeyIdentifier=keyid,issuer:always" : issuer_id;
    for (uint32_t more = draw(world, 4); more > 0; more--)
        issue.extensions[count++] = leaf_extensions[draw(world, draw(world, 3) == 0 ? LEAF_EXTENSIONS : 13)];
    fault_add(world, &issue);
    return issue_certificate(&issue);
}

// The chain that a server with that certificate would send, or part of it, or others.
static size_t chain_make(struct world *world, size_t by, X509 *leaf, X509 **ret_list)
{
    size_t count = 0;
    ret_list[count++] = leaf;
    switch (draw(world, 8)) {
    case 0: // alone
        return count;
    case 1: // with others
        while (count < 4 && draw(world, 3) > 0)
            ret_list[count++] = world->certificates[draw(world, AUTHORITIES)];
        return count;
    case 2: // twice
        ret_list[count++] = leaf;
        break;
    default:
        break;
    }
    for (size_t at = by; at < AUTHORITIES; at = authorities[at].by) {
        bool root = authorities[at].by == at;
        if (!root || draw(world, 4) == 0)
            ret_list[count++] = world->certificates[at];
        if (root)
            break;
    }
    if (count > 2 && draw(world, 10) == 0) {
        X509 *second = ret_list[1];
        ret_list[1] = ret_list[count - 1];
        ret_list[count - 1] = second;
    }
    return count;
}

static void list_write(X509 **list, size_t count, struct buffer *ret_bytes)
{
    for (size_t at = 0; at < count; at++) {
        uint8_t *der = NULL;
        int length = i2d_X509(list[at], &der);
        const uint8_t head[] = {0, (uint8_t)(length >> 8), (uint8_t)length};
        buffer_put(ret_bytes, head, sizeof(head));
        buffer_put(ret_bytes, der, (size_t)length);
        OPENSSL_free(der);
    }
}

// All that OpenSSL says of it.
static struct trust_verdict reference(struct world *world, struct bytes bytes, size_t count,
                                      struct observation *observation)
{
    STACK_OF(X509) *stack = sk_X509_new_null();
    learn_number(observation, FIELD(tls, chain_length), (int64_t)count);
    for (struct tls_rest rest = {.list = bytes}; rest.list.length > 0;) {
        struct bytes der = tls_rest_next(&rest);
        const uint8_t *at = der.data;
        X509 *certificate = d2i_X509(NULL, &at, (long)der.length);
        if (sk_X509_num(stack) == 0)
            certificate_observe(certificate, observation);
        certificate_observe_row(certificate, observation);
        sk_X509_push(stack, certificate);
    }
    struct trust_verdict verdict = trust_verify(world->env->trust, stack);
    trust_verdict_learn(&verdict, observation);
    sk_X509_pop_free(stack, X509_free);
    return verdict;
}

static void compare(struct world *world, struct bytes bytes, size_t count, unsigned *decided, unsigned *errors)
{
    struct observation seen[2];
    struct session *self = calloc(1, sizeof(*self));
    struct trust_verdict found = {.known = false};
    struct tls_rest rest;
    struct bytes first;
    struct tls_leaf leaf;
    observation_init(&seen[0]);
    observation_init(&seen[1]);
    struct trust_verdict expected = reference(world, bytes, count, &seen[0]);
    cr_assert(tls_rest_open(world->env->kit, bytes, false, &first, &rest));
    if (tls_leaf_open(world->env->kit, first, &leaf) &&
        tls_verdict_decide(world->env->kit, world->env->trust, &leaf, &rest, &found)) {
        cr_assert_eq(found.known, expected.known);
        cr_assert_eq(found.trusted, expected.trusted, "%s", X509_verify_cert_error_string(expected.error));
        cr_assert_eq(found.error, expected.error, "short: %s, OpenSSL: %s", X509_verify_cert_error_string(found.error),
                     X509_verify_cert_error_string(expected.error));
        ++*decided;
        errors[expected.error < 128 ? expected.error : 127]++;
    }
    self->env = world->env;
    self->observation = &seen[1];
    chain_observe(self, bytes, false);
    // The address that was asked is no certificate's.
    if (seen[1].tls != NULL)
        seen[1].tls->known.name_fits = false;
    char *texts[] = {told_all(&seen[0]), told_all(&seen[1])};
    cr_assert_str_eq(texts[1], texts[0], "%s\nOpenSSL:\n%s", texts[1], texts[0]);
    free(texts[0]);
    free(texts[1]);
    trust_verdict_fini(&expected);
    observation_fini(&seen[0]);
    observation_fini(&seen[1]);
    free(self);
}

Test(tls_chain, the_short_way_says_what_openssl_says)
{
    static struct world world;
    unsigned decided = 0;
    unsigned errors[128] = {0};
    world_make(&world);
    for (unsigned at = 0; at < SAMPLES; at++) {
        // Mostly of those whose chains verify, or of nobody.
        static const size_t usual[] = {1, 15, 3, 3, AUTHORITIES, AUTHORITIES + 1};
        size_t by = draw(&world, 2) == 0 ? usual[draw(&world, 6)] : draw(&world, AUTHORITIES);
        X509 *list[8];
        struct buffer bytes = {0};
        X509 *leaf = leaf_make(&world, by);
        size_t count = chain_make(&world, by, leaf, list);
        list_write(list, count, &bytes);
        compare(&world, bytes_of(buffer_bytes(&bytes), bytes.length), count, &decided, errors);
        buffer_fini(&bytes);
        X509_free(leaf);
    }
    fprintf(stderr, "%u of %u were decided on the short way\n", decided, SAMPLES);
    cr_expect_gt(decided, SAMPLES / 4);
    static const int wanted[] = {X509_V_OK,
                                 X509_V_ERR_CERT_HAS_EXPIRED,
                                 X509_V_ERR_CERT_NOT_YET_VALID,
                                 X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                                 X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
                                 X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY};
    for (size_t at = 0; at < sizeof(wanted) / sizeof(wanted[0]); at++)
        cr_expect_gt(errors[wanted[at]], 5, "%s: %u", X509_verify_cert_error_string(wanted[at]), errors[wanted[at]]);
    world_drop(&world);
}

// The hash by which authorities are looked up is OpenSSL's own.
Test(tls_chain, a_name_in_canonical_form_has_openssls_hash)
{
    static const char *const names[] = {
        "host",
        " Host  Name ",
        "",
        "   ",
        "A,b+c=\"d\"",
        ("a long name, long enough for a length of two bytes: "
         "0123456789012345678901234567890123456789012345678901234567890123456789012345")};
    struct session_env *env = env_for_tests();
    for (size_t at = 0; at < sizeof(names) / sizeof(names[0]); at++) {
        X509_NAME *name = X509_NAME_new();
        X509_NAME_add_entry_by_txt(name, "C", V_ASN1_PRINTABLESTRING, (const unsigned char *)"DE", -1, -1, 0);
        X509_NAME_add_entry_by_txt(name, "CN", V_ASN1_UTF8STRING, (const unsigned char *)names[at], -1, -1, 0);
        X509_NAME_add_entry_by_txt(name, "emailAddress", V_ASN1_IA5STRING, (const unsigned char *)"A@b", -1, -1, 0);
        uint8_t *der = NULL;
        int length = i2d_X509_NAME(name, &der);
        struct bytes input = bytes_of(der, (size_t)length);
        uint8_t canon[TLS_X509_NAME_CANON_MAX];
        uint8_t digest[EVP_MAX_MD_SIZE];
        struct bytes body = der_take(&input, DER_SEQUENCE);
        cr_assert(tls_x509_name_ordinary(body));
        cr_assert(tls_kit_digest(env->kit, TLS_SHA1, canon, tls_x509_name_canon(body, canon), digest));
        unsigned long hash =
            digest[0] | (unsigned long)digest[1] << 8 | (unsigned long)digest[2] << 16 | (unsigned long)digest[3] << 24;
        cr_expect_eq(hash, X509_NAME_hash_ex(name, NULL, NULL, NULL), "%s", names[at]);
        OPENSSL_free(der);
        X509_NAME_free(name);
    }
    session_env_free(env);
}

Test(tls_chain, a_name_fits_as_it_stands_or_by_a_wildcard_for_its_first_label)
{
    static const struct {
        const char *san;
        const char *name; // NULL: asked by the address, 10.1.2.3
        bool fits;
    } rows[] = {
        {"subjectAltName=DNS:www.example.net", "www.example.net", true},
        {"subjectAltName=DNS:WWW.Example.net", "www.example.net", true},
        {"subjectAltName=DNS:*.example.net", "www.example.net", true},
        {"subjectAltName=DNS:*.example.net", "example.net", false},
        {"subjectAltName=DNS:*.example.net", "a.www.example.net", false},
        {"subjectAltName=DNS:*.net", "example.net", true},
        {"subjectAltName=DNS:*", "net", false},
        {"subjectAltName=DNS:w*.example.net", "www.example.net", false},
        {"subjectAltName=DNS:example.net", "www.example.net", false},
        {"subjectAltName=DNS:a.example,DNS:www.example.net", "www.example.net", true},
        {"subjectAltName=IP:10.1.2.3", "www.example.net", false},
        {"subjectAltName=IP:10.1.2.3", NULL, true},
        {"subjectAltName=DNS:www.example.net", NULL, false},
    };
    static struct world world;
    world_make(&world);
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct issue issue = {.subject = "host",
                                    .issuer = "host",
                                    .key = world.leaf_keys[0],
                                    .signer = world.leaf_keys[0],
                                    .from = -YEAR,
                                    .until = YEAR,
                                    .extensions = {rows[at].san}};
        struct buffer bytes = {0};
        struct observation seen;
        X509 *leaf = issue_certificate(&issue);
        struct session *self = calloc(1, sizeof(*self));
        list_write(&leaf, 1, &bytes);
        observation_init(&seen);
        self->env = world.env;
        self->observation = &seen;
        self->address = 0x0a010203;
        self->name = rows[at].name;
        chain_observe(self, bytes_of(buffer_bytes(&bytes), bytes.length), false);
        cr_expect(seen.tls->known.name_fits, "row %zu", at);
        cr_expect_eq(seen.tls->name_fits, rows[at].fits, "row %zu: %s", at, rows[at].san);
        observation_fini(&seen);
        buffer_fini(&bytes);
        X509_free(leaf);
        free(self);
    }
    world_drop(&world);
}
