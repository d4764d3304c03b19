// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: what our client says, protected by the keys it has by then.

#include "probes/protocol/tls/tls_state.h"

// Sends data of that type (enum tls_content): protected once there are keys of ours, before that as one record in the
// clear. False without memory.
bool tls_send(struct session *self, uint8_t type, const uint8_t *data, size_t length);

// Says why we end it (enum tls_alert). Returns what follows.
enum tls_outcome tls_send_alert(struct session *self, uint8_t code);

// The hash over the handshake's messages (RFC 8446 section 4.4.1). Begins with our hello, which is dropped, or, before
// a second one, its hash.
bool tls_transcript_begin(struct session *self, const struct tls_suite *suite);

bool tls_transcript_add(struct tls_state *state, struct bytes message);

// The hash so far, which goes on, of at most TLS_HASH_BYTES_MAX.
bool tls_transcript_read(const struct session *self, uint8_t *ret_hash);
