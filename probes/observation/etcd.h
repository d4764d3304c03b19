// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What GET /version teaches of etcd. No key is read.

#include "probes/observation/field.h"

#define ETCD_FIELDS(X, P)                                                                                              \
    X(P, TEXT, version, 63, "its version (etcdserver)")                                                                \
    X(P, TEXT, cluster_version, 63, "that of its cluster (etcdcluster)")

PART_STRUCT(etcd, ETCD_FIELDS)
