// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an X server answers to a client that brings no authorisation (X Window System Protocol, 8).

#include "probes/observation/field.h"

#define X11_FIELDS(X, P)                                                                                               \
    X(P, TEXT, protocol, 15, "version of the protocol: 11.0")                                                          \
    X(P, TEXT, vendor, 127, "who makes the server: The X.Org Foundation")                                              \
    X(P, NUMBER, release, 0, "the vendor's number of its release: 12101007 is X.Org 21.1.7")                           \
    X(P, TEXT, refusal, 255, "why a client without authorisation is refused")

PART_STRUCT(x11, X11_FIELDS)
