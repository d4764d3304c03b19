// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_x509.h"

#include "probes/protocol/tls/der.h"
#include "probes/protocol/tls/tls_x509_name.h"

enum {
    VERSION_1 = 0,
    VERSION_3 = 2,
    EXTENSIONS_MAX = 64,
    POINT_UNCOMPRESSED = 0x04,
    SERIAL_BYTES_MAX = 64, // twice what the field keeps
};

#define OID(text)                                                                                                      \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1, false                                                               \
    }

// AlgorithmIdentifiers as they stand in ordinary certificates, parameters included, by OpenSSL's names for them.
static const struct signature_algorithm {
    struct bytes body;
    const char *name;
    enum tls_x509_signing signing;
    int digest_bits;
} signature_algorithms[] = {
    {OID("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"), "sha256WithRSAEncryption", TLS_X509_BY_RSA, 256},
    {OID("\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"), "ecdsa-with-SHA256", TLS_X509_BY_EC, 256},
    {OID("\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"), "ecdsa-with-SHA384", TLS_X509_BY_EC, 384},
    {OID("\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04"), "ecdsa-with-SHA512", TLS_X509_BY_EC, 512},
    {OID("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00"), "sha384WithRSAEncryption", TLS_X509_BY_RSA, 384},
    {OID("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00"), "sha512WithRSAEncryption", TLS_X509_BY_RSA, 512},
    {OID("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00"), "sha1WithRSAEncryption", TLS_X509_BY_RSA, 0},
    {OID("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04\x05\x00"), "md5WithRSAEncryption", TLS_X509_BY_RSA, 0},
    {OID("\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"), "ecdsa-with-SHA1", TLS_X509_BY_EC, 0},
    {OID("\x06\x03\x2b\x65\x70"), "ED25519", TLS_X509_BY_ED25519, 0},
    {OID("\x06\x03\x2b\x65\x71"), "ED448", TLS_X509_BY_ED448, 0},
};

// Of keys that are a string of bits.
static const struct {
    struct bytes algorithm;
    enum tls_x509_key kind;
    int bits;
    size_t bytes;
} plain_keys[] = {
    {OID("\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), TLS_X509_P256, 256, 65},
    {OID("\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22"), TLS_X509_P384, 384, 97},
    {OID("\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23"), TLS_X509_P521, 521, 133},
    {OID("\x06\x03\x2b\x65\x70"), TLS_X509_ED25519, 256, 32},
    {OID("\x06\x03\x2b\x65\x71"), TLS_X509_ED448, 456, 57},
};

static const struct bytes rsa_algorithm = OID("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00");
static const struct bytes alternative_name = OID("\x55\x1d\x11");

static bool same(struct bytes one, struct bytes other)
{
    return der_equal(one, other.data, other.length);
}

static bool signature_read(struct bytes algorithm, struct tls_x509 *x509)
{
    for (size_t at = 0; at < sizeof(signature_algorithms) / sizeof(signature_algorithms[0]); at++) {
        const struct signature_algorithm *known = &signature_algorithms[at];
        if (!same(algorithm, known->body))
            continue;
        x509->signature_algorithm = known->name;
        x509->signing = known->signing;
        x509->digest_bits = known->digest_bits;
        return true;
    }
    return false;
}

static int number_bits(struct bytes number)
{
    int bits = 8 * (int)number.length;
    for (uint8_t top = number.data[0]; bits > 0 && (top & 0x80) == 0; top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

// RFC 8017 appendix A.1.1.
static bool rsa_read(struct bytes key, struct tls_x509 *x509)
{
    struct bytes numbers = der_take(&key, DER_SEQUENCE);
    x509->modulus = der_unsigned(&numbers);
    x509->exponent = der_unsigned(&numbers);
    if (numbers.failed || numbers.length != 0 || key.length != 0)
        return false;
    bool odd = (x509->modulus.data[x509->modulus.length - 1] & x509->exponent.data[x509->exponent.length - 1] & 1) != 0;
    x509->key_kind = TLS_X509_RSA;
    x509->key_bits = number_bits(x509->modulus);
    return odd && x509->key_bits >= 512;
}

// SubjectPublicKeyInfo: RFC 5280 section 4.1.2.7, RFC 5480, RFC 8410.
static bool key_read(struct bytes *tbs, struct tls_x509 *x509)
{
    struct bytes info = der_take(tbs, DER_SEQUENCE);
    struct bytes algorithm = der_take(&info, DER_SEQUENCE);
    struct bytes key = der_bits(&info);
    if (info.failed || info.length != 0)
        return false;
    if (same(algorithm, rsa_algorithm))
        return rsa_read(key, x509);
    for (size_t at = 0; at < sizeof(plain_keys) / sizeof(plain_keys[0]); at++) {
        if (!same(algorithm, plain_keys[at].algorithm))
            continue;
        x509->key_kind = plain_keys[at].kind;
        x509->key_bits = plain_keys[at].bits;
        x509->key = key;
        bool point = plain_keys[at].kind <= TLS_X509_P521;
        return key.length == plain_keys[at].bytes && (!point || key.data[0] == POINT_UNCOMPRESSED);
    }
    return false;
}

// RFC 5280 section 4.2.1.6, of the kinds whose contents are bytes as they stand.
static bool names_read(struct bytes value, struct tls_x509 *x509)
{
    x509->names = der_take(&value, DER_SEQUENCE);
    if (x509->names.failed || value.length != 0)
        return false;
    struct der name;
    for (struct bytes names = x509->names; names.length > 0;) {
        if (!der_next(&names, &name))
            return false;
        uint8_t kind = name.tag & 0x1f;
        if ((name.tag & 0xe0) != DER_CONTEXT || (kind != 1 && kind != 2 && kind != 6 && kind != 7))
            return false;
    }
    return true;
}

static bool extensions_read(struct bytes explicit_list, struct tls_x509 *x509)
{
    struct bytes list = der_take(&explicit_list, DER_SEQUENCE);
    bool named = false;
    if (list.failed || list.length == 0 || explicit_list.length != 0)
        return false;
    x509->extensions = list;
    for (size_t count = 0; list.length > 0; count++) {
        struct bytes extension = der_take(&list, DER_SEQUENCE);
        struct bytes id = der_take(&extension, DER_OBJECT);
        struct bytes critical = {0};
        if (der_ahead(&extension, DER_BOOLEAN))
            critical = der_take(&extension, DER_BOOLEAN);
        struct bytes value = der_take(&extension, DER_OCTET_STRING);
        if (list.failed || extension.failed || extension.length != 0 || count == EXTENSIONS_MAX ||
            !tls_x509_object_ordinary(id) || (critical.data != NULL && !der_equal(critical, "\xff", 1)))
            return false;
        if (!same(id, alternative_name))
            continue;
        if (named || !names_read(value, x509))
            return false;
        named = true;
    }
    return true;
}

// What may stand behind the key: unique identifiers, which nobody uses, and in version 3 extensions.
static bool rest_read(struct bytes *tbs, int version, struct tls_x509 *x509)
{
    if (tbs->length == 0)
        return !tbs->failed;
    if (version != VERSION_3)
        return false;
    struct bytes extensions = der_take(tbs, DER_CONTEXT_CONSTRUCTED | 3);
    return !tbs->failed && tbs->length == 0 && extensions_read(extensions, x509);
}

static bool version_read(struct bytes *tbs, int *ret_version)
{
    *ret_version = VERSION_1;
    if (!der_ahead(tbs, DER_CONTEXT_CONSTRUCTED | 0))
        return true;
    struct bytes explicit_version = der_take(tbs, DER_CONTEXT_CONSTRUCTED | 0);
    struct bytes version = der_integer(&explicit_version);
    if (!der_equal(version, "\x02", 1) || explicit_version.length != 0)
        return false;
    *ret_version = VERSION_3;
    return true;
}

static bool tbs_read(struct bytes tbs, struct bytes algorithm, struct tls_x509 *x509)
{
    int version = 0;
    if (!version_read(&tbs, &version))
        return false;
    x509->serial = der_unsigned(&tbs);
    struct bytes inner_algorithm = der_take(&tbs, DER_SEQUENCE);
    x509->issuer = der_take(&tbs, DER_SEQUENCE);
    struct bytes validity = der_take(&tbs, DER_SEQUENCE);
    if (!der_time(&validity, &x509->not_before) || !der_time(&validity, &x509->not_after) || validity.length != 0)
        return false;
    x509->subject = der_take(&tbs, DER_SEQUENCE);
    return !tbs.failed && same(inner_algorithm, algorithm) && tls_x509_name_ordinary(x509->issuer) &&
           tls_x509_name_ordinary(x509->subject) && key_read(&tbs, x509) && rest_read(&tbs, version, x509);
}

bool tls_x509_read(struct bytes certificate, struct tls_x509 *ret_x509)
{
    struct tls_x509 x509 = {.names = {0}};
    struct der tbs = {.tag = 0};
    struct bytes whole = der_take(&certificate, DER_SEQUENCE);
    bool there = der_next(&whole, &tbs) && tbs.tag == DER_SEQUENCE;
    struct bytes algorithm = der_take(&whole, DER_SEQUENCE);
    x509.content = tbs.whole;
    x509.signature = der_bits(&whole);
    if (!there || whole.failed || whole.length != 0 || certificate.failed || certificate.length != 0 ||
        x509.signature.length == 0)
        return false;
    if (!signature_read(algorithm, &x509) || !tbs_read(tbs.body, algorithm, &x509))
        return false;
    *ret_x509 = x509;
    return true;
}

bool tls_x509_self_issued(const struct tls_x509 *x509)
{
    return tls_x509_name_equal(x509->subject, x509->issuer);
}

bool tls_x509_signing_fits(const struct tls_x509 *x509, enum tls_x509_key issuer)
{
    switch (issuer) {
    case TLS_X509_RSA:
        return x509->signing == TLS_X509_BY_RSA;
    case TLS_X509_ED25519:
        return x509->signing == TLS_X509_BY_ED25519;
    case TLS_X509_ED448:
        return x509->signing == TLS_X509_BY_ED448;
    default:
        return x509->signing == TLS_X509_BY_EC;
    }
}

static void name_learn(struct observation *observation, const struct field *field, struct bytes name)
{
    char text[TLS_X509_NAME_TEXT_MAX];
    size_t length = tls_x509_name_print(name, text);
    learn_text(observation, field, text, length);
}

static void serial_learn(struct observation *observation, struct bytes serial)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * SERIAL_BYTES_MAX];
    size_t length = 0;
    for (size_t at = 0; at < serial.length && at < SERIAL_BYTES_MAX; at++) {
        text[length++] = digits[serial.data[at] >> 4];
        text[length++] = digits[serial.data[at] & 15];
    }
    learn_text(observation, FIELD(tls, serial), text, length);
}

static void names_learn(struct observation *observation, struct bytes names)
{
    struct der name;
    learn_list(observation, FIELD(tls, sans));
    while (names.length > 0 && der_next(&names, &name)) {
        if (name.tag == (DER_CONTEXT | 2)) {
            learn_name(observation, FIELD(tls, sans), name.body.data, name.body.length);
        } else if (name.tag == (DER_CONTEXT | 7)) {
            size_t bytes = name.body.length;
            struct address address = {.family = bytes == 4 ? 4 : bytes == 16 ? 6 : 0};
            char text[ADDRESS_TEXT_MAX];
            if (address.family != 0)
                memcpy(address.bytes, name.body.data, bytes);
            size_t length = address_print(&address, text);
            if (length > 0)
                learn_name(observation, FIELD(tls, sans), text, length);
        }
    }
}

static const char *const key_types[] = {
    [TLS_X509_RSA] = "RSA", [TLS_X509_P256] = "EC",         [TLS_X509_P384] = "EC",
    [TLS_X509_P521] = "EC", [TLS_X509_ED25519] = "ED25519", [TLS_X509_ED448] = "ED448"};

void tls_x509_learn(const struct tls_x509 *x509, struct observation *observation)
{
    name_learn(observation, FIELD(tls, subject), x509->subject);
    name_learn(observation, FIELD(tls, issuer), x509->issuer);
    names_learn(observation, x509->names);
    serial_learn(observation, x509->serial);
    learn_number(observation, FIELD(tls, not_before), x509->not_before);
    learn_number(observation, FIELD(tls, not_after), x509->not_after);
    learn_constant(observation, FIELD(tls, key_type), key_types[x509->key_kind]);
    learn_number(observation, FIELD(tls, key_bits), x509->key_bits);
    learn_constant(observation, FIELD(tls, signature_algorithm), x509->signature_algorithm);
}

struct tls_certificate_observation *tls_x509_learn_row(const struct tls_x509 *x509, struct observation *observation)
{
    char text[TLS_X509_NAME_TEXT_MAX];
    const char *key_type = key_types[x509->key_kind];
    struct tls_certificate_observation *row = learn_row(observation, FIELD(tls, chain));
    if (row == NULL)
        return NULL;
    learn_text_in(observation, row, FIELD(tls_certificate, subject), text, tls_x509_name_print(x509->subject, text));
    learn_text_in(observation, row, FIELD(tls_certificate, issuer), text, tls_x509_name_print(x509->issuer, text));
    learn_flag_in(observation, row, FIELD(tls_certificate, self_issued), tls_x509_self_issued(x509));
    learn_number_in(observation, row, FIELD(tls_certificate, not_before), x509->not_before);
    learn_number_in(observation, row, FIELD(tls_certificate, not_after), x509->not_after);
    learn_constant_in(observation, row, FIELD(tls_certificate, key_type), key_type, strlen(key_type));
    learn_number_in(observation, row, FIELD(tls_certificate, key_bits), x509->key_bits);
    learn_constant_in(observation, row, FIELD(tls_certificate, signature_algorithm), x509->signature_algorithm,
                      strlen(x509->signature_algorithm));
    return row;
}
