// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: the handshake of TLS 1.3 as a client without certificate, pre-shared keys or early data (RFC 8446
// section 4), one message at a time.

#include "probes/protocol/tls/tls_state.h"

// Writes and sends our first hello: TLS 1.3 down to 1.0, a share of X25519. False without memory.
bool tls13_hello(struct session *self);

// Takes a HelloRetryRequest (and says hello again) or a ServerHello of TLS 1.3; `rest` bytes follow it in its record.
enum tls_outcome tls13_server_hello(struct session *self, const struct tls_server_hello *hello,
                                    const struct tls_handshake *message, size_t rest);

// Takes any later message of the handshake, up to Finished, which it answers; and those after it.
enum tls_outcome tls13_message(struct session *self, const struct tls_handshake *message, size_t rest);
