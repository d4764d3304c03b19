// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a SOCKS 5 proxy answers to a client that can prove nothing (RFC 1928, 3).

#include "probes/observation/field.h"

#define SOCKS_FIELDS(X, P)                                                                                             \
    X(P, NUMBER, version, 0, "version of the protocol")                                                                \
    X(P, NUMBER, method, 0, "method it chose: 0 no authentication, 255 none that the client has")

PART_STRUCT(socks, SOCKS_FIELDS)
