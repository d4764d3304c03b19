// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: what is offered and chosen (RFC 4253 section 7), the key exchange (RFC 4253 section 8, RFC 5656, RFC
// 8731) and the keys that come of it. One struct lives from KEXINIT to NEWKEYS.

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/bytes.h"
#include "probes/buffer.h"
#include "probes/observation/observation.h"
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
    SSH_MSG_KEX_INIT = 30, // of every exchange we offer
    SSH_MSG_KEX_REPLY = 31,
    SSH_MSG_USERAUTH_REQUEST = 50,
    SSH_MSG_USERAUTH_FAILURE = 51,
    SSH_MSG_USERAUTH_SUCCESS = 52,
    SSH_MSG_USERAUTH_BANNER = 53,
};

enum { SSH_COOKIE_BYTES = 16 };

struct ssh_kex_method;

struct ssh_kex {
    const struct ssh_kex_method *method; // NULL: nothing in common
    const struct ssh_cipher *cipher_out;
    const struct ssh_cipher *cipher_in;
    const struct ssh_mac *mac_out;
    const struct ssh_mac *mac_in;
    EVP_PKEY *key;       // our half of an elliptic curve exchange
    BIGNUM *exponent;    // our half of a finite field one
    EVP_MD_CTX *running; // the exchange hash over what both sides have said (RFC 4253 section 8)
    struct buffer hash;  // and what is not in it yet, because the digest was not chosen
    struct buffer public;
    struct buffer secret; // K as mpint
    uint8_t digest[EVP_MAX_MD_SIZE];
    uint32_t digest_length;
    bool strict;      // both sides reset their sequence numbers at NEWKEYS (OpenSSH PROTOCOL section 1.10)
    bool skip_packet; // the server's guess was wrong: its next packet is to be ignored
};

// The payload of our KEXINIT.
void ssh_kex_offer(const uint8_t cookie[SSH_COOKIE_BYTES], struct buffer *ret_payload);

// Reads the server's KEXINIT payload: writes what it offers and what will be chosen. 0 even when nothing is in common;
// -EBADMSG when malformed.
int ssh_kex_choose(struct ssh_kex *kex, const struct buffer *payload, struct observation *observation);

// Our half of the exchange, as the payload of the first message. 0, -ENOTSUP when OpenSSL has not got it, -ENOMEM.
int ssh_kex_begin(struct ssh_kex *kex, struct buffer *ret_payload);

// Reads the server's reply: records its host key and whether its signature was right, and computes the secret. `hash`
// holds identifications and KEXINITs already. 0; -EBADMSG when malformed, -ENOTSUP.
int ssh_kex_finish(struct ssh_kex *kex, const struct buffer *payload, struct observation *observation);

// Starts both directions with keys of the secret (RFC 4253 section 7.2). 0, -ENOTSUP, -ENOMEM.
int ssh_kex_start_out(const struct ssh_kex *kex, struct ssh_transport *transport);
int ssh_kex_start_in(const struct ssh_kex *kex, struct ssh_transport *transport);

void ssh_kex_fini(struct ssh_kex *kex);

enum ssh_proof {
    SSH_PROOF_WRONG = 0,
    SSH_PROOF_RIGHT,
    SSH_PROOF_DEAR, // not looked at: to check it would cost too much (session/dear.h)
};

// Whether `signature` over `data` is by the host key `blob` (RFC 4253 section 6.6, 5656, 8332, 8709). *ret_bits is the
// key's size, and stays as it was when there is no key in the blob.
enum ssh_proof ssh_key_verify(struct bytes blob, struct bytes signature, const uint8_t *data, size_t length,
                              int *ret_bits);
