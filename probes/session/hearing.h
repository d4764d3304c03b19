// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to probes/session: what the bytes of a layer have to do with who is speaking there, as long as no session has
// taken any of them. Whether they repeat us, whose they are, whether they are an answer at all; what comes of it is
// noted in the layer's trials. Sessions see none of this: no protocol has to look for our own words, or to say that it
// was heard.

#include "probes/session/session.h"

// More input has come. Sets session->echo and session->decided.
void hearing_judge(struct session *session, struct trials *trials);

// The session has taken bytes for the first time: they are of its protocol.
void hearing_take(struct session *session, struct trials *trials);

// No more comes on the layer, and what came may be less than an answer.
void hearing_end(const struct session *session, struct trials *trials);

// Forgets what was learnt of the session's protocol, but for those fields: a list with NULL behind the last, or NULL.
void hearing_forget(struct session *session, const struct field *const *but);
