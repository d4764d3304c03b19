// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: which application protocols our first hello offers (RFC 7301), and which was agreed on. HTTP's, in
// both versions, where that is what the port wants inside, or nobody knows; a server that has nothing of them may
// refuse the whole handshake, and then the next hello offers none.

#include "probes/bytes.h"
#include "probes/session/session.h"

enum { TLS_APPLICATIONS_MAX = 2 };

// What to offer: names that outlive everything, the first preferred. Returns how many.
size_t tls_application_offer(const struct session *self, const char *ret_names[static TLS_APPLICATIONS_MAX]);

// Writes down what the server has chosen, and returns its name, if it is one that we ever offer; else NULL.
const char *tls_application_learn(struct session *self, struct bytes name);
