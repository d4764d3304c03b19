// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What Microsoft SQL Server answers to PRELOGIN (MS-TDS, 2.2.6.5).

#include "probes/observation/field.h"

#define MSSQL_FIELDS(X, P)                                                                                             \
    X(P, TEXT, version, 31, "version of the product, not of TDS: 15.0.2000.5 is SQL Server 2019")                      \
    X(P, TEXT, encryption, 15, "off (the login alone is encrypted), on, unsupported or required")                      \
    X(P, FLAG, tls, 0, "it offers TLS, for the login at least")                                                        \
    X(P, FLAG, federated, 0, "tokens of a directory are wanted (FEDAUTHREQUIRED)")

PART_STRUCT(mssql, MSSQL_FIELDS)
