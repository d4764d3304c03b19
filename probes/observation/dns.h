// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a name server answers to a stranger: a question about the root, and one about itself (RFC 1035; RFC 4892).

#include "probes/observation/field.h"

#define DNS_FIELDS(X, P)                                                                                               \
    X(P, NUMBER, rcode, 0, "response code for the root's name servers: 0 no error, 2 server failure, 5 refused")       \
    X(P, FLAG, recursion, 0, "it answers strangers what it has to ask others for: an open resolver")                   \
    X(P, FLAG, authoritative, 0, "it answers of its own authority")                                                    \
    X(P, TEXT, version, 255, "what it answers to version.bind")

PART_STRUCT(dns, DNS_FIELDS)
