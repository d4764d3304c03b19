// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Networks that are nobody's to scan unless a plan names them: IANA's IPv4 Special-Purpose Address Registry (RFC 6890
// and its successors), multicast (RFC 5771) and the former class E.

#include <stddef.h>
#include <stdint.h>

#include "config/intervals.h"

struct reserved_network {
    struct interval interval;
    const char *name;  // as in allow_reserved: "private-use"; several networks may share one
    const char *title; // "Private-Use (RFC 1918)"
};

extern const struct reserved_network reserved_networks[];
extern const size_t reserved_network_count;
