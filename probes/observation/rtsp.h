// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an RTSP server, a camera for the most part, answers to OPTIONS and to DESCRIBE of its root (RFC 2326).

#include "probes/observation/field.h"

#define RTSP_FIELDS(X, P)                                                                                              \
    X(P, NUMBER, status, 0, "status of the answer to OPTIONS")                                                         \
    X(P, TEXT, server, 255, "Server header")                                                                           \
    X(P, LIST, methods, 255, "methods that it allows (Public header)")                                                 \
    X(P, NUMBER, describe_status, 0, "status of the answer to DESCRIBE: 200 shows the stream to anybody")              \
    X(P, TEXT, authenticate, 255, "WWW-Authenticate header: how one has to prove who one is, and its realm")

PART_STRUCT(rtsp, RTSP_FIELDS)
