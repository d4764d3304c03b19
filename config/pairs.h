// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Pairs of an address and a port, as other scanners write and read them: "192.0.2.1:8080", one a line.

#include <stddef.h>
#include <stdint.h>

struct pair {
    uint32_t address; // host byte order
    uint16_t port;
    uint16_t reserved;
};

struct pair_list {
    struct pair *items;
    size_t count;
    size_t capacity;
};

// Returns 0, or -EINVAL for anything else than an IPv4 address, a colon and a port from 0 to 65535.
int pair_parse(const char *text, struct pair *ret_pair);

// Returns 0 or -ENOMEM. A list begins all-zero.
int pair_list_add(struct pair_list *list, struct pair pair);

// Puts them in order of address and port, each once.
void pair_list_settle(struct pair_list *list);

void pair_list_fini(struct pair_list *list);
