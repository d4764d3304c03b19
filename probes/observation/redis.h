// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a Redis server, or one that speaks its protocol (Valkey, KeyDB), teaches: the answer to PING, and INFO server
// where PING was allowed.

#include "probes/observation/field.h"

#define REDIS_FIELDS(X, P)                                                                                             \
    X(P, TEXT, refusal, 255, "the error that PING or INFO was answered with: NOAUTH, DENIED (protected mode), ...")    \
    X(P, TEXT, version, 63, "redis_version of INFO server; of Valkey the version of Redis that it stands for")         \
    X(P, TEXT, server_name, 31, "the program where it is not Redis itself: valkey")                                    \
    X(P, TEXT, server_version, 63, "that program's own version")                                                       \
    X(P, TEXT, mode, 31, "standalone, sentinel or cluster")                                                            \
    X(P, TEXT, os, 127, "operating system and machine it says it runs on")

PART_STRUCT(redis, REDIS_FIELDS)
