// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a ZooKeeper server says to the word srvr, which it answers anybody unless it is told not to.

#include "probes/observation/field.h"

#define ZOOKEEPER_FIELDS(X, P)                                                                                         \
    X(P, TEXT, version, 127, "its version and the commit it was built from")                                           \
    X(P, TEXT, mode, 31, "standalone, leader, follower or observer")                                                   \
    X(P, NUMBER, connections, 0, "clients that it has, we among them")                                                 \
    X(P, NUMBER, nodes, 0, "nodes that it holds")                                                                      \
    X(P, TEXT, refusal, 127, "what it says in place of that")

PART_STRUCT(zookeeper, ZOOKEEPER_FIELDS)
