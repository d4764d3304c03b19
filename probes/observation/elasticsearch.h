// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What GET / teaches of Elasticsearch and of OpenSearch, which came of it.

#include "probes/observation/field.h"

#define ELASTICSEARCH_FIELDS(X, P)                                                                                     \
    X(P, TEXT, version, 63, "version.number of Elasticsearch")                                                         \
    X(P, TEXT, opensearch_version, 63, "version.number where version.distribution is opensearch")                      \
    X(P, TEXT, distribution, 31, "elasticsearch, or what it says in its place: opensearch")                            \
    X(P, TEXT, cluster, 127, "cluster_name")                                                                           \
    X(P, TEXT, node, 127, "name of the node")

PART_STRUCT(elasticsearch, ELASTICSEARCH_FIELDS)
