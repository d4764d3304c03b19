// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What GET /version teaches of a Docker Engine API, and of Podman, which speaks it too.

#include "probes/observation/field.h"

#define DOCKER_FIELDS(X, P)                                                                                            \
    X(P, TEXT, engine, 15, "docker or podman, by its Server header")                                                   \
    X(P, TEXT, version, 63, "version of a Docker Engine")                                                              \
    X(P, TEXT, podman_version, 63, "Version of Podman")                                                                \
    X(P, TEXT, api_version, 31, "version of the API (ApiVersion)")                                                     \
    X(P, TEXT, os, 31, "its operating system (Os)")                                                                    \
    X(P, TEXT, architecture, 31, "its architecture (Arch)")                                                            \
    X(P, TEXT, kernel, 127, "its kernel (KernelVersion)")

PART_STRUCT(docker, DOCKER_FIELDS)
