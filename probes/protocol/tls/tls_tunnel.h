// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: what follows a handshake, whoever held it: our own client (tls.c) or OpenSSL's (tls_openssl.c).

#include "probes/session/session.h"

// The handshake is done: what is spoken inside begins.
struct session_result tls_tunnel_begin(struct session *self, const char *application);

// The first bytes were a record: the service is TLS, unless another one was asked for it (STARTTLS).
void tls_service_learn(struct session *self);

// Asks for a further connection with OpenSSL's client. False when there were too many.
bool tls_ask_openssl(struct session *self);
