// SPDX-License-Identifier: BSD-3-Clause
// Our reader of certificates against OpenSSL's: whatever a certificate is made of, both teach the same, to the letter.
// What is not ordinary goes through OpenSSL by itself; so of each it is also said whether it is.

#include <criterion/criterion.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "probes/protocol/tls/der.h"
#include "probes/protocol/tls/tls_certificate.h"
#include "probes/protocol/tls/tls_leaf.h"
#include "probes/session/env.h"
#include "tests/unit/session/dialogue.h"

struct attribute {
    const char *name;
    int type;
    const char *value;
    int set; // 0: of its own; -1: together with the one before
};

struct sample {
    const char *what;
    bool ordinary;
    struct attribute subject[6];
    struct attribute issuer[3]; // empty: as the subject
    const char *names;          // NULL: no alternative names
    const char *key;            // NULL: P-256
    const char *digest;         // NULL: SHA-256
    const char *not_before;     // NULL: one of today's
    const char *serial;         // hexadecimal; NULL: 1234ab
    bool foreign;               // signed by another key
    bool old;                   // version 1, without extensions
    const char *extension;      // another one: NAME=VALUE
};

#define CN(value)                                                                                                      \
    {                                                                                                                  \
        {                                                                                                              \
            "CN", V_ASN1_UTF8STRING, value, 0                                                                          \
        }                                                                                                              \
    }

static const struct sample samples[] = {
    {"plain", true, CN("host.example"), .names = "DNS:host.example,DNS:*.host.example,IP:10.1.2.3,IP:fd00::1"},
    {"no names", true, CN("host.example")},
    {"version 1", true, CN("host.example"), .old = true},
    {"mail and uri", true, CN("host.example"), .names = "email:a@b.example,URI:https://a.example/,DNS:x"},
    {"other name", false, CN("host.example"), .names = "otherName:1.2.3.4;UTF8:user,DNS:x"},
    {"registered id", false, CN("host.example"), .names = "RID:1.2.3.4,DNS:x"},
    {"many names", true, CN("m"), .names = "DNS:a,DNS:b,DNS:c,DNS:d,DNS:e,DNS:f,DNS:g,DNS:h,DNS:i,DNS:j"},
    {"escapes", true, CN(" lead, \"quoted\" a+b;c<d>e\\f#g=h ")},
    {"hash first", true, CN("#12")},
    {"one space", true, CN(" ")},
    {"two spaces", true, CN("  ")},
    {"empty value", true, CN("")},
    {"no attributes", true, {{0}}},
    {"all kinds of attributes",
     true,
     {{"C", V_ASN1_PRINTABLESTRING, "DE", 0},
      {"DC", V_ASN1_IA5STRING, "example", 0},
      {"emailAddress", V_ASN1_IA5STRING, "a@b.example", 0},
      {"serialNumber", V_ASN1_PRINTABLESTRING, "42", 0},
      {"UID", V_ASN1_UTF8STRING, "someone", 0},
      {"organizationIdentifier", V_ASN1_UTF8STRING, "VAT-1", 0}}},
    {"more kinds",
     true,
     {{"jurisdictionC", V_ASN1_PRINTABLESTRING, "DE", 0},
      {"jurisdictionST", V_ASN1_UTF8STRING, "x", 0},
      {"jurisdictionL", V_ASN1_UTF8STRING, "x", 0},
      {"businessCategory", V_ASN1_UTF8STRING, "x", 0},
      {"street", V_ASN1_UTF8STRING, "x", 0},
      {"postalCode", V_ASN1_UTF8STRING, "1", 0}}},
    {"still more",
     true,
     {{"SN", V_ASN1_UTF8STRING, "x", 0},
      {"GN", V_ASN1_UTF8STRING, "x", 0},
      {"initials", V_ASN1_UTF8STRING, "x", 0},
      {"title", V_ASN1_UTF8STRING, "x", 0},
      {"description", V_ASN1_UTF8STRING, "x", 0},
      {"dnQualifier", V_ASN1_PRINTABLESTRING, "x", 0}}},
    {"and more",
     true,
     {{"name", V_ASN1_UTF8STRING, "x", 0},
      {"ST", V_ASN1_UTF8STRING, "x", 0},
      {"L", V_ASN1_UTF8STRING, "x", 0},
      {"O", V_ASN1_UTF8STRING, "x", 0},
      {"OU", V_ASN1_UTF8STRING, "x", 0}}},
    {"two in one", false, {{"CN", V_ASN1_UTF8STRING, "a", 0}, {"OU", V_ASN1_UTF8STRING, "b", -1}}},
    {"umlaut", false, CN("m\xc3\xbcller.example")},
    {"control", false, CN("a\tb\x01")},
    {"T61", false, {{"CN", V_ASN1_T61STRING, "m\xfcller", 0}}},
    {"BMP", false, {{"CN", V_ASN1_BMPSTRING, "wide", 0}}},
    {"an object without a name", false, {{"1.2.3.4.5", V_ASN1_UTF8STRING, "x", 0}}},
    {"an attribute of another kind", false, {{"postOfficeBox", V_ASN1_UTF8STRING, "x", 0}}},
    {"case and spaces", true, CN("Host  Example "), .issuer = {{"CN", V_ASN1_PRINTABLESTRING, " host example", 0}}},
    {"nearly the same", true, CN("host example"), .issuer = {{"CN", V_ASN1_PRINTABLESTRING, "hostexample", 0}}},
    {"longer", true, CN("host"), .issuer = {{"CN", V_ASN1_UTF8STRING, "host", 0}, {"OU", V_ASN1_UTF8STRING, "x", 0}}},
    {"another attribute", true, CN("host"), .issuer = {{"OU", V_ASN1_UTF8STRING, "host", 0}}},
    {"of an authority", true, CN("host"), .issuer = CN("authority"), .foreign = true},
    {"same name, other key", true, CN("host"), .foreign = true},
    {"P-384", true, CN("host"), .key = "P-384", .digest = "SHA384"},
    {"P-521", true, CN("host"), .key = "P-521", .digest = "SHA512"},
    {"RSA", true, CN("host"), .key = "RSA"},
    {"RSA SHA-1", true, CN("host"), .key = "RSA", .digest = "SHA1"},
    {"RSA MD5", true, CN("host"), .key = "RSA", .digest = "MD5"},
    {"RSA SHA-384", true, CN("host"), .key = "RSA", .digest = "SHA384"},
    {"RSA SHA-512", true, CN("host"), .key = "RSA", .digest = "SHA512"},
    {"RSA SHA-224", false, CN("host"), .key = "RSA", .digest = "SHA224"},
    {"ECDSA SHA-1", true, CN("host"), .digest = "SHA1"},
    {"ECDSA SHA-3", false, CN("host"), .digest = "SHA3-256"},
    {"Ed25519", true, CN("host"), .key = "ED25519"},
    {"Ed448", true, CN("host"), .key = "ED448"},
    {"RSA-PSS", false, CN("host"), .key = "RSA-PSS"},
    {"brainpool", false, CN("host"), .key = "brainpoolP256r1"},
    {"secp256k1", false, CN("host"), .key = "secp256k1"},
    {"secp224r1", false, CN("host"), .key = "P-224"},
    {"1950", true, CN("host"), .not_before = "500101000000Z"},
    {"1949", true, CN("host"), .not_before = "19491231235959Z"},
    {"leap day", true, CN("host"), .not_before = "20000229120000Z"},
    {"year 2100", true, CN("host"), .not_before = "21000301000000Z"},
    {"year 1", true, CN("host"), .not_before = "00010101000000Z"},
    {"year 9999", true, CN("host"), .not_before = "99991231235959Z"},
    {"no seconds", false, CN("host"), .not_before = "2001010000Z"},
    {"serial 0", true, CN("host"), .serial = "00"},
    {"serial with the highest bit", true, CN("host"), .serial = "80ff"},
    {"serial of 40 bytes", true, CN("host"),
     .serial = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"},
    {"negative serial", false, CN("host"), .serial = "-80"},
    {"an authority's marks", true, CN("host"), .extension = "basicConstraints=critical,CA:TRUE"},
    {"key identifiers", true, CN("host"), .extension = "subjectKeyIdentifier=hash"},
    {"usage", true, CN("host"), .extension = "keyUsage=digitalSignature"},
    {"a useless extension", true, CN("host"), .extension = "1.2.3.4=ASN1:UTF8String:x"},
};

static EVP_PKEY *key_make(const char *key)
{
    if (key == NULL)
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    if (strcmp(key, "RSA-PSS") == 0) {
        EVP_PKEY *made = NULL;
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, key, NULL);
        cr_assert(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_generate(context, &made) == 1);
        EVP_PKEY_CTX_free(context);
        return made;
    }
    if (strcmp(key, "RSA") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    return strncmp(key, "ED", 2) == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, key) : EVP_PKEY_Q_keygen(NULL, NULL, "EC", key);
}

static void name_fill(X509_NAME *name, const struct attribute *attributes, size_t most)
{
    for (size_t at = 0; at < most && attributes[at].name != NULL; at++) {
        ASN1_OBJECT *object = OBJ_txt2obj(attributes[at].name, 0);
        cr_assert(object != NULL && X509_NAME_add_entry_by_OBJ(
                                        name, object, attributes[at].type, (const unsigned char *)attributes[at].value,
                                        (int)strlen(attributes[at].value), -1, attributes[at].set) == 1,
                  "%s", attributes[at].name);
        ASN1_OBJECT_free(object);
    }
}

static void extension_add(X509 *certificate, const char *name, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf(NULL, &context, name, value);
    cr_assert_not_null(extension, "%s=%s", name, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

static void serial_set(X509 *certificate, const char *serial)
{
    BIGNUM *number = NULL;
    BN_hex2bn(&number, serial == NULL ? "1234ab" : serial);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
}

static void time_set(X509 *certificate, const char *text)
{
    ASN1_TIME *time = X509_getm_notBefore(certificate);
    ASN1_STRING_set(time, text, -1);
    time->type = strlen(text) > 13 ? V_ASN1_GENERALIZEDTIME : V_ASN1_UTCTIME;
}

static struct bytes sample_make(const struct sample *sample)
{
    X509 *certificate = X509_new();
    EVP_PKEY *key = key_make(sample->key);
    EVP_PKEY *signer = sample->foreign ? key_make(sample->key) : key;
    X509_set_version(certificate, sample->old ? 0 : 2);
    serial_set(certificate, sample->serial);
    ASN1_TIME_set(X509_getm_notBefore(certificate), 1600000000);
    ASN1_TIME_set(X509_getm_notAfter(certificate), 4000000000);
    if (sample->not_before != NULL)
        time_set(certificate, sample->not_before);
    name_fill(X509_get_subject_name(certificate), sample->subject, 6);
    name_fill(X509_get_issuer_name(certificate), sample->issuer[0].name != NULL ? sample->issuer : sample->subject,
              sample->issuer[0].name != NULL ? 3 : 6);
    X509_set_pubkey(certificate, key);
    if (sample->names != NULL)
        extension_add(certificate, "subjectAltName", sample->names);
    if (sample->extension != NULL) {
        char name[32];
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(sample->extension, "="), sample->extension);
        extension_add(certificate, name, strchr(sample->extension, '=') + 1);
    }
    bool plain = sample->key != NULL && strncmp(sample->key, "ED", 2) == 0;
    const char *digest = sample->digest == NULL ? "SHA256" : sample->digest;
    cr_assert_gt(X509_sign(certificate, signer, plain ? NULL : EVP_get_digestbyname(digest)), 0, "%s", sample->what);
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);
    cr_assert_gt(length, 0, "%s", sample->what);
    if (signer != key)
        EVP_PKEY_free(signer);
    EVP_PKEY_free(key);
    X509_free(certificate);
    return bytes_of(der, (size_t)length);
}

Test(x509, our_reader_and_openssls_teach_the_same)
{
    struct session_env *env = env_for_tests();
    for (size_t at = 0; at < sizeof(samples) / sizeof(samples[0]); at++) {
        struct bytes der = sample_make(&samples[at]);
        struct observation seen[3];
        struct tls_x509 x509;
        char *texts[3];
        const uint8_t *end = der.data;
        X509 *decoded = d2i_X509(NULL, &end, (long)der.length);
        for (size_t way = 0; way < 3; way++)
            observation_init(&seen[way]);
        cr_assert_not_null(decoded, "%s", samples[at].what);
        certificate_observe(decoded, &seen[0]);
        cr_assert_not_null(tls_leaf_learn(env->kit, der, &seen[1]));
        cr_assert_not_null(tls_leaf_learn(env->kit, der, &seen[2]), "again, its key is known");
        for (size_t way = 0; way < 3; way++)
            texts[way] = told_all(&seen[way]);
        cr_expect_str_eq(texts[1], texts[0], "%s:\n%s\n%s", samples[at].what, texts[1], texts[0]);
        cr_expect_str_eq(texts[2], texts[0], "%s", samples[at].what);
        cr_expect_eq(tls_x509_read(der, &x509), samples[at].ordinary, "%s", samples[at].what);
        for (size_t way = 0; way < 3; way++) {
            observation_fini(&seen[way]);
            free(texts[way]);
        }
        X509_free(decoded);
        OPENSSL_free((void *)(uintptr_t)der.data);
    }
    session_env_free(env);
}

// Whatever is left out or changed, our reader is the stricter one, and where it reads it reads the same.
Test(x509, a_damaged_certificate_teaches_what_openssl_can_make_of_it)
{
    struct session_env *env = env_for_tests();
    struct bytes der = sample_make(&samples[0]);
    uint8_t *copy = malloc(der.length);
    size_t ordinary = 0;
    for (size_t at = 0; at < 6 * der.length; at++) {
        static const uint8_t changes[] = {0x01, 0x80, 0x20, 0xff, 0x02, 0x40};
        memcpy(copy, der.data, der.length);
        copy[at / 6] ^= changes[at % 6];
        struct observation seen[2];
        struct tls_x509 x509;
        const uint8_t *end = copy;
        X509 *decoded = d2i_X509(NULL, &end, (long)der.length);
        observation_init(&seen[0]);
        observation_init(&seen[1]);
        bool whole = decoded != NULL && end == copy + der.length;
        bool read = tls_x509_read(bytes_of(copy, der.length), &x509);
        ordinary += read;
        cr_assert(!read || whole, "%zu ^ %02x", at / 6, changes[at % 6]);
        cr_assert_eq(tls_leaf_learn(env->kit, bytes_of(copy, der.length), &seen[1]) != NULL, whole);
        if (whole) {
            certificate_observe(decoded, &seen[0]);
            char *texts[] = {told_all(&seen[0]), told_all(&seen[1])};
            cr_assert_str_eq(texts[1], texts[0], "%zu ^ %02x:\n%s\n%s", at / 6, changes[at % 6], texts[1], texts[0]);
            free(texts[0]);
            free(texts[1]);
        }
        X509_free(decoded);
        observation_fini(&seen[0]);
        observation_fini(&seen[1]);
    }
    cr_assert_gt(ordinary, 1000);
    for (size_t length = 0; length < der.length; length++) {
        struct tls_x509 x509;
        uint8_t *exact = malloc(length + 1);
        memcpy(exact, der.data, length);
        cr_assert_not(tls_x509_read(bytes_of(exact, length), &x509));
        free(exact);
    }
    free(copy);
    OPENSSL_free((void *)(uintptr_t)der.data);
    session_env_free(env);
}

Test(x509, times_are_counted_as_the_calendar_does)
{
    static const struct {
        const char *der;
        int64_t seconds;
    } rows[] = {
        {"\x17\x0d"
         "700101000000Z",
         0},
        {"\x17\x0d"
         "491231235959Z",
         INT64_C(2524607999)},
        {"\x17\x0d"
         "500101000000Z",
         INT64_C(-631152000)},
        {"\x18\x0f"
         "20000229000000Z",
         951782400},
        {"\x18\x0f"
         "00010101000000Z",
         INT64_C(-62135596800)},
        {"\x18\x0f"
         "99991231235959Z",
         INT64_C(253402300799)},
    };
    static const char *const bad[] = {"\x17\x0d"
                                      "700229000000Z",
                                      "\x17\x0d"
                                      "700132000000Z",
                                      "\x17\x0d"
                                      "701301000000Z",
                                      "\x17\x0d"
                                      "700101240000Z",
                                      "\x17\x0d"
                                      "700101006000Z",
                                      "\x17\x0d"
                                      "700101000060Z",
                                      "\x17\x0d"
                                      "7001010000000",
                                      "\x17\x0b"
                                      "7001010000Z",
                                      "\x17\x0d"
                                      "70010100 000Z",
                                      "\x18\x0f"
                                      "19000229000000Z",
                                      "\x18\x0f"
                                      "00000101000000Z"};
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct bytes input = bytes_of(rows[at].der, strlen(rows[at].der));
        int64_t seconds = 1;
        cr_assert(der_time(&input, &seconds), "%s", rows[at].der + 2);
        cr_expect_eq(seconds, rows[at].seconds, "%s", rows[at].der + 2);
    }
    for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++) {
        struct bytes input = bytes_of(bad[at], strlen(bad[at]));
        int64_t seconds = 1;
        cr_expect_not(der_time(&input, &seconds), "%s", bad[at] + 2);
        cr_expect(input.failed);
    }
}
