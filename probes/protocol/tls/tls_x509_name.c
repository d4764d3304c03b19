// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_x509_name.h"

#include "probes/protocol/tls/der.h"

enum { ATTRIBUTES_MAX = 32 };

struct attribute {
    struct bytes id;
    const char *name;
    struct bytes value;
};

static const struct {
    const char *id;
    const char *name;
} attributes[] = {
    {"\x55\x04\x03", "CN"},
    {"\x55\x04\x0a", "O"},
    {"\x55\x04\x06", "C"},
    {"\x55\x04\x0b", "OU"},
    {"\x55\x04\x07", "L"},
    {"\x55\x04\x08", "ST"},
    {"\x55\x04\x04", "SN"},
    {"\x55\x04\x05", "serialNumber"},
    {"\x55\x04\x09", "street"},
    {"\x55\x04\x0c", "title"},
    {"\x55\x04\x0d", "description"},
    {"\x55\x04\x0f", "businessCategory"},
    {"\x55\x04\x11", "postalCode"},
    {"\x55\x04\x29", "name"},
    {"\x55\x04\x2a", "GN"},
    {"\x55\x04\x2b", "initials"},
    {"\x55\x04\x2e", "dnQualifier"},
    {"\x55\x04\x61", "organizationIdentifier"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", "emailAddress"},
    {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", "DC"},
    {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", "UID"},
    {"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x01", "jurisdictionL"},
    {"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x02", "jurisdictionST"},
    {"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03", "jurisdictionC"},
};

bool tls_x509_object_ordinary(struct bytes id)
{
    if (id.failed || id.length == 0 || (id.data[id.length - 1] & 0x80) != 0)
        return false;
    for (size_t at = 0; at < id.length; at++)
        if (id.data[at] == 0x80 && (at == 0 || (id.data[at - 1] & 0x80) == 0))
            return false; // a number with leading zeros
    return true;
}

static const char *attribute_name(struct bytes id)
{
    for (size_t at = 0; at < sizeof(attributes) / sizeof(attributes[0]); at++)
        if (der_equal(id, attributes[at].id, strlen(attributes[at].id)))
            return attributes[at].name;
    return NULL;
}

static bool value_ordinary(const struct der *value)
{
    if (value->tag != DER_PRINTABLE && value->tag != DER_UTF8 && value->tag != DER_IA5)
        return false;
    for (size_t at = 0; at < value->body.length; at++)
        if (value->body.data[at] < ' ' || value->body.data[at] > '~')
            return false;
    return true;
}

// Takes the next RelativeDistinguishedName; false when it is not ordinary.
static bool attribute_next(struct bytes *name, struct attribute *ret_attribute)
{
    struct bytes set = der_take(name, DER_SET);
    struct bytes pair = der_take(&set, DER_SEQUENCE);
    struct bytes id = der_take(&pair, DER_OBJECT);
    struct der value;
    if (set.failed || set.length != 0 || !der_next(&pair, &value) || pair.length != 0)
        return false;
    *ret_attribute = (struct attribute){id, attribute_name(id), value.body};
    return ret_attribute->name != NULL && value_ordinary(&value);
}

bool tls_x509_name_ordinary(struct bytes name)
{
    struct attribute attribute;
    size_t length = 0;
    for (size_t count = 0; name.length > 0; count++) {
        if (count == ATTRIBUTES_MAX || !attribute_next(&name, &attribute))
            return false;
        length += strlen(attribute.name) + 2 + 2 * attribute.value.length; // each byte with a backslash at most
    }
    return !name.failed && length <= TLS_X509_NAME_TEXT_MAX;
}

// The next byte of a value in the form in which they are compared; -1 at its end. Spaces at the beginning were dropped.
static int folded_next(struct bytes *value)
{
    int byte = value->length == 0 ? -1 : bytes_u8(value);
    if (byte == ' ') {
        while (value->length > 0 && value->data[0] == ' ')
            (void)bytes_u8(value);
        return value->length == 0 ? -1 : ' ';
    }
    return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
}

static void spaces_drop(struct bytes *value)
{
    while (value->length > 0 && value->data[0] == ' ')
        (void)bytes_u8(value);
}

static bool value_equal(struct bytes one, struct bytes other)
{
    spaces_drop(&one);
    spaces_drop(&other);
    for (;;) {
        int byte = folded_next(&one);
        if (byte != folded_next(&other))
            return false;
        if (byte == -1)
            return true;
    }
}

bool tls_x509_name_equal(struct bytes one, struct bytes other)
{
    struct attribute ones;
    struct attribute others;
    if (one.length == other.length && (one.length == 0 || memcmp(one.data, other.data, one.length) == 0))
        return true;
    while (one.length > 0 && other.length > 0)
        if (!attribute_next(&one, &ones) || !attribute_next(&other, &others) || ones.name != others.name ||
            !value_equal(ones.value, others.value))
            return false;
    return one.length == other.length;
}

// Puts tag and length before the `length` bytes that end at *at, which goes back by as much. The text of an ordinary
// name is short, so two bytes of length are the most.
static void header_put(uint8_t *data, size_t *at, uint8_t tag, size_t length)
{
    data[--*at] = (uint8_t)length;
    if (length > 0xff)
        data[--*at] = (uint8_t)(length >> 8);
    if (length >= 0x80)
        data[--*at] = length > 0xff ? 0x82 : 0x81;
    data[--*at] = tag;
}

size_t tls_x509_name_canon(struct bytes name, uint8_t ret_canon[static TLS_X509_NAME_CANON_MAX])
{
    uint8_t one[TLS_X509_NAME_TEXT_MAX + 64];
    uint8_t value[TLS_X509_NAME_TEXT_MAX];
    struct attribute attribute;
    size_t written = 0;
    while (name.length > 0 && attribute_next(&name, &attribute)) {
        size_t length = 0;
        spaces_drop(&attribute.value);
        for (int byte; length < sizeof(value) && (byte = folded_next(&attribute.value)) != -1; length++)
            value[length] = (uint8_t)byte;
        // From its end to its beginning, so that each length is known when it is written.
        size_t at = sizeof(one) - length;
        memcpy(one + at, value, length);
        header_put(one, &at, DER_UTF8, length);
        at -= attribute.id.length;
        memcpy(one + at, attribute.id.data, attribute.id.length);
        header_put(one, &at, DER_OBJECT, attribute.id.length);
        header_put(one, &at, DER_SEQUENCE, sizeof(one) - at);
        header_put(one, &at, DER_SET, sizeof(one) - at);
        if (sizeof(one) - at > TLS_X509_NAME_CANON_MAX - written)
            break;
        memcpy(ret_canon + written, one + at, sizeof(one) - at);
        written += sizeof(one) - at;
    }
    return written;
}

// RFC 2253 section 2.4.
static bool byte_escaped(struct bytes value, size_t at)
{
    char byte = (char)value.data[at];
    return strchr(",+\"\\<>;", byte) != NULL || (byte == '#' && at == 0) ||
           (byte == ' ' && (at == 0 || at + 1 == value.length));
}

static size_t attribute_print(const struct attribute *attribute, char *ret_text)
{
    size_t length = strlen(attribute->name);
    memcpy(ret_text, attribute->name, length);
    ret_text[length++] = '=';
    for (size_t at = 0; at < attribute->value.length; at++) {
        if (byte_escaped(attribute->value, at))
            ret_text[length++] = '\\';
        ret_text[length++] = (char)attribute->value.data[at];
    }
    return length;
}

size_t tls_x509_name_print(struct bytes name, char ret_text[static TLS_X509_NAME_TEXT_MAX])
{
    struct attribute list[ATTRIBUTES_MAX];
    size_t count = 0;
    size_t length = 0;
    while (name.length > 0 && count < ATTRIBUTES_MAX && attribute_next(&name, &list[count]))
        count++;
    while (count-- > 0) {
        if (length > 0)
            ret_text[length++] = ',';
        length += attribute_print(&list[count], ret_text + length);
    }
    return length;
}
