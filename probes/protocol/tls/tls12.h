// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: the handshake of TLS 1.2 as a client without certificate and without sessions (RFC 5246 section 7.4,
// RFC 8422), for suites with an ephemeral share on a curve of ours. It begins with what tls_clear.h hears. As long as
// we have not answered, whatever is not ours is left to OpenSSL's client, on a further connection.

#include "probes/protocol/tls/tls12_keys.h"
#include "probes/protocol/tls/tls_state.h"

// Takes a ServerHello: from here on state->older is its suite, when our client speaks it. False without memory.
bool tls12_hello(struct session *self, const struct tls_server_hello *hello, const struct tls_handshake *message);

// Leaves the handshake to OpenSSL's client.
void tls12_leave(struct tls_state *state);

// Takes ServerKeyExchange: checks who says it, and computes what is shared.
enum tls_outcome tls12_exchange(struct session *self, const struct tls_handshake *message);

// Takes ServerHelloDone: says all that we have to say.
enum tls_outcome tls12_answer(struct session *self, const struct tls_handshake *message);

// Takes ChangeCipherSpec. What comes then is encrypted.
enum tls_outcome tls12_change(struct session *self);

// Takes messages after that: Finished, and what a server says later.
enum tls_outcome tls12_message(struct session *self, const struct tls_handshake *message, size_t rest);
