// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an IMAP server teaches who does not log in (RFC 3501, RFC 2971).

#include "probes/observation/field.h"

#define IMAP_FIELDS(X, P)                                                                                              \
    X(P, TEXT, greeting, 511, "the line it greets with")                                                               \
    X(P, LIST, capabilities, 1023, "what it says that it can do")                                                      \
    X(P, LIST, auth, 255, "mechanisms with which it lets clients log in: AUTH=...")                                    \
    X(P, FLAG, login_disabled, 0, "the command LOGIN is refused, as it should be outside TLS")                         \
    X(P, FLAG, starttls, 0, "it offers TLS on this connection; not learnt within TLS")                                 \
    X(P, TEXT, id_name, 127, "the program, as it answers ID (RFC 2971)")                                               \
    X(P, TEXT, id_version, 127, "its version, likewise")

PART_STRUCT(imap, IMAP_FIELDS)
