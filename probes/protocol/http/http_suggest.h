// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to http: which API an answer to GET / belongs to.

#include "probes/protocol/http/http_api.h"

// Every API there is: X(name) names the const table http_api_name. The first one that knows an answer to GET / has it.
#define HTTP_APIS(X)                                                                                                   \
    X(elasticsearch)                                                                                                   \
    X(docker)                                                                                                          \
    X(kubernetes)                                                                                                      \
    X(kubelet)                                                                                                         \
    X(consul)                                                                                                          \
    X(clickhouse)                                                                                                      \
    X(winrm)                                                                                                           \
    X(etcd)

#define HTTP_API_DECLARE(name) extern const struct http_api http_api_##name;
HTTP_APIS(HTTP_API_DECLARE)
#undef HTTP_API_DECLARE

// Whose the answer to GET / is, as far as it says so: asks for a further connection, or names the service. False when
// it is no API's.
bool http_suggest(struct session *self, const struct http_answer *answer);
