// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What GET /healthz teaches of the agent of a Kubernetes node. No pod is listed.

#include "probes/observation/field.h"

#define KUBELET_FIELDS(X, P)                                                                                           \
    X(P, NUMBER, status, 0, "status code of /healthz")                                                                 \
    X(P, TEXT, refusal, 255, "what a refusal says")

PART_STRUCT(kubelet, KUBELET_FIELDS)
