// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: what a server below TLS 1.3 says in the clear, before it waits for our share: version, cipher,
// certificate and group (RFC 5246 section 7.4). The rest of such a handshake is tls12.h's, or OpenSSL's, on a further
// connection.

#include "probes/protocol/tls/tls_state.h"

// Takes a ServerHello of SSL 3.0 to TLS 1.2.
enum tls_outcome tls_clear_hello(struct session *self, const struct tls_server_hello *hello,
                                 const struct tls_handshake *message);

// Takes any later message.
enum tls_outcome tls_clear_message(struct session *self, const struct tls_handshake *message);
