// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_x509_use.h"

#include "probes/protocol/tls/der.h"
#include "probes/protocol/tls/tls_x509_name.h"

enum {
    USAGE_TLS = 0x80 | 0x20 | 0x08, // digitalSignature, keyEncipherment, keyAgreement
    BITS_UNUSED_MAX = 7,
    NAME_FULL = DER_CONTEXT_CONSTRUCTED | 0,
    NAME_URI = DER_CONTEXT | 6,
};

typedef bool extension_reader(struct bytes value, struct tls_x509_use *use);

// RFC 5280 section 4.2.1.9. What it says matters of authorities, and those OpenSSL judges.
static bool constraints_read(struct bytes value, struct tls_x509_use *use)
{
    (void)use;
    struct bytes body = der_take(&value, DER_SEQUENCE);
    if (der_ahead(&body, DER_BOOLEAN) && !der_equal(der_take(&body, DER_BOOLEAN), "\xff", 1))
        return false;
    if (der_ahead(&body, DER_INTEGER))
        (void)der_unsigned(&body);
    return !body.failed && body.length == 0 && value.length == 0;
}

// Section 4.2.1.3: a bit at least, and none behind the last that is set.
static bool usage_read(struct bytes value, struct tls_x509_use *use)
{
    struct bytes bits = der_take(&value, DER_BIT_STRING);
    unsigned unused = bytes_u8(&bits);
    if (bits.failed || value.length != 0 || unused > BITS_UNUSED_MAX || bits.length < 1 || bits.length > 2)
        return false;
    uint8_t last = bits.data[bits.length - 1];
    use->serves = use->serves && (bits.data[0] & USAGE_TLS) != 0;
    return (last & ((1U << unused) - 1)) == 0 && last != 0;
}

// Section 4.2.1.12.
static bool purposes_read(struct bytes value, struct tls_x509_use *use)
{
    static const char server_auth[] = "\x2b\x06\x01\x05\x05\x07\x03\x01";
    struct bytes list = der_take(&value, DER_SEQUENCE);
    bool serves = false;
    while (list.length > 0 && !list.failed) {
        struct bytes id = der_take(&list, DER_OBJECT);
        if (!tls_x509_object_ordinary(id))
            return false;
        serves = serves || der_equal(id, server_auth, sizeof(server_auth) - 1);
    }
    use->serves = use->serves && serves;
    return !list.failed && value.length == 0;
}

// Section 4.2.1.2.
static bool key_id_read(struct bytes value, struct tls_x509_use *use)
{
    use->key_id = der_take(&value, DER_OCTET_STRING);
    use->named = true;
    return !use->key_id.failed && value.length == 0;
}

// Section 4.2.1.1, without the issuer's issuer and serial number.
static bool authority_read(struct bytes value, struct tls_x509_use *use)
{
    struct bytes body = der_take(&value, DER_SEQUENCE);
    if (der_ahead(&body, DER_CONTEXT | 0)) {
        use->authority_key_id = der_take(&body, DER_CONTEXT | 0);
        use->attributed = true;
    }
    return !body.failed && body.length == 0 && value.length == 0;
}

// Section 4.2.1.13: points that are nothing but URIs.
static bool points_read(struct bytes value, struct tls_x509_use *use)
{
    (void)use;
    struct bytes list = der_take(&value, DER_SEQUENCE);
    while (list.length > 0 && !list.failed) {
        struct bytes point = der_take(&list, DER_SEQUENCE);
        struct bytes name = der_take(&point, NAME_FULL);
        struct bytes names = der_take(&name, NAME_FULL);
        if (names.failed || names.length == 0 || name.length != 0 || point.length != 0)
            return false;
        while (names.length > 0 && !names.failed)
            (void)der_take(&names, NAME_URI);
        if (names.failed)
            return false;
    }
    return !list.failed && value.length == 0;
}

// What was read with the certificate.
static bool names_read(struct bytes value, struct tls_x509_use *use)
{
    (void)value;
    (void)use;
    return true;
}

static const struct {
    const char *id;
    extension_reader *read; // NULL: it does not matter, unless it is critical
} extensions[] = {
    {"\x55\x1d\x0e", key_id_read},
    {"\x55\x1d\x0f", usage_read},
    {"\x55\x1d\x11", names_read},
    {"\x55\x1d\x13", constraints_read},
    {"\x55\x1d\x1f", points_read},
    {"\x55\x1d\x23", authority_read},
    {"\x55\x1d\x25", purposes_read},
    {"\x55\x1d\x20", NULL},                             // certificatePolicies
    {"\x2b\x06\x01\x05\x05\x07\x01\x01", NULL},         // authorityInfoAccess
    {"\x2b\x06\x01\x05\x05\x07\x01\x18", NULL},         // TLS features (RFC 7633)
    {"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02", NULL}, // certificate timestamps (RFC 6962)
    {"\x60\x86\x48\x01\x86\xf8\x42\x01\x0d", NULL},     // Netscape's comment
    {"\x2b\x06\x01\x04\x01\x82\x37\x14\x02", NULL},     // Microsoft's names of templates
    {"\x2b\x06\x01\x04\x01\x82\x37\x15\x07", NULL},
    {"\x2b\x06\x01\x04\x01\x82\x37\x15\x0a", NULL}, // and policies
};

enum { EXTENSION_COUNT = sizeof(extensions) / sizeof(extensions[0]) };

static size_t extension_find(struct bytes id)
{
    size_t at = 0;
    while (at < EXTENSION_COUNT && !der_equal(id, extensions[at].id, strlen(extensions[at].id)))
        at++;
    return at;
}

bool tls_x509_use_read(const struct tls_x509 *x509, struct tls_x509_use *ret_use)
{
    struct tls_x509_use use = {.serves = true};
    bool seen[EXTENSION_COUNT] = {false};
    struct bytes list = x509->extensions;
    while (list.length > 0) {
        struct bytes extension = der_take(&list, DER_SEQUENCE);
        size_t at = extension_find(der_take(&extension, DER_OBJECT));
        bool critical = der_ahead(&extension, DER_BOOLEAN);
        if (critical)
            (void)der_take(&extension, DER_BOOLEAN);
        struct bytes value = der_take(&extension, DER_OCTET_STRING);
        if (extension.failed || at == EXTENSION_COUNT || seen[at])
            return false;
        if (extensions[at].read == NULL ? critical : !extensions[at].read(value, &use))
            return false;
        seen[at] = true;
    }
    if (list.failed)
        return false;
    *ret_use = use;
    return true;
}

bool tls_x509_use_fits(const struct tls_x509_use *use, bool named, struct bytes key_id)
{
    return !use->attributed || !named || der_equal(key_id, use->authority_key_id.data, use->authority_key_id.length);
}
