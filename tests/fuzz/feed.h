// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Feeds fuzzed bytes to conversations: the input's first byte says how it is cut, and whether the other side closes or
// falls silent at its end.

#include <stddef.h>
#include <stdint.h>

#include "probes/session/conversation.h"

// The env of all runs; made at first use.
struct session_env *feed_env(void);

// Holds conversations that begin with `first`, at most five connections, each hearing the same bytes. Aborts when a
// conversation breaks its contract, or when one step of it costs too much of the processor.
void feed_session(const char *first, const uint8_t *data, size_t length);
