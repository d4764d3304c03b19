// SPDX-License-Identifier: BSD-3-Clause
// SSH up to the point where a client would log in (RFC 4253, RFC 4252): who the server says it is, its key, and what it
// would accept as proof from a stranger.

#include <errno.h>
#include <openssl/rand.h>
#include <string.h>

#include "probes/memory.h"
#include "probes/protocol/ssh/ssh_others.h"
#include "probes/protocol/ssh/ssh_session.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum { PACKETS_MAX = 64 }; // no server needs so many to answer one request

static const struct say ssh_says[] = {SAY(SSH_IDENTIFICATION), SAY("\r\n"), SAY_REST, SAY_END, SAYS_END};

static int ssh_send_message(struct session *self, uint8_t message)
{
    struct buffer payload = {0};
    buffer_put_u8(&payload, message);
    return ssh_send(self, &payload);
}

static struct session_result ssh_open(struct session *self)
{
    if (ssh_others_begin(self) != 0)
        return session_failed();
    // Both sides may begin at once (RFC 4253 section 4.2), which saves a round trip, and makes others speak.
    if (session_send_text(self, SSH_IDENTIFICATION) != 0 || session_send_text(self, "\r\n") != 0)
        return session_failed();
    return ssh_wait(self);
}

static int kex_start(struct session *self, struct bytes theirs)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    const struct ssh_env *env = self->env->ssh;
    struct buffer payload = {0};
    state->kex = memory_change(NULL, sizeof(*state->kex));
    if (state->kex == NULL)
        return -ENOMEM;
    *state->kex = (struct ssh_kex){.env = env};
    if (state->wanted == NULL)
        buffer_put(&payload, buffer_bytes(&env->offer), env->offer.length);
    else
        ssh_offer_write(env, state->wanted, &payload);
    if (payload.failed || RAND_bytes(payload.data + payload.start + 1, SSH_COOKIE_BYTES) != 1) {
        buffer_fini(&payload);
        return -ENOMEM;
    }
    struct buffer *hash = &state->kex->hash;
    buffer_put_text(hash, SSH_IDENTIFICATION);
    buffer_put_string(hash, theirs.data, theirs.length);
    buffer_put_string(hash, buffer_bytes(&payload), payload.length);
    return ssh_send(self, &payload);
}

static struct session_result ssh_identified(struct session *self, struct bytes line)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    const struct ssh_observation *ssh = self->observation->ssh;
    if (ssh == NULL || (!text_is(&ssh->protocol, "2.0") && !text_is(&ssh->protocol, "1.99")))
        return session_done();
    state->phase = SSH_KEXINIT;
    int status = kex_start(self, line);
    return status == 0 ? ssh_wait(self) : ssh_failed(status);
}

// Sends what the exchange wants said, or says goodbye where it failed.
static struct session_result kex_say(struct session *self, int status, struct buffer *payload)
{
    if (status == 0)
        status = ssh_send(self, payload);
    else
        ssh_goodbye(self);
    buffer_fini(payload);
    return status == 0 ? ssh_wait(self) : ssh_failed(status);
}

static struct session_result ssh_on_kexinit(struct session *self, const struct buffer *payload)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    struct ssh_kex *kex = state->kex;
    int status = ssh_offer_read(kex->env, payload, state->wanted, self->observation, &kex->choice);
    if (status != 0)
        return ssh_failed(status);
    if (kex->choice.method == NULL) {
        ssh_goodbye(self);
        return session_done();
    }
    buffer_put_string(&kex->hash, buffer_bytes(payload), payload->length);
    struct buffer first = {0};
    state->phase = ssh_kex_asks(kex) ? SSH_GROUP : SSH_REPLY;
    return kex_say(self, ssh_kex_begin(kex, &first), &first);
}

static struct session_result ssh_on_group(struct session *self, const struct buffer *payload)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    struct buffer ours = {0};
    state->phase = SSH_REPLY;
    return kex_say(self, ssh_kex_group(state->kex, payload, self->observation, &ours), &ours);
}

static struct session_result ssh_on_reply(struct session *self, const struct buffer *payload)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    int status = ssh_kex_finish(state->kex, payload, self->observation);
    if (status == 0 && state->wanted != NULL)
        ssh_others_learn(self);
    if (status != 0 || state->wanted != NULL) {
        ssh_goodbye(self);
        return ssh_failed(status);
    }
    ssh_others_ask(self);
    status = ssh_send_message(self, SSH_MSG_NEWKEYS);
    if (status == 0)
        status = ssh_kex_start_out(state->kex, &state->transport);
    state->phase = SSH_NEWKEYS;
    return status == 0 ? ssh_wait(self) : ssh_failed(status);
}

static void kex_end(struct ssh_state *state)
{
    if (state->kex != NULL)
        ssh_kex_fini(state->kex);
    memory_give(state->kex);
    state->kex = NULL;
}

static struct session_result ssh_on_newkeys(struct session *self)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    int status = ssh_kex_start_in(state->kex, &state->transport);
    kex_end(state);
    if (status != 0)
        return ssh_failed(status);
    struct buffer request = {0};
    buffer_put_u8(&request, SSH_MSG_SERVICE_REQUEST);
    buffer_put_text(&request, "ssh-userauth");
    state->phase = SSH_SERVICE;
    status = ssh_send(self, &request);
    return status == 0 ? ssh_wait(self) : ssh_failed(status);
}

// Messages of any phase. True when it was one.
static bool ssh_on_transport(struct session *self, uint8_t message, const struct buffer *payload)
{
    const struct ssh_state *state = (const struct ssh_state *)self->state;
    if (message == SSH_MSG_EXT_INFO && (state->phase == SSH_SERVICE || state->phase == SSH_AUTH))
        ssh_on_extensions(self, payload);
    return message == SSH_MSG_IGNORE || message == SSH_MSG_DEBUG || message == SSH_MSG_UNIMPLEMENTED ||
           message == SSH_MSG_EXT_INFO;
}

static struct session_result ssh_on_packet(struct session *self, const struct buffer *payload)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    uint8_t message = payload->length == 0 ? SSH_MSG_DISCONNECT : buffer_bytes(payload)[0];
    if (message == SSH_MSG_DISCONNECT || ++state->packets > PACKETS_MAX)
        return session_done();
    if (ssh_on_transport(self, message, payload))
        return ssh_wait(self);
    if ((state->phase == SSH_REPLY || state->phase == SSH_GROUP) && state->kex->choice.skip_packet) {
        state->kex->choice.skip_packet = false;
        return ssh_wait(self);
    }
    if (state->phase == SSH_KEXINIT && message == SSH_MSG_KEXINIT)
        return ssh_on_kexinit(self, payload);
    if (state->phase == SSH_GROUP && message == SSH_MSG_GEX_GROUP)
        return ssh_on_group(self, payload);
    if (state->phase == SSH_REPLY && message == (ssh_kex_asks(state->kex) ? SSH_MSG_GEX_REPLY : SSH_MSG_KEX_REPLY))
        return ssh_on_reply(self, payload);
    if (state->phase == SSH_NEWKEYS && message == SSH_MSG_NEWKEYS)
        return ssh_on_newkeys(self);
    if (state->phase == SSH_SERVICE && message == SSH_MSG_SERVICE_ACCEPT)
        return ssh_on_service(self);
    if (state->phase == SSH_AUTH && message >= SSH_MSG_USERAUTH_FAILURE && message <= SSH_MSG_USERAUTH_BANNER)
        return ssh_on_auth(self, payload);
    ssh_goodbye(self);
    return session_done();
}

static struct session_result ssh_bytes(struct session *self, struct bytes *input)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    struct session_result result = ssh_wait(self);
    if (state->phase == SSH_IDENT) {
        struct bytes line = {0};
        result = ssh_identify(self, input, &line);
        result = line.length > 0 ? ssh_identified(self, line) : result;
    }
    while (result.verb == SESSION_WAIT && state->phase != SSH_IDENT) {
        struct buffer payload = {0};
        int status = ssh_packet_read(&state->transport, input, &payload);
        if (status > 0)
            result = ssh_on_packet(self, &payload);
        buffer_fini(&payload);
        if (status == 0)
            break;
        if (status < 0)
            return ssh_failed(status);
    }
    return result;
}

static struct session_result ssh_event(struct session *self, enum session_event event)
{
    const struct ssh_state *state = (const struct ssh_state *)self->state;
    if (state->phase == SSH_IDENT)
        return ssh_unidentified(self);
    if (event == SESSION_SILENCE)
        ssh_goodbye(self);
    return session_done();
}

static void ssh_fini(struct session *self)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    ssh_transport_fini(&state->transport);
    buffer_fini(&state->banner);
    ssh_others_fini(self);
    kex_end(state);
}

static const struct field *const ssh_overheard[] = {FIELD(ssh, identification), FIELD(ssh, protocol),
                                                    FIELD(ssh, software), FIELD(ssh, comment), NULL};

const struct session_ops session_ssh = {
    .name = "ssh",
    .preamble = true, // RFC 4253 section 4.2
    .overheard = ssh_overheard,
    .start = SESSION_SERVER_FIRST,
    .recognise = ssh_recognise,
    .says = ssh_says,
    .state_size = sizeof(struct ssh_state),
    .open = ssh_open,
    .bytes = ssh_bytes,
    .event = ssh_event,
    .fini = ssh_fini,
};
