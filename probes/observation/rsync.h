// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an rsync daemon teaches who selects none of its modules: its greeting, and the list of modules.

#include "probes/observation/field.h"

#define RSYNC_FIELDS(X, P)                                                                                             \
    X(P, TEXT, protocol, 15, "version of the protocol that it greets with: 31.0")                                      \
    X(P, LIST, digests, 255, "digests that it offers for passwords")                                                   \
    X(P, LIST, motd, 1023, "lines that it says to everybody before the list")                                          \
    X(P, LIST, modules, 4095, "names of the modules that it lists to anybody")                                         \
    X(P, TEXT, refusal, 255, "what it says in place of the list: @ERROR, or that it wants a password")

PART_STRUCT(rsync, RSYNC_FIELDS)
