// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: the ciphers of old and new servers (RFC 4253 section 6.3, RFC 4344, RFC 4345, RFC 5647, OpenSSH's
// PROTOCOL.chacha20poly1305), on nettle's primitives: OpenSSL's default provider lacks the old ones, and its legacy
// provider is a module that would have to be loaded from a file. One thread.

#include <nettle/nettle-meta.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SSH_BLOCK_MAX = 16,
    SSH_KEY_MAX = 64,
    SSH_LENGTH_BYTES = 4,  // of the field before every packet
    SSH_CIPHER_PIECE = 64, // a packet may be given in pieces of a multiple of this
    SSH_POLY_KEY = 32,
    SSH_GCM_TAG = 16,
};

enum ssh_cipher_mode { SSH_MODE_NONE = 0, SSH_MODE_CBC, SSH_MODE_CTR, SSH_MODE_ARCFOUR, SSH_MODE_GCM, SSH_MODE_CHACHA };

struct ssh_cipher {
    const char *name;
    const struct nettle_cipher *primitive; // of CBC, CTR and GCM
    enum ssh_cipher_mode mode;
    uint8_t block;
    uint8_t key;
    uint8_t iv;
    uint16_t discard; // bytes of an arcfour stream that are not used
};

// Best first, ending with a NULL name.
extern const struct ssh_cipher ssh_ciphers[];

// The packet's length travels apart from what is encrypted, and the cipher brings its own authentication.
static inline bool ssh_cipher_is_aead(const struct ssh_cipher *cipher)
{
    return cipher->mode == SSH_MODE_GCM || cipher->mode == SSH_MODE_CHACHA;
}

// A running cipher of one direction; all-zero before it starts.
struct ssh_crypt {
    const struct ssh_cipher *cipher;
    void *context; // heap
    uint8_t iv[SSH_BLOCK_MAX];
    bool encrypt;
};

// key and iv have the row's lengths. 0, -ENOMEM.
int ssh_crypt_start(struct ssh_crypt *crypt, const struct ssh_cipher *cipher, bool encrypt,
                    const uint8_t key[SSH_KEY_MAX], const uint8_t iv[SSH_KEY_MAX]);
void ssh_crypt_fini(struct ssh_crypt *crypt);

// Of an AEAD cipher: a packet begins. head is its length as it is on the wire (GCM), or is made so or made readable
// (ChaCha20: a key of its own). poly_key: what authenticates this packet (ChaCha20 only).
void ssh_crypt_begin(struct ssh_crypt *crypt, uint32_t sequence, uint8_t head[SSH_LENGTH_BYTES],
                     uint8_t ret_poly_key[SSH_POLY_KEY]);

// The next piece of a packet: whole blocks; all but the last piece a multiple of SSH_CIPHER_PIECE. from may be to.
void ssh_crypt_run(struct ssh_crypt *crypt, const uint8_t *from, size_t length, uint8_t *to);

// Of GCM: the tag over what has passed.
void ssh_crypt_tag(struct ssh_crypt *crypt, uint8_t ret_tag[SSH_GCM_TAG]);
