// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: the binary packet protocol (RFC 4253 section 6) with the ciphers and MACs of old and new servers.

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/bytes.h"
#include "probes/buffer.h"

enum {
    SSH_PACKET_MAX = 35000, // RFC 4253 section 6.1
    SSH_BLOCK_MAX = 16,
    SSH_KEY_MAX = 64,
};

struct ssh_cipher {
    const char *name;
    const EVP_CIPHER *(*evp)(void);
    uint8_t block;
    uint8_t key;
    uint8_t iv;
    bool aead;
};

struct ssh_mac {
    const char *name;
    const char *digest;
    uint8_t length; // of the tag and of the key
    bool etm;       // encrypt-then-MAC: the packet's length is sent in clear
};

// One direction's keys and sequence number; all-zero is the clear text before NEWKEYS.
struct ssh_direction {
    const struct ssh_cipher *cipher;
    const struct ssh_mac *mac; // NULL for an AEAD cipher
    EVP_CIPHER_CTX *cipher_ctx;
    EVP_MAC_CTX *mac_ctx;
    uint32_t sequence;
    uint8_t iv[SSH_BLOCK_MAX]; // of an AEAD cipher: the invocation counter
};

struct ssh_transport {
    struct ssh_direction in;
    struct ssh_direction out;
    uint8_t head[SSH_BLOCK_MAX]; // the first block of the incoming packet, decrypted while the rest is awaited
    uint8_t head_length;
};

void ssh_transport_fini(struct ssh_transport *transport);

// Every cipher and MAC, best first, ending with a NULL name.
extern const struct ssh_cipher ssh_ciphers[];
extern const struct ssh_mac ssh_macs[];

// Keys of cipher->iv, cipher->key and mac->length bytes for one direction. 0, -ENOTSUP when OpenSSL has not got it,
// -ENOMEM.
int ssh_direction_start(struct ssh_direction *direction, bool encrypt, const struct ssh_cipher *cipher,
                        const struct ssh_mac *mac, const uint8_t keys[3][SSH_KEY_MAX]);

// Takes one packet off the input and appends its payload: 1; 0 when it is not whole yet; -EBADMSG when it is malformed
// or not authentic, -ENOMEM.
int ssh_packet_read(struct ssh_transport *transport, struct bytes *input, struct buffer *ret_payload);

// Appends the payload as a packet to *ret_wire. 0, -ENOMEM.
int ssh_packet_write(struct ssh_transport *transport, const struct buffer *payload, struct buffer *ret_wire);
