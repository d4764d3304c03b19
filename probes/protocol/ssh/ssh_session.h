// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: the state of its session, and its two ends: identification and authentication.

#include "probes/protocol/ssh/ssh_kex.h"
#include "probes/session/session.h"
#include "sonde_build.h"

enum ssh_phase { SSH_IDENT = 0, SSH_KEXINIT, SSH_GROUP, SSH_REPLY, SSH_NEWKEYS, SSH_SERVICE, SSH_AUTH };

struct ssh_state {
    enum ssh_phase phase;
    uint32_t packets;
    uint32_t scanned;    // bytes before the identification that were looked at: whole lines
    struct ssh_kex *kex; // from identification to NEWKEYS
    struct ssh_transport transport;
    const char *wanted;        // host key algorithms to offer, NULL = all (ssh_others.h)
    struct observation *aside; // heap; what a connection for one of them writes to
    struct observation *whole; // and what it would have written to
    struct buffer banner;      // what was said before a login, as far as it is kept
};

// The identification, without its end: RFC 4253 section 4.2.
#define SSH_IDENTIFICATION "SSH-2.0-sonde_" SONDE_VERSION

struct session_result ssh_wait(const struct session *self);

// The end of a conversation that failed with -errno: what was learnt is kept.
struct session_result ssh_failed(int status);

// Sends a payload, and releases it. 0 or -errno.
int ssh_send(struct session *self, struct buffer *payload);
void ssh_goodbye(struct session *self);

// Whether a stream begins as SSH, or with what OpenSSH says in its place.
enum recognition ssh_recognise(const uint8_t *data, size_t length);

// Reads up to the identification and learns it. Once it was read *ret_line is that line without its end, else empty.
struct session_result ssh_identify(struct session *self, struct bytes *input, struct bytes *ret_line);

// Silence or a close before it was whole.
struct session_result ssh_unidentified(struct session *self);

// Learns what an SSH_MSG_EXT_INFO says.
void ssh_on_extensions(struct session *self, const struct buffer *payload);

// The server is ready to authenticate: asks it as what nobody is. What it says then: methods, or a banner first.
struct session_result ssh_on_service(struct session *self);
struct session_result ssh_on_auth(struct session *self, const struct buffer *payload);
