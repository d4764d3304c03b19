// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// For tests: carries bytes between a conversation and a server made for the test, cut into pieces as asked, over as
// many connections as the conversation wants (at most five).

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/buffer.h"
#include "probes/session/conversation.h"
#include "probes/observation/observation.h"
#include "tests/unit/session/told.h"

struct peer {
    // A fresh connection begins; NULL when nothing is to be forgotten.
    void (*begin)(struct peer *peer);
    // Appends the answer to what the client has sent; called once with no data when the connection opens.
    void (*answer)(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer);
    bool closed; // the server has closed; else it falls silent when it has nothing more to say
};

struct dialogue {
    struct session_env *env;
    const char *first; // session
    const char *inner; // in a tunnel that it makes; NULL: nothing is said about it
    uint16_t port;
    uint32_t argument; // of the first connection's errand
    size_t piece;      // bytes fed at a time, 0 = whatever there is
    size_t cut;        // additionally one cut behind this many bytes of a connection
    size_t limit;      // the server's side of each connection ends behind this many bytes, 0 = never
};

// Returns how many connections it took; *ret_observation is initialised first and owned by the caller.
size_t dialogue_run(const struct dialogue *dialogue, struct peer *peer, struct observation *ret_observation);

// A peer that says `greeting` when the connection opens and `answer` once, when the client has said something.
struct scripted {
    struct peer peer;
    const uint8_t *greeting;
    size_t greeting_length;
    const uint8_t *reply;
    size_t reply_length;
    bool closes;
    bool replied;
    struct buffer heard; // what the client has said on the last connection
};

void scripted_init(struct scripted *scripted, const char *greeting, const char *reply, bool closes);
void scripted_fini(struct scripted *scripted);

// Deep equality.
bool observation_equal(const struct observation *one, const struct observation *other);

struct session_env *env_for_tests(void);
