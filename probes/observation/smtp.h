// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a mail server teaches who asks for its extensions and leaves (RFC 5321).

#include "probes/observation/field.h"

#define SMTP_FIELDS(X, P)                                                                                              \
    X(P, TEXT, greeting, 1023, "what it greets with, all its lines")                                                   \
    X(P, LIST, extensions, 1023, "lines of its answer to EHLO (RFC 1869)")                                             \
    X(P, LIST, auth, 255, "mechanisms with which it lets clients log in (RFC 4954)")                                   \
    X(P, FLAG, starttls, 0, "it offers TLS on this connection (RFC 3207); not learnt within TLS")

PART_STRUCT(smtp, SMTP_FIELDS)
