// SPDX-License-Identifier: BSD-3-Clause
// SSH up to the point where a client would log in (RFC 4253, RFC 4252): who the server says it is, its key, and what it
// would accept as proof from a stranger. No credential is ever sent: one `none` request for a user that nobody has.

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"
#include "probes/protocol/ssh/ssh_kex.h"
#include "probes/protocol/ssh/ssh_packet.h"
#include "sonde_build.h"

enum {
    IDENT_MAX = 255,     // RFC 4253 section 4.2, with CR LF
    PREAMBLE_MAX = 4096, // of lines that precede the identification
    PACKETS_MAX = 64,    // no server needs so many to answer one request
    USER_RANDOM = 8,     // bytes of an improbable user name
    BY_APPLICATION = 11, // RFC 4253 section 11.1
    LATER_MS = 4000,     // before asking again a server that is too busy
};

#define IDENTIFICATION "SSH-2.0-sonde_" SONDE_VERSION
static const char identification[] = IDENTIFICATION;

enum ssh_phase { SSH_IDENT = 0, SSH_KEXINIT, SSH_REPLY, SSH_NEWKEYS, SSH_SERVICE, SSH_AUTH };

struct ssh_state {
    enum ssh_phase phase;
    uint32_t packets;
    struct ssh_kex *kex; // from identification to NEWKEYS
    struct ssh_transport transport;
};

// What OpenSSH says in place of its identification, and then closes (MaxStartups, PerSourcePenalties).
static const char *const refusals[] = {"Exceeded MaxStartups", "Not allowed at this time"};

static enum recognition refusal_recognise(const uint8_t *data, size_t length)
{
    enum recognition best = RECOGNITION_NOT_MINE;
    for (size_t at = 0; at < sizeof(refusals) / sizeof(refusals[0]); at++) {
        enum recognition found = recognise_text(data, length, refusals[at]);
        best = found > best ? found : best;
    }
    return best;
}

static enum recognition ssh_recognise(const uint8_t *data, size_t length)
{
    enum recognition found = recognise_text(data, length, "SSH-");
    return found != RECOGNITION_NOT_MINE ? found : refusal_recognise(data, length);
}

static const struct say ssh_says[] = {SAY(IDENTIFICATION), SAY("\r\n"), SAY_REST, SAY_END, SAYS_END};

static struct session_result ssh_wait(const struct session *self)
{
    return session_wait(self->env->answer_ms);
}

// The end of a conversation that failed with -errno: what was learnt is kept.
static struct session_result ssh_failed(int status)
{
    return status == -ENOMEM ? session_failed() : session_done();
}

static int ssh_send(struct session *self, struct buffer *payload)
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

static int ssh_send_message(struct session *self, uint8_t message)
{
    struct buffer payload = {0};
    buffer_put_u8(&payload, message);
    return ssh_send(self, &payload);
}

static void ssh_goodbye(struct session *self)
{
    struct buffer payload = {0};
    buffer_put_u8(&payload, SSH_MSG_DISCONNECT);
    buffer_put_u32(&payload, BY_APPLICATION);
    buffer_put_text(&payload, "");
    buffer_put_text(&payload, "");
    // The connection ends either way.
    (void)ssh_send(self, &payload);
}

static struct session_result ssh_open(struct session *self)
{
    // Both sides may begin at once (RFC 4253 section 4.2), which saves a round trip, and makes others speak.
    if (session_send_text(self, identification) != 0 || session_send_text(self, "\r\n") != 0)
        return session_failed();
    return ssh_wait(self);
}

// Learns what precedes the separator and takes it; false when there is none. What then ends a line that is not whole
// may be the beginning of what was meant.
static bool piece_learn(struct observation *observation, const struct field *field, struct bytes *line, char separator,
                        bool whole)
{
    const uint8_t *found = line->length == 0 ? NULL : memchr(line->data, separator, line->length);
    size_t length = found == NULL ? line->length : (size_t)(found - line->data);
    struct bytes piece = bytes_slice(line, length);
    (void)bytes_take(line, found == NULL ? 0 : 1);
    if (piece.length > 0)
        learn_text(observation, field, piece.data, piece.length);
    if (piece.length > 0 && found == NULL && !whole)
        learn_cut(observation, field);
    return found != NULL;
}

// "SSH-protoversion-softwareversion SP comments". What is not there was not learnt.
static void identification_learn(struct observation *observation, struct bytes line, bool whole)
{
    learn_text(observation, FIELD(ssh, identification), line.data, line.length);
    if (!whole)
        learn_cut(observation, FIELD(ssh, identification));
    (void)bytes_take(&line, strlen("SSH-"));
    learn_constant(observation, FIELD(root, service), "ssh");
    if (piece_learn(observation, FIELD(ssh, protocol), &line, '-', whole) &&
        piece_learn(observation, FIELD(ssh, software), &line, ' ', whole))
        (void)piece_learn(observation, FIELD(ssh, comment), &line, '\n', whole);
    observation->finished = false; // which a tunnel around it may have been
}

static int kex_start(struct session *self, struct bytes theirs)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    uint8_t cookie[SSH_COOKIE_BYTES];
    struct buffer payload = {0};
    state->kex = calloc(1, sizeof(*state->kex));
    if (state->kex == NULL || RAND_bytes(cookie, sizeof(cookie)) != 1)
        return -ENOMEM;
    ssh_kex_offer(cookie, &payload);
    struct buffer *hash = &state->kex->hash;
    buffer_put_text(hash, identification);
    buffer_put_string(hash, theirs.data, theirs.length);
    buffer_put_string(hash, buffer_bytes(&payload), payload.length);
    return ssh_send(self, &payload);
}

static struct session_result ssh_identified(struct session *self, struct bytes line)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    identification_learn(self->observation, line, true);
    const struct ssh_observation *ssh = self->observation->ssh;
    if (ssh == NULL || (!text_is(&ssh->protocol, "2.0") && !text_is(&ssh->protocol, "1.99")))
        return session_done();
    state->phase = SSH_KEXINIT;
    int status = kex_start(self, line);
    return status == 0 ? ssh_wait(self) : ssh_failed(status);
}

// The server is one of SSH, and has no time for strangers now: it is asked once more, later.
static struct session_result ssh_refused(struct session *self)
{
    const struct errand later = {.kind = ERRAND_RETRY, .first = &session_ssh, .wait_ms = LATER_MS};
    learn_constant(self->observation, FIELD(root, service), "ssh");
    if (self->below == NULL)
        (void)session_ask(self, &later);
    return session_done();
}

// Finds the line that begins with "SSH-"; others may precede it.
static struct session_result ssh_identify(struct session *self, struct bytes *input)
{
    const struct session_ops *whose = NULL;
    if (detect_recognise(input->data, input->length, &whose) == RECOGNITION_MINE && whose != self->ops)
        return detect_other(self, input);
    if (refusal_recognise(input->data, input->length) == RECOGNITION_MINE)
        return ssh_refused(self);
    for (size_t at = 0; at < input->length && at < PREAMBLE_MAX;) {
        const uint8_t *line = input->data + at;
        size_t left = input->length - at;
        const uint8_t *feed = memchr(line, '\n', left);
        size_t length = feed == NULL ? left : (size_t)(feed - line);
        bool ours = left >= 4 && memcmp(line, "SSH-", 4) == 0;
        if (ours && length >= IDENT_MAX) {
            // Too long to be one, and it says so itself: what fits is kept, and nothing else can follow.
            (void)bytes_take(input, at);
            identification_learn(self->observation, bytes_of(line, IDENT_MAX), false);
            return session_done();
        }
        if (feed == NULL)
            break;
        if (ours) {
            (void)bytes_take(input, at + length + 1);
            length -= length > 0 && line[length - 1] == '\r' ? 1 : 0;
            return ssh_identified(self, bytes_of(line, length));
        }
        at += length + 1;
    }
    return input->length >= PREAMBLE_MAX + IDENT_MAX ? session_next(SESSION_BECOME, &session_listen) : ssh_wait(self);
}

static struct session_result ssh_on_kexinit(struct session *self, const struct buffer *payload)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    int status = ssh_kex_choose(state->kex, payload, self->observation);
    if (status != 0)
        return ssh_failed(status);
    if (state->kex->method == NULL) {
        ssh_goodbye(self);
        return session_done();
    }
    buffer_put_string(&state->kex->hash, buffer_bytes(payload), payload->length);
    struct buffer first = {0};
    status = ssh_kex_begin(state->kex, &first);
    if (status != 0) {
        buffer_fini(&first);
        ssh_goodbye(self);
        return ssh_failed(status);
    }
    state->phase = SSH_REPLY;
    status = ssh_send(self, &first);
    return status == 0 ? ssh_wait(self) : ssh_failed(status);
}

static struct session_result ssh_on_reply(struct session *self, const struct buffer *payload)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    int status = ssh_kex_finish(state->kex, payload, self->observation);
    if (status != 0) {
        ssh_goodbye(self);
        return ssh_failed(status);
    }
    status = ssh_send_message(self, SSH_MSG_NEWKEYS);
    if (status == 0)
        status = ssh_kex_start_out(state->kex, &state->transport);
    state->phase = SSH_NEWKEYS;
    return status == 0 ? ssh_wait(self) : ssh_failed(status);
}

static struct session_result ssh_on_newkeys(struct session *self)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    int status = ssh_kex_start_in(state->kex, &state->transport);
    ssh_kex_fini(state->kex);
    free(state->kex);
    state->kex = NULL;
    if (status != 0)
        return ssh_failed(status);
    struct buffer request = {0};
    buffer_put_u8(&request, SSH_MSG_SERVICE_REQUEST);
    buffer_put_text(&request, "ssh-userauth");
    state->phase = SSH_SERVICE;
    status = ssh_send(self, &request);
    return status == 0 ? ssh_wait(self) : ssh_failed(status);
}

// An account of this name would have to be made on purpose: sshd with PermitEmptyPasswords tries an empty password for
// the user of a `none` request.
static struct session_result ssh_on_service(struct session *self)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    uint8_t random[USER_RANDOM];
    char user[sizeof("sonde-") + 2 * USER_RANDOM];
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

static struct session_result ssh_on_auth(struct session *self, const struct buffer *payload)
{
    struct bytes reader = bytes_of(buffer_bytes(payload), payload->length);
    uint8_t message = bytes_u8(&reader);
    if (message == SSH_MSG_USERAUTH_BANNER)
        return ssh_wait(self);
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

static struct session_result ssh_on_packet(struct session *self, const struct buffer *payload)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    uint8_t message = payload->length == 0 ? SSH_MSG_DISCONNECT : buffer_bytes(payload)[0];
    if (message == SSH_MSG_DISCONNECT || ++state->packets > PACKETS_MAX)
        return session_done();
    if (message == SSH_MSG_IGNORE || message == SSH_MSG_DEBUG || message == SSH_MSG_UNIMPLEMENTED ||
        message == SSH_MSG_EXT_INFO)
        return ssh_wait(self);
    if (state->phase == SSH_REPLY && state->kex->skip_packet) {
        state->kex->skip_packet = false;
        return ssh_wait(self);
    }
    if (state->phase == SSH_KEXINIT && message == SSH_MSG_KEXINIT)
        return ssh_on_kexinit(self, payload);
    if (state->phase == SSH_REPLY && message == SSH_MSG_KEX_REPLY)
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
    if (state->phase == SSH_IDENT)
        result = ssh_identify(self, input);
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

// An identification whose line end does not come names its server all the same.
static bool identification_unended(struct session *self)
{
    struct bytes rest = bytes_of(buffer_bytes(&self->input), self->input.length);
    const uint8_t *feed;
    while (rest.length > 0 && (feed = memchr(rest.data, '\n', rest.length)) != NULL)
        (void)bytes_take(&rest, (size_t)(feed - rest.data) + 1);
    if (recognise_text(rest.data, rest.length, "SSH-") != RECOGNITION_MINE)
        return false;
    bool whole = rest.data[rest.length - 1] == '\r';
    rest.length -= whole ? 1 : 0;
    identification_learn(self->observation, rest, whole);
    return true;
}

static struct session_result ssh_event(struct session *self, enum session_event event)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    if (state->phase == SSH_IDENT)
        return identification_unended(self) ? session_done() : detect_nothing(self);
    if (event == SESSION_SILENCE)
        ssh_goodbye(self);
    return session_done();
}

static void ssh_fini(struct session *self)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    ssh_transport_fini(&state->transport);
    if (state->kex != NULL) {
        ssh_kex_fini(state->kex);
        free(state->kex);
    }
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
