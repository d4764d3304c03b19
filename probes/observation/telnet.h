// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a telnet server shows to somebody who refuses every option and types nothing (RFC 854).

#include "probes/observation/field.h"

#define TELNET_FIELDS(X, P)                                                                                            \
    X(P, TEXT, banner, 1023, "what it shows, without its negotiation")                                                 \
    X(P, TEXT, prompt, 127, "the line that it waits behind")                                                           \
    X(P, LIST, options, 511, "options as it first names them: do-24, will-1")

PART_STRUCT(telnet, TELNET_FIELDS)
