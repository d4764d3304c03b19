// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What one GET teaches (RFC 9110, RFC 9112).

#include "probes/observation/field.h"

#define HTTP_HEADER_FIELDS(X, P)                                                                                       \
    X(P, TEXT, name, 63, "name, in lower case")                                                                        \
    X(P, TEXT, value, 511, "value")

PART_STRUCT(http_header, HTTP_HEADER_FIELDS)

#define HTTP_FIELDS(X, P)                                                                                              \
    X(P, TEXT, path, 127, "path that was asked for, where it is not /")                                                \
    X(P, TEXT, version, 15, "protocol version of the answer")                                                          \
    X(P, NUMBER, status, 0, "status code of the answer")                                                               \
    X(P, TEXT, server, 255, "the Server header")                                                                       \
    X(P, TEXT, powered_by, 255, "the first X-Powered-By header: what the page was made with")                          \
    X(P, TEXT, title, 255, "title of the page")                                                                        \
    X(P, TEXT, location, 511, "where a redirect points")                                                               \
    X(P, TEXT, content_type, 255, "the Content-Type header")                                                           \
    X(P, TEXT, authenticate, 255, "the first WWW-Authenticate header: how to prove who one is")                        \
    X(P, ROWS(http_header), headers, 32, "headers of the answer that the plan's http_headers keeps")                   \
    X(P, FLAG, tls_required, 0, "it refused plain text with words that ask for TLS")

PART_STRUCT(http, HTTP_FIELDS)
