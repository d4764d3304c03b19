// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to http: what both versions ask with.

#include "probes/session/session.h"

enum { HTTP_AUTHORITY_MAX = 260 }; // a name of 253 bytes, ":65535" and NUL

// The server by the name that was asked for, else by its address, with the port where it is not the scheme's own (RFC
// 9110 section 7.2).
const char *http_authority(const struct session *self, char ret_text[static HTTP_AUTHORITY_MAX]);
