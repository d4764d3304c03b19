// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a MongoDB server, or one that speaks its protocol (FerretDB, DocumentDB), answers before somebody has proved who
// he is: hello, buildInfo, and whether it would list its databases. Their names are not kept.

#include "probes/observation/field.h"

#define MONGODB_FIELDS(X, P)                                                                                           \
    X(P, TEXT, version, 63, "version of buildInfo")                                                                    \
    X(P, NUMBER, max_wire_version, 0, "newest protocol it speaks: 21 is MongoDB 7.0; before 2.6 it does not say")      \
    X(P, TEXT, replica_set, 127, "name of the replica set it belongs to")                                              \
    X(P, FLAG, router, 0, "it is mongos, in front of a cluster")                                                       \
    X(P, FLAG, primary, 0, "it takes writes: of a replica set the primary, else true")                                 \
    X(P, NUMBER, error, 0, "code of the error that listDatabases was answered with: 13 of who is not authorised")      \
    X(P, TEXT, error_message, 255, "the error in its own words")

PART_STRUCT(mongodb, MONGODB_FIELDS)
