// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Targets that were given by a host name: what their servers are called by (TLS server_name, HTTP Host) and their
// records say. Part of the plan image. Whoever has several names is called by the first that the plan gives.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HOST_NAMES_MAX = 65536, // addresses with a name
    HOST_NAME_BYTES_MAX = 253
};

struct image_name {
    uint32_t address; // host byte order
    uint32_t name;    // string: lower-case letters, digits, "-", "_" and "."
};

// Whether a text can be a host's name: labels of 1 to 63 lower-case letters, digits, "-" and "_" (RFC 1123 section 2.1,
// and what people do besides), a letter among them so that it is no address, and no dot at its end.
bool name_is_valid(const char *text);

// The entry of an address among `count`, which ascend by address, or NULL.
static inline const struct image_name *names_find(const struct image_name *names, size_t count, uint32_t address)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (names[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && names[low].address == address ? &names[low] : NULL;
}
