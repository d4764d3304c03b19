// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Who is speaking: decides what follows when a session meets another one's bytes, or
// none. It takes at most five connections (ERRAND_DETECT) to find out:
//
//   the port's own protocol;
//   listening, where the server hung up on that or complained: it may speak first, or have dropped one connection;
//   HTTP, on the same connection when nobody speaks; then TLS, where nobody has said anything yet;
//   one more: whoever was named by what a server said is asked, and what named itself before it could be asked is asked
//   again, as is the port's own protocol where nothing ever came and some connection was hung up, or whose answer was
//   cut off.
//
// Nobody is asked a third time. What names itself is believed, also when it says nothing more after that. On each layer
// - the connection, the tunnel - this is done for itself (struct trials); a further tunnel is a further connection.

#include <stddef.h>
#include <stdint.h>

#include "probes/session/recognise.h"
#include "probes/session/session.h"

// Whose the first bytes of a stream are (probes/session/recognise.h).
static inline enum recognition detect_recognise(const uint8_t *data, size_t length,
                                                const struct session_ops **ret_session)
{
    return recognise_stream(data, length, ret_session);
}

// What a session does with a server's first bytes that are not its own: waits while somebody's are undecided; lets the
// session whose they are take over, on this connection where nothing was said and the server speaks first, else on a
// further one; keeps them as banner when they are nobody's.
struct session_result detect_other(struct session *self, const struct bytes *input);

// What a session does whose peer fell silent or closed before it was recognised. Without a single byte, the next
// protocol is asked; otherwise the bytes are kept as banner.
struct session_result detect_nothing(struct session *self);

// What listening does with bytes that name a protocol: `found` and `whose` as detect_recognise says.
struct session_result detect_named(struct session *self, enum recognition found, const struct session_ops *whose);

// Asks what is left to be asked, where all that came was nobody's, and ends this connection.
struct session_result detect_rest(struct session *self);

// The next protocol that servers are asked in which say nothing; NULL when all were.
const struct session_ops *detect_guess(const struct session *self);

// Asks for a further connection in that protocol, on a hint that it may be spoken. False when it was asked already and
// something came, or that was one too many.
bool detect_ask(struct session *self, const struct session_ops *next);
