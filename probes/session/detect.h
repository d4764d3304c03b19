// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Who is speaking: walks the registry's rows, and decides what follows when a session meets another one's bytes, or
// none.

#include <stddef.h>
#include <stdint.h>

#include "probes/session/session.h"

// Whose the first bytes of a stream are. *ret_session is the row that has them, when the answer is MINE.
enum recognition detect_recognise(const uint8_t *data, size_t length, const struct session_ops **ret_session);

// What a session does with a server's first bytes that are not its own: waits while somebody's are undecided; lets the
// session whose they are take over, on this connection where nothing was said and the server speaks first, else on a
// further one; keeps them as banner when they are nobody's or whose session was tried already.
struct session_result detect_other(struct session *self, const struct bytes *input);

// What a session does whose peer fell silent or closed before it was recognised. Without a single byte, the next
// protocol of those that wait for the client is asked; otherwise the bytes are kept as banner.
struct session_result detect_nothing(struct session *self);

// The next protocol that servers are asked in which say nothing; NULL when all were.
const struct session_ops *detect_guess(const struct session *self);

// Asks for a further connection in that protocol. False when it was asked already, or that was one too many.
bool detect_ask(struct session *self, const struct session_ops *next);
