// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_session.h"

#include <errno.h>

#include "probes/session/env.h"

enum { BY_APPLICATION = 11 }; // RFC 4253 section 11.1

struct session_result ssh_wait(const struct session *self)
{
    return session_wait(self->env->answer_ms);
}

struct session_result ssh_failed(int status)
{
    return status == -ENOMEM ? session_failed() : session_done();
}

int ssh_send(struct session *self, struct buffer *payload)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    struct buffer wire = {0};
    int status = ssh_packet_write(&state->transport, payload, &wire);
    if (status == 0)
        status = session_send(self, buffer_bytes(&wire), wire.length);
    buffer_fini(&wire);
    buffer_fini(payload);
    return status;
}

void ssh_goodbye(struct session *self)
{
    struct buffer payload = {0};
    buffer_put_u8(&payload, SSH_MSG_DISCONNECT);
    buffer_put_u32(&payload, BY_APPLICATION);
    buffer_put_text(&payload, "");
    buffer_put_text(&payload, "");
    // The connection ends either way.
    (void)ssh_send(self, &payload);
}
