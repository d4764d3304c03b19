// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// For tests: the server's side of SSH with one algorithm of each kind, so that each can be met.

#include <openssl/evp.h>

#include <openssl/bn.h>

#include "probes/protocol/ssh/ssh_offer.h"
#include "probes/protocol/ssh/ssh_packet.h"
#include "tests/unit/session/dialogue.h"

struct fake_ssh {
    struct peer peer;
    const char *identification; // with what precedes it, without its CR LF
    const char *kex;
    const char *host_key_type; // "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"
    const char *signature_type;
    const char *cipher;
    const char *mac;
    const char *methods;
    bool strict;
    bool full;   // offers all that OpenSSH 9.2 does, beside what it will use
    bool admits; // `none` is enough
    bool wrong_signature;
    bool spoils;        // the last byte of the methods' packet is not what it was
    bool long_exponent; // of its RSA key: 2^70 + 3
    bool guesses;       // sends a wrong guess behind its KEXINIT
    const char *compression;
    int group_bits;             // of the prime it gives in a group exchange: 2,048 or what it makes itself
    bool group_even;            // and no prime
    size_t banner;              // bytes of a banner before it answers `none`
    const char *other_key_type; // of a second host key, for clients that want no other; NULL: there is none
    EVP_PKEY *host_key;
    EVP_PKEY *other_key;
    // The connection's state.
    struct ssh_transport transport;
    struct buffer input;
    struct buffer hash;
    struct buffer client_kexinit;
    bool identified;
    bool other;        // the second key has taken the place of the first
    bool disconnected; // the client said goodbye in due form
    char user[64];     // the name the client gave
    uint32_t requests; // authentication requests
    uint8_t keys[2][3][SSH_KEY_MAX];
    struct buffer group; // what a group exchange has said, as it goes into the hash
    BIGNUM *prime;
};

// Fills in what was left NULL with what a modern server has, and makes a host key.
void fake_ssh_init(struct fake_ssh *fake);
void fake_ssh_fini(struct fake_ssh *fake);
