// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What is spoken inside a tunnel that a session makes.

#include "probes/session/session.h"

// The session to begin with inside. On a further connection, made because the first tunnel was answered in another
// protocol, that is what it was made for. Otherwise in this order: what both sides agreed on (ALPN, RFC 7301; NULL or
// "" when they did not); what the port's service wants; HTTP where the server has spoken it in the clear on the same
// port; listening, which asks for a page on the same tunnel when nobody speaks. To be called before anything that was
// learnt in the clear is forgotten.
const struct session_ops *tunnel_inner(struct session *self, const char *alpn);
