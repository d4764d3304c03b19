// SPDX-License-Identifier: BSD-3-Clause
#include "probes/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

// A record has one at least, and printf was a twelfth of its cost.
static size_t v4_print(const uint8_t bytes[4], char *ret_text)
{
    char *at = ret_text;
    for (size_t i = 0; i < 4; i++) {
        unsigned octet = bytes[i];
        if (octet >= 100)
            *at++ = (char)('0' + octet / 100);
        if (octet >= 10)
            *at++ = (char)('0' + octet / 10 % 10);
        *at++ = (char)('0' + octet % 10);
        *at++ = '.';
    }
    *--at = '\0';
    return (size_t)(at - ret_text);
}

size_t address_print(const struct address *address, char ret_text[static ADDRESS_TEXT_MAX])
{
    ret_text[0] = '\0';
    if (address->family == 4)
        return v4_print(address->bytes, ret_text);
    if (address->family == 6 && inet_ntop(AF_INET6, address->bytes, ret_text, ADDRESS_TEXT_MAX) != NULL)
        return strlen(ret_text);
    return 0;
}

const char *address_text(uint32_t number, char ret_text[static ADDRESS_TEXT_MAX])
{
    const struct address address = address_v4(number);
    (void)address_print(&address, ret_text);
    return ret_text;
}

int address_parse(const char *text, size_t length, struct address *ret_address)
{
    char copy[ADDRESS_TEXT_MAX];
    struct address address = {0};
    if (length == 0 || length >= sizeof(copy) || memchr(text, '\0', length) != NULL)
        return -EINVAL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (inet_pton(AF_INET, copy, address.bytes) == 1)
        address.family = 4;
    else if (inet_pton(AF_INET6, copy, address.bytes) == 1)
        address.family = 6;
    else
        return -EINVAL;
    *ret_address = address;
    return 0;
}

bool address_equal(const struct address *left, const struct address *right)
{
    return left->family == right->family && memcmp(left->bytes, right->bytes, sizeof(left->bytes)) == 0;
}
