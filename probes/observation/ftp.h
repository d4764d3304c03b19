// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an FTP server teaches who does not log in (RFC 959, RFC 2389).

#include "probes/observation/field.h"

#define FTP_FIELDS(X, P)                                                                                               \
    X(P, TEXT, greeting, 1023, "what it greets with, all its lines")                                                   \
    X(P, LIST, features, 1023, "lines of its answer to FEAT, where it answers strangers")                              \
    X(P, FLAG, starttls, 0, "it offers AUTH TLS (RFC 4217) and does not refuse it; not learnt within TLS")

PART_STRUCT(ftp, FTP_FIELDS)
