// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What GET /version and GET / teach of a Kubernetes API server.

#include "probes/observation/field.h"

#define KUBERNETES_FIELDS(X, P)                                                                                        \
    X(P, TEXT, version, 63, "its version (gitVersion)")                                                                \
    X(P, TEXT, platform, 63, "its system and architecture (platform)")                                                 \
    X(P, TEXT, refusal, 255, "what a refusal says")

PART_STRUCT(kubernetes, KUBERNETES_FIELDS)
