// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to http: what the plan wants asked and kept besides what every record has.

#include "probes/bytes.h"
#include "probes/session/session.h"

// Keeps a header of the answer in `learnt` where the plan wants it (session_env_settings.http_headers). Values that are
// repeated have a row each, as they come.
void http_header_keep(const struct session *self, struct observation *learnt, struct bytes name, struct bytes value);

// The answer was broken off before its headers had all come: those that were kept are marked as not all.
void http_headers_cut(struct observation *learnt);

// Whether the root of the server is asked for: what is said of services by their answer to GET / holds for it alone.
bool http_asks_root(const struct session *self);

// Learns which path it was that the answer is about.
void http_path_learn(const struct session *self);
