// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a POP3 server teaches who does not log in (RFC 1939, RFC 2449).

#include "probes/observation/field.h"

#define POP3_FIELDS(X, P)                                                                                              \
    X(P, TEXT, greeting, 511, "the line it greets with")                                                               \
    X(P, LIST, capabilities, 1023, "lines of its answer to CAPA")                                                      \
    X(P, LIST, auth, 255, "mechanisms of its line SASL (RFC 5034)")                                                    \
    X(P, FLAG, user, 0, "USER is one of the capabilities: names and passwords are taken in plain text")                \
    X(P, FLAG, starttls, 0, "STLS is one of them (RFC 2595); not learnt within TLS")

PART_STRUCT(pop3, POP3_FIELDS)
