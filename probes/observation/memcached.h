// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What memcached's text protocol teaches without touching the cache: its version.

#include "probes/observation/field.h"

#define MEMCACHED_FIELDS(X, P)                                                                                         \
    X(P, TEXT, version, 63, "what VERSION says")                                                                       \
    X(P, TEXT, refusal, 127, "the error that `version` was answered with")

PART_STRUCT(memcached, MEMCACHED_FIELDS)
