// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: the binary packet protocol (RFC 4253 section 6) with the ciphers and MACs of old and new servers. A
// packet is opened as its bytes come, so that one that is too long to keep costs no memory: its beginning is kept.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/buffer.h"
#include "probes/bytes.h"
#include "probes/protocol/ssh/ssh_cipher.h"
#include "probes/protocol/ssh/ssh_mac.h"
#include "probes/protocol/ssh/ssh_zlib.h"

enum {
    SSH_PACKET_KEPT = 35000,     // every implementation has to take so much (RFC 4253 section 6.1)
    SSH_PACKET_MAX = 256 * 1024, // what OpenSSH sends and takes
};

// One direction's keys and sequence number; all-zero is the clear text before NEWKEYS.
struct ssh_direction {
    struct ssh_crypt crypt;
    struct ssh_check check;
    struct ssh_zlib *zlib; // heap; NULL: not compressed
    uint32_t sequence;
};

// What one direction is to be started with.
struct ssh_suite {
    const struct ssh_cipher *cipher;
    const struct ssh_mac *mac; // not looked at where the cipher authenticates
    bool zlib;
};

struct ssh_transport {
    struct ssh_direction in;
    struct ssh_direction out;
    struct buffer body;          // of the packet that is being read, from its padding length on
    uint32_t left;               // bytes of the body that have not come
    uint32_t length;             // of the body
    uint8_t head[SSH_BLOCK_MAX]; // its first bytes, until the length is read
    uint8_t head_length;         // 0 = no packet was begun
    bool cut;                    // the last payload is only a beginning
};

void ssh_transport_fini(struct ssh_transport *transport);

// Keys of cipher->iv, cipher->key and mac->key bytes for one direction; poly1305 is OpenSSL's. 0, -ENOMEM.
int ssh_direction_start(struct ssh_direction *direction, bool out, const struct ssh_suite *suite,
                        const uint8_t keys[3][SSH_KEY_MAX], EVP_MAC *poly1305);

// Takes one packet off the input into *ret_payload, which is empty: 1; 0 when it is not whole yet; -EBADMSG when it is
// malformed or not authentic, -ENOMEM. Of more than SSH_PACKET_KEPT bytes the first are the payload, and
// transport->cut is set.
int ssh_packet_read(struct ssh_transport *transport, struct bytes *input, struct buffer *ret_payload);

// Appends the payload as a packet to *ret_wire. 0, -ENOMEM.
int ssh_packet_write(struct ssh_transport *transport, const struct buffer *payload, struct buffer *ret_wire);
