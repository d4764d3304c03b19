// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a VNC server offers before a client has chosen how to prove himself (RFC 6143, 7.1.1 and 7.1.2).

#include "probes/observation/field.h"

#define VNC_FIELDS(X, P)                                                                                               \
    X(P, TEXT, protocol, 7, "version of RFB that it greets with: 003.008; Apple says 003.889")                         \
    X(P, LIST, security_types, 255, "what one may prove himself with: none, vnc, vencrypt, tight, or a number")        \
    X(P, TEXT, refusal, 255, "why it offers nothing: too many failures of others, say")

PART_STRUCT(vnc, VNC_FIELDS)
