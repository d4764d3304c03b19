// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Networks as people and providers write them: "192.0.2.1", "192.0.2.0/24" (RFC 4632), "192.0.2.10-192.0.2.20",
// and an IPv4 address inside an IPv6 one, "::ffff:192.0.2.0/120".

#include <stdint.h>

#include "config/intervals.h"

#define PREFIX_EXPECTED "an IPv4 address, a CIDR like 192.0.2.0/24, or a range like 192.0.2.1-192.0.2.9"

// Returns 0; -EAFNOSUPPORT for a well-formed IPv6 address or CIDR; -ERANGE for a CIDR with bits set behind its length
// (*ret_interval then holds the network that it lies in) or a range that ends before it begins; -EINVAL for anything
// else.
int prefix_parse(const char *text, struct interval *ret_interval);

// As prefix_parse, but refuses ranges.
int prefix_parse_cidr(const char *text, struct interval *ret_interval);

// Address, CIDR, or range, whichever says it shortest. Needs 32 bytes.
void prefix_print(struct interval interval, char *ret_text);

// The length of the CIDR that is exactly this interval, or -1.
int prefix_length(struct interval interval);
