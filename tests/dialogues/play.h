// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Plays a dialogue once: whole, in pieces, or up to a point where the server ends. The random bytes that sonde uses are
// the same every time, so that all it says can be compared.

#include "probes/session/conversation.h"
#include "tests/dialogues/script.h"

enum play_kind {
    PLAY_WHOLE = 0, // what the server says arrives at once
    PLAY_OCTETS,    // byte by byte
    PLAY_SPLIT,     // as whole, but for one place
    PLAY_CLOSED,    // up to one place, where the server closes, and every further connection at once
    PLAY_SILENT,    // up to one place, where the server falls silent, also on every further connection
};

struct manner {
    enum play_kind kind;
    size_t connection; // of the place
    size_t offset;     // of the place in what the server says on that connection
};

struct played {
    struct observation observation;
    struct buffer said[SCRIPT_CONNECTIONS_MAX];  // by sonde
    struct buffer heard[SCRIPT_CONNECTIONS_MAX]; // by sonde
    size_t connections;
    unsigned line; // of what went wrong; 0 when nothing did
    char problem[2048];
};

// Returns 0, or -1 with a problem. played_fini in either case.
int play(const struct script *script, struct session_env *env, struct manner manner, struct played *ret_played);
void played_fini(struct played *played);
