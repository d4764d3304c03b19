// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: the key exchange (RFC 4253 section 8, RFC 4419, RFC 5656, RFC 8731) and the keys that come of it. One
// struct lives from the identification to NEWKEYS.

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/buffer.h"
#include "probes/bytes.h"
#include "probes/observation/observation.h"
#include "probes/protocol/ssh/ssh_env.h"
#include "probes/protocol/ssh/ssh_offer.h"
#include "probes/protocol/ssh/ssh_packet.h"

enum ssh_message {
    SSH_MSG_DISCONNECT = 1,
    SSH_MSG_IGNORE = 2,
    SSH_MSG_UNIMPLEMENTED = 3,
    SSH_MSG_DEBUG = 4,
    SSH_MSG_SERVICE_REQUEST = 5,
    SSH_MSG_SERVICE_ACCEPT = 6,
    SSH_MSG_EXT_INFO = 7,
    SSH_MSG_KEXINIT = 20,
    SSH_MSG_NEWKEYS = 21,
    SSH_MSG_KEX_INIT = 30, // of every exchange with a group that is known
    SSH_MSG_KEX_REPLY = 31,
    SSH_MSG_GEX_GROUP = 31, // RFC 4419 section 3
    SSH_MSG_GEX_INIT = 32,
    SSH_MSG_GEX_REPLY = 33,
    SSH_MSG_GEX_REQUEST = 34,
    SSH_MSG_USERAUTH_REQUEST = 50,
    SSH_MSG_USERAUTH_FAILURE = 51,
    SSH_MSG_USERAUTH_SUCCESS = 52,
    SSH_MSG_USERAUTH_BANNER = 53,
};

struct ssh_kex {
    const struct ssh_env *env;
    struct ssh_choice choice;
    const struct ssh_share *share; // our half: the environment's, or
    struct ssh_share own;          // one in a group of the server's
    struct buffer hash;            // what goes into the exchange hash (RFC 4253 section 8) and is not in it yet
    struct buffer group;           // of a group of the server's: what goes into it before the halves
    struct buffer secret;          // K, as it goes into it
    _Alignas(max_align_t) uint8_t running[sizeof(struct sha512_ctx)]; // the hash over what both sides have said
    bool runs;
    uint8_t digest[SHA512_DIGEST_SIZE];
};

// Whether the server is to choose the group first.
static inline bool ssh_kex_asks(const struct ssh_kex *kex)
{
    return kex->choice.method->family == NULL;
}

// The first message of the chosen method: our half, or the question for a group. 0, -ENOMEM.
int ssh_kex_begin(struct ssh_kex *kex, struct buffer *ret_payload);

// Reads the server's group, whose size is learnt, and writes our half. 0; -EBADMSG, -E2BIG for one that is too dear,
// -ENOMEM.
int ssh_kex_group(struct ssh_kex *kex, const struct buffer *payload, struct observation *observation,
                  struct buffer *ret_payload);

// Reads the server's reply: records its host key and whether its signature was right, and computes the secret. `hash`
// holds identifications and KEXINITs already. 0; -EBADMSG when malformed.
int ssh_kex_finish(struct ssh_kex *kex, const struct buffer *payload, struct observation *observation);

// Starts both directions with keys of the secret (RFC 4253 section 7.2). 0, -ENOMEM.
int ssh_kex_start_out(const struct ssh_kex *kex, struct ssh_transport *transport);
int ssh_kex_start_in(const struct ssh_kex *kex, struct ssh_transport *transport);

void ssh_kex_fini(struct ssh_kex *kex);
