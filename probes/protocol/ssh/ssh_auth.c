// SPDX-License-Identifier: BSD-3-Clause
// Authentication (RFC 4252) as far as a stranger sees it, and what the server tells before it (RFC 8308). No credential
// is ever sent: one `none` request for a user that nobody has.

#include <openssl/rand.h>
#include <stdio.h>

#include "probes/protocol/ssh/ssh_session.h"
#include "probes/session/env.h"

enum {
    USER_RANDOM = 8,     // bytes of an improbable user name
    EXTENSIONS_MAX = 64, // that are looked at
};

void ssh_on_extensions(struct session *self, const struct buffer *payload)
{
    struct bytes reader = bytes_of(buffer_bytes(payload), payload->length);
    (void)bytes_u8(&reader);
    uint32_t count = bytes_u32(&reader);
    if (reader.failed)
        return;
    // A server may send a second one, which replaces the first (RFC 8308 section 2.4).
    learn_list(self->observation, FIELD(ssh, extensions));
    for (uint32_t at = 0; at < count && at < EXTENSIONS_MAX; at++) {
        struct bytes name = bytes_slice(&reader, bytes_u32(&reader));
        struct bytes value = bytes_slice(&reader, bytes_u32(&reader));
        if (reader.failed) {
            learn_cut(self->observation, FIELD(ssh, extensions));
            return;
        }
        learn_name(self->observation, FIELD(ssh, extensions), name.data, name.length);
        if (ssh_bytes_are(name, "server-sig-algs"))
            learn_names(self->observation, FIELD(ssh, server_sig_algs), value.data, value.length, ',');
    }
}

// An account of this name would have to be made on purpose: sshd with PermitEmptyPasswords tries an empty password for
// the user of a `none` request. Who does not want that either (ssh_none of the plan) is left before it.
struct session_result ssh_on_service(struct session *self)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    uint8_t random[USER_RANDOM];
    char user[sizeof("sonde-") + 2 * USER_RANDOM];
    if (self->env->no_ssh_none) {
        self->observation->finished = true; // it was all that was to be learnt
        ssh_goodbye(self);
        return session_done();
    }
    if (RAND_bytes(random, sizeof(random)) != 1)
        return session_failed();
    int at = snprintf(user, sizeof(user), "sonde-");
    for (size_t octet = 0; octet < USER_RANDOM; octet++)
        at += snprintf(user + at, sizeof(user) - (size_t)at, "%02x", random[octet]);
    struct buffer request = {0};
    buffer_put_u8(&request, SSH_MSG_USERAUTH_REQUEST);
    buffer_put_text(&request, user);
    buffer_put_text(&request, "ssh-connection");
    buffer_put_text(&request, "none");
    state->phase = SSH_AUTH;
    int status = ssh_send(self, &request);
    return status == 0 ? ssh_wait(self) : ssh_failed(status);
}

// A banner may come in several messages, and be longer than anybody reads: its beginning is kept.
static struct session_result banner_keep(struct session *self, struct bytes reader)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    const struct field *field = FIELD(ssh, auth_banner);
    size_t length = bytes_u32(&reader);
    bool cut = length > reader.length;
    struct bytes text = bytes_slice(&reader, cut ? reader.length : length);
    if (reader.failed || (cut && !state->transport.cut))
        return ssh_wait(self);
    size_t room = field->size + 1 - state->banner.length; // one more, by which it is known to be cut
    buffer_put(&state->banner, text.data, text.length < room ? text.length : room);
    if (state->banner.failed)
        return session_failed();
    learn_text(self->observation, field, buffer_bytes(&state->banner), state->banner.length);
    return ssh_wait(self);
}

struct session_result ssh_on_auth(struct session *self, const struct buffer *payload)
{
    struct bytes reader = bytes_of(buffer_bytes(payload), payload->length);
    uint8_t message = bytes_u8(&reader);
    if (message == SSH_MSG_USERAUTH_BANNER)
        return banner_keep(self, reader);
    if (message == SSH_MSG_USERAUTH_SUCCESS) {
        learn_flag(self->observation, FIELD(ssh, no_authentication), true);
        self->observation->finished = true;
    } else if (message == SSH_MSG_USERAUTH_FAILURE) {
        struct bytes methods = bytes_slice(&reader, bytes_u32(&reader));
        if (!reader.failed) {
            learn_names(self->observation, FIELD(ssh, methods), methods.data, methods.length, ',');
            learn_flag(self->observation, FIELD(ssh, no_authentication), false);
            self->observation->finished = true;
        }
    }
    ssh_goodbye(self);
    return session_done();
}
