// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: message authentication codes (RFC 4253 section 6.4, RFC 6668, draft-miller-secsh-umac, OpenSSH's
// PROTOCOL section 1.5). One thread.

#include <nettle/nettle-meta.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/protocol/ssh/ssh_cipher.h"

enum { SSH_TAG_MAX = 64 };

struct ssh_mac {
    const char *name;
    const struct nettle_mac *primitive; // NULL: nothing authenticates, or the cipher does
    uint8_t key;
    uint8_t length; // of the tag
    bool etm;       // over what is encrypted; the packet's length is sent in clear
};

// Best first, ending with a NULL name.
extern const struct ssh_mac ssh_macs[];

// A running code of one direction; all-zero before it starts.
struct ssh_check {
    const struct ssh_mac *mac;
    void *context;         // heap
    EVP_MAC_CTX *poly1305; // of ChaCha20, in place of the other
};

// key has the row's length. 0, -ENOMEM.
int ssh_check_start(struct ssh_check *check, const struct ssh_mac *mac, const uint8_t key[SSH_KEY_MAX]);

// The authenticator that comes with ChaCha20: poly1305 is OpenSSL's. 0, -ENOMEM.
int ssh_check_start_poly1305(struct ssh_check *check, EVP_MAC *poly1305);
void ssh_check_fini(struct ssh_check *check);

// A packet begins. poly_key: of this packet, where the cipher gave one.
void ssh_check_begin(struct ssh_check *check, uint32_t sequence, const uint8_t poly_key[SSH_POLY_KEY]);
void ssh_check_run(struct ssh_check *check, const uint8_t *data, size_t length);

// The tag over what has passed; bytes that nobody can guess where the library failed.
void ssh_check_tag(struct ssh_check *check, uint8_t ret_tag[SSH_TAG_MAX]);
