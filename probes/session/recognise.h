// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Whose the bytes of a stream are, as far as they say so themselves: walks the registry's rows.

#include <stddef.h>
#include <stdint.h>

#include "probes/session/session.h"

// Of a stream's first bytes. *ret_session is the row that has them, when the answer is MINE or SHARED.
enum recognition recognise_stream(const uint8_t *data, size_t length, const struct session_ops **ret_session);

// Whether a line behind others is of the protocol, whose own words lines of text may precede.
bool recognise_preamble(const struct session_ops *ops, const uint8_t *data, size_t length);

// Whether it is known who speaks on the session's layer: on a connection, or in a tunnel.
bool recognise_named(const struct session *session);
