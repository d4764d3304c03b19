// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The certificates a server has sent, as a record tells them: the first one whole, of each of the others a row, and
// whether they verify. Everything is bounded before it is decoded (session/dear.h, tls_bounds.h).

#include <stdbool.h>
#include <stdint.h>

#include "probes/bytes.h"
#include "probes/session/session.h"

// The content of a certificate_list: of each certificate its length in three bytes and its DER, since TLS 1.3 its
// extensions behind it (RFC 5246 section 7.4.2, RFC 8446 section 4.4.2). What is refused says so in tls.refused. What
// an earlier connection has learnt of a chain is replaced.
void chain_observe(struct session *self, struct bytes list, bool since_13);

// The whole body of a Certificate message.
void chain_observe_message(struct session *self, struct bytes body, bool since_13);

// One certificate alone, as SSL 2.0 sends it.
void chain_observe_one(struct session *self, struct bytes certificate);
