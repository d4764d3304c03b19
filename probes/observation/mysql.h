// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a MySQL server, or one that speaks its protocol (MariaDB, Percona, TiDB), says before its client says anything:
// the greeting, or the error that it sends in its place.

#include "probes/observation/field.h"

#define MYSQL_FIELDS(X, P)                                                                                             \
    X(P, NUMBER, protocol, 0, "version of the protocol: 10, of servers of the last century 9")                         \
    X(P, TEXT, version, 127, "the server's version as sent; MariaDB put 5.5.5- before its own until 11.0")             \
    X(P, FLAG, tls, 0, "it offers TLS")                                                                                \
    X(P, TEXT, auth_plugin, 63, "how passwords are proved unless the account says otherwise")                          \
    X(P, NUMBER, error, 0, "number of the error in place of a greeting: 1130 of a host that may not connect")          \
    X(P, TEXT, error_message, 255, "the error in its own words")

PART_STRUCT(mysql, MYSQL_FIELDS)
