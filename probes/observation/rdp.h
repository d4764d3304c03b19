// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a Windows Remote Desktop, or one that speaks its protocol (xrdp), negotiates before any login (MS-RDPBCGR,
// 2.2.1.2).

#include "probes/observation/field.h"

#define RDP_FIELDS(X, P)                                                                                               \
    X(P, TEXT, selected, 15, "what it chose of all that is offered to it: rdp, tls, nla, nla-ex")                      \
    X(P, FLAG, tls, 0, "it speaks TLS, NLA's included")                                                                \
    X(P, FLAG, nla, 0, "it speaks network level authentication (CredSSP)")                                             \
    X(P, FLAG, nla_required, 0, "without it nobody sees so much as a login screen")                                    \
    X(P, TEXT, failure, 31, "why it would not negotiate: ssl-not-allowed, hybrid-required, ...")

PART_STRUCT(rdp, RDP_FIELDS)
