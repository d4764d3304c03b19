// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a PostgreSQL server answers to somebody who says no more than the name of a user that nobody has.

#include "probes/observation/field.h"

#define POSTGRESQL_FIELDS(X, P)                                                                                        \
    X(P, FLAG, tls, 0, "it offers TLS (SSLRequest)")                                                                   \
    X(P, TEXT, authentication, 31, "how it wants an unknown user to prove himself: none, password, md5, sasl, ...")    \
    X(P, LIST, mechanisms, 255, "SASL mechanisms that it offers")                                                      \
    X(P, TEXT, version, 127, "server_version, which it tells those that are in")                                       \
    X(P, TEXT, sqlstate, 5, "SQLSTATE of the error that ended the conversation, which no language changes")            \
    X(P, TEXT, message, 255, "the error's text, in the server's language")                                             \
    X(P, TEXT, file, 63, "source file that raised the error, which with its line hints at the version")                \
    X(P, TEXT, line, 15, "line of that file")                                                                          \
    X(P, TEXT, routine, 63, "function of that file")

PART_STRUCT(postgresql, POSTGRESQL_FIELDS)
