// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What GET /v1/agent/self teaches of a Consul agent.

#include "probes/observation/field.h"

#define CONSUL_FIELDS(X, P)                                                                                            \
    X(P, TEXT, version, 63, "Config.Version")                                                                          \
    X(P, TEXT, datacenter, 127, "Config.Datacenter")                                                                   \
    X(P, TEXT, node, 127, "Config.NodeName")                                                                           \
    X(P, TEXT, refusal, 255, "what a refusal says")

PART_STRUCT(consul, CONSUL_FIELDS)
