// SPDX-License-Identifier: BSD-3-Clause
#include "config/prefix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probes/address.h"

enum { PREFIX_TEXT_MAX = 64 };

static int number_parse(const char *text, uint32_t *ret_address)
{
    struct in_addr address;
    if (inet_pton(AF_INET, text, &address) != 1)
        return -EINVAL;
    *ret_address = ntohl(address.s_addr);
    return 0;
}

// One to three digits up to a maximum, without a leading zero.
static int length_parse(const char *text, unsigned int maximum, unsigned int *ret_length)
{
    unsigned int value = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 3 || text[digits] != '\0' || (digits > 1 && text[0] == '0'))
        return -EINVAL;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (unsigned int)(text[i] - '0');
    if (value > maximum)
        return -EINVAL;
    *ret_length = value;
    return 0;
}

static int interval_of(uint32_t address, unsigned int bits, struct interval *ret_interval)
{
    uint32_t behind = (uint32_t)(UINT64_C(0xffffffff) >> bits);
    *ret_interval = (struct interval){address & ~behind, address | behind};
    return (address & behind) != 0 ? -ERANGE : 0;
}

// An IPv4-mapped address (RFC 4291, section 2.5.5.2) is the IPv4 address that it holds: whoever writes it down as one
// not to be scanned means it.
static int six_parse(const char *text, const char *length, struct interval *ret_interval)
{
    struct in6_addr address;
    uint32_t mapped;
    unsigned int bits = 128;
    if (inet_pton(AF_INET6, text, &address) != 1 || (length != NULL && length_parse(length, 128, &bits) != 0))
        return -EINVAL;
    if (!IN6_IS_ADDR_V4MAPPED(&address) || bits < 96)
        return -EAFNOSUPPORT;
    memcpy(&mapped, &address.s6_addr[12], sizeof(mapped));
    return interval_of(ntohl(mapped), bits - 96, ret_interval);
}

int prefix_parse_cidr(const char *text, struct interval *ret_interval)
{
    char copy[PREFIX_TEXT_MAX];
    if (strlen(text) >= sizeof(copy))
        return -EINVAL;
    strcpy(copy, text);
    char *length = strchr(copy, '/');
    if (length != NULL)
        *length++ = '\0';
    if (strchr(copy, ':') != NULL)
        return six_parse(copy, length, ret_interval);
    uint32_t address;
    unsigned int bits = 32;
    if (number_parse(copy, &address) != 0 || (length != NULL && length_parse(length, 32, &bits) != 0))
        return -EINVAL;
    return interval_of(address, bits, ret_interval);
}

int prefix_parse(const char *text, struct interval *ret_interval)
{
    char copy[PREFIX_TEXT_MAX];
    const char *dash = strchr(text, '-');
    if (dash == NULL)
        return prefix_parse_cidr(text, ret_interval);
    if (strlen(text) >= sizeof(copy))
        return -EINVAL;
    strcpy(copy, text);
    copy[dash - text] = '\0';
    char *first = copy;
    char *last = copy + (dash - text) + 1;
    last += strspn(last, " ");
    first[strcspn(first, " ")] = '\0';
    struct interval interval;
    if (number_parse(first, &interval.first) != 0 || number_parse(last, &interval.last) != 0)
        return -EINVAL;
    if (interval.first > interval.last)
        return -ERANGE;
    *ret_interval = interval;
    return 0;
}

int prefix_length(struct interval interval)
{
    uint64_t size = (uint64_t)interval.last - interval.first + 1;
    if ((size & (size - 1)) != 0 || (interval.first & (size - 1)) != 0)
        return -1;
    return 32 - __builtin_ctzll(size);
}

void prefix_print(struct interval interval, char *ret_text)
{
    char first[ADDRESS_TEXT_MAX];
    char last[ADDRESS_TEXT_MAX];
    int length = prefix_length(interval);
    (void)address_text(interval.first, first);
    (void)address_text(interval.last, last);
    if (length == 32)
        (void)snprintf(ret_text, 32, "%.15s", first);
    else if (length >= 0)
        (void)snprintf(ret_text, 32, "%.15s/%d", first, length);
    else
        (void)snprintf(ret_text, 32, "%.15s-%.15s", first, last);
}
