// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What GET /wsman teaches of Windows Remote Management.

#include "probes/observation/field.h"

#define WINRM_FIELDS(X, P)                                                                                             \
    X(P, NUMBER, status, 0, "status code of /wsman")                                                                   \
    X(P, TEXT, server, 127, "the Server header")

PART_STRUCT(winrm, WINRM_FIELDS)
