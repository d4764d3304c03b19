// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What is done to the messages of a server on their way to our client, as an input says; and a conversation with such a
// server, whole or in pieces.

#include <stdbool.h>

#include "probes/bytes.h"
#include "probes/session/conversation.h"
#include "tests/unit/session/dialogue.h"

// Where messages go: records of that type, or bytes that are none.
struct change_sink {
    void *self;
    void (*put)(void *self, uint8_t type, const void *data, size_t length);
    void (*put_raw)(void *self, const void *data, size_t length);
};

struct change_script {
    struct bytes input;
    bool changed; // something was
};

// Passes content of that type on, as the script has it.
void change_pass(struct change_script *script, const struct change_sink *sink, uint8_t type, struct bytes content);

// One connection of session `tls` with a server, and a page asked for inside, fed in pieces of that size, 0: whole;
// nothing is asked of a further one. What was learnt, as text (told.h); free() it.
char *change_play(struct session_env *env, struct peer *peer, size_t piece);
