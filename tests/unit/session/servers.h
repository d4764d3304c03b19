// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// For tests: servers of some sessions of the registry, of those that speak first and of those that wait, so that what
// holds for any protocol is tried with each; and what may stand before a server or in its place.

#include "tests/unit/session/dialogue.h"

// A server of the session's protocol, its state as new; NULL when there is none.
struct peer *server_new(const char *session);
void server_free(const char *session, struct peer *server);

// What such a server makes of a whole conversation.
const char *server_service(const char *session);

// Says whatever it hears.
extern struct peer echo_server;

// Lets only so many bytes of `server` through on the first connection, and closes it behind them.
struct dropping {
    struct peer peer;
    struct peer *server;
    size_t first; // bytes
    size_t left;
    size_t connections; // so far
};

void dropping_init(struct dropping *dropping, struct peer *server, size_t first);
