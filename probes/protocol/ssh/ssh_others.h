// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: host keys of other types than the one that was used, where the plan asks for them: a connection each,
// which ends with the server's signature. What such a connection teaches is kept aside; only the key becomes a row.

#include "probes/protocol/ssh/ssh_session.h"

// Queues a connection for every kind of key that the server offers but the one it has shown.
void ssh_others_ask(struct session *self);

// This connection is for one of them: from here on the session writes aside, and `wanted` has
// what it may offer. 0, -ENOMEM.
int ssh_others_begin(struct session *self);

// The key was shown: makes it a row.
void ssh_others_learn(struct session *self);
void ssh_others_fini(struct session *self);
