// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a query for the version teaches of ClickHouse, over HTTP.

#include "probes/observation/field.h"

#define CLICKHOUSE_FIELDS(X, P)                                                                                        \
    X(P, TEXT, version, 63, "what version() says")                                                                     \
    X(P, TEXT, refusal, 255, "what a refusal says")

PART_STRUCT(clickhouse, CLICKHOUSE_FIELDS)
