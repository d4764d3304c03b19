// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a Cassandra node, or one that speaks its protocol (Scylla), answers to OPTIONS and STARTUP, and its release
// where nobody has to prove who he is.

#include "probes/observation/field.h"

#define CASSANDRA_FIELDS(X, P)                                                                                         \
    X(P, LIST, cql_versions, 127, "versions of the query language")                                                    \
    X(P, LIST, protocol_versions, 127, "versions of the protocol, where it says so")                                   \
    X(P, FLAG, scylla, 0, "it is Scylla: it has options of its own")                                                   \
    X(P, TEXT, authenticator, 127, "class that wants to see who a client is")                                          \
    X(P, TEXT, release, 63, "release_version of system.local")                                                         \
    X(P, NUMBER, error, 0, "code of an error in place of an answer")                                                   \
    X(P, TEXT, error_message, 255, "text of that error")

PART_STRUCT(cassandra, CASSANDRA_FIELDS)
