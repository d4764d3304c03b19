// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Who is speaking: recognises a protocol by its first bytes, and decides what follows when a session meets another
// one's.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/session/session.h"

enum spoken {
    SPOKEN_UNKNOWN = 0, // none of ours
    SPOKEN_UNDECIDED,   // the bytes so far are a proper prefix of something we know
    SPOKEN_SSH,
    SPOKEN_TLS,
    SPOKEN_HTTP,
};

// Judges the first bytes of a stream. The answer for a longer piece of the same stream differs only where it was
// undecided.
enum spoken spoken_find(const uint8_t *data, size_t length);

// True when the stream begins with an SSH server's refusal to talk to anybody now. Only a prefix says false.
bool spoken_is_refusal(const uint8_t *data, size_t length);

// What a session does whose peer turned out to speak `found`, after we have sent our own first bytes: a further
// connection in that protocol, unless one was tried already; then, and for the unknown, the input is kept as banner.
struct session_result detect_other(const struct session *self, enum spoken found);

// What a session does whose peer fell silent or closed before it was recognised. Without a single byte, the
// other protocols that wait for the client are tried; otherwise the bytes are kept as banner.
struct session_result detect_nothing(const struct session *self);
