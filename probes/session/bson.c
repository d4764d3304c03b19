// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/bson.h"

#include <string.h>

struct bytes bson_document(struct bytes *input)
{
    struct bytes head = *input;
    uint32_t length = bytes_u32le(&head);
    struct bytes document = bytes_slice(input, head.failed || length < 5 ? SIZE_MAX : length);
    (void)bytes_take(&document, 4);
    if (document.failed || document.length == 0)
        return (struct bytes){.failed = true};
    document.length--; // the NUL that ends it
    return document;
}

// How long a value is that begins with its length, `more` bytes on top of it.
static size_t counted(const struct bytes *elements, size_t more)
{
    struct bytes head = *elements;
    uint32_t length = bytes_u32le(&head);
    return head.failed ? SIZE_MAX : (size_t)length + more;
}

// Of a type whose values are not of one length: bytes up to the NUL of the `count`th text.
static size_t texts(const struct bytes *elements, size_t count)
{
    struct bytes rest = *elements;
    for (size_t text = 0; text < count; text++)
        (void)bytes_z(&rest);
    return rest.failed ? SIZE_MAX : elements->length - rest.length;
}

static size_t value_length(uint8_t type, const struct bytes *elements)
{
    switch (type) {
    case 0x06: // undefined, null, the least and the greatest key
    case 0x0a:
    case 0x7f:
    case 0xff:
        return 0;
    case BSON_BOOL:
        return 1;
    case BSON_INT32:
        return 4;
    case BSON_DOUBLE:
    case BSON_INT64:
    case 0x09: // a date, a timestamp
    case 0x11:
        return 8;
    case 0x07: // an object's id
        return 12;
    case 0x13: // a decimal
        return 16;
    case BSON_DOCUMENT:
    case BSON_ARRAY:
    case 0x0f: // code with its variables: their length counts itself
        return counted(elements, 0);
    case BSON_STRING:
    case 0x0d: // code, a symbol
    case 0x0e:
        return counted(elements, 4);
    case 0x05: // binary, of a kind
        return counted(elements, 5);
    case 0x0c: // a pointer into a database
        return counted(elements, 16);
    case 0x0b: // a regular expression and its options
        return texts(elements, 2);
    default:
        return SIZE_MAX;
    }
}

bool bson_next(struct bytes *elements, struct bson_element *ret_element)
{
    struct bson_element element = {.type = bytes_u8(elements)};
    element.name = bytes_z(elements);
    if (element.name.failed)
        return false;
    element.value = bytes_slice(elements, value_length(element.type, elements));
    if (element.type == BSON_STRING) {
        (void)bytes_take(&element.value, 4);
        element.value.failed = element.value.failed || element.value.length == 0;
        element.value.length -= element.value.failed ? 0 : 1;
    }
    if (element.value.failed)
        return false;
    *ret_element = element;
    return true;
}

bool bson_is(const struct bson_element *element, const char *name)
{
    return element->name.length == strlen(name) && memcmp(element->name.data, name, element->name.length) == 0;
}

bool bson_number(const struct bson_element *element, int64_t *ret_number)
{
    struct bytes value = element->value;
    double real = 0;
    uint64_t bits = 0;
    switch (element->type) {
    case BSON_DOUBLE:
        bits = bytes_u64le(&value);
        memcpy(&real, &bits, sizeof(real));
        if (!(real >= INT32_MIN && real <= INT32_MAX))
            return false;
        *ret_number = (int64_t)real;
        return true;
    case BSON_BOOL:
        *ret_number = bytes_u8(&value);
        return true;
    case BSON_INT32:
        *ret_number = (int32_t)bytes_u32le(&value);
        return true;
    case BSON_INT64:
        *ret_number = (int64_t)bytes_u64le(&value);
        return *ret_number >= INT32_MIN && *ret_number <= INT32_MAX;
    default:
        return false;
    }
}
