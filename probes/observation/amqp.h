// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an AMQP broker says of itself before a client has named anybody (AMQP 0-9-1, 1.4.2.1), or which version it
// speaks instead.

#include "probes/observation/field.h"

#define AMQP_FIELDS(X, P)                                                                                              \
    X(P, TEXT, protocol, 15, "version it speaks: 0-9-1; of another that its header names 1-0-0, say")                  \
    X(P, TEXT, server, 127, "its program and that one's version: RabbitMQ/3.10.8")                                     \
    X(P, TEXT, platform, 63, "what it runs on: Erlang/OTP 25.2.3")                                                     \
    X(P, TEXT, cluster_name, 127, "name of the cluster, which often is that of the host")                              \
    X(P, LIST, mechanisms, 255, "SASL mechanisms that it offers")                                                      \
    X(P, LIST, locales, 127, "languages that it offers")

PART_STRUCT(amqp, AMQP_FIELDS)
