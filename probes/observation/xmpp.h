// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an XMPP server tells of itself before anybody logs in (RFC 6120).

#include "probes/observation/field.h"

#define XMPP_FIELDS(X, P)                                                                                              \
    X(P, TEXT, domain, 255, "the domain that its stream is from")                                                      \
    X(P, TEXT, version, 15, "version of the protocol that it speaks")                                                  \
    X(P, LIST, auth, 255, "mechanisms with which it lets clients log in, without TLS or within it from the start")     \
    X(P, LIST, starttls_auth, 255, "the same behind STARTTLS")                                                         \
    X(P, FLAG, starttls, 0, "it offers TLS on this connection; not learnt within TLS")                                 \
    X(P, FLAG, starttls_required, 0, "and wants it before anything else")                                              \
    X(P, TEXT, error, 63, "the condition of an error in place of features: host-unknown, say")

PART_STRUCT(xmpp, XMPP_FIELDS)
