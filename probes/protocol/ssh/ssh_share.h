// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: key exchange methods, and our half of each. A half is made once for an environment and serves all
// its conversations: nothing that goes over a connection of ours is a secret of anybody's, and to make one costs as
// much as all else that we have to compute but the server's signature. One thread.

#include <nettle/nettle-meta.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/buffer.h"
#include "probes/bytes.h"

enum { SSH_SECRET_MAX = 1025 }; // of 8,192 bits, and a zero before them

struct ssh_method;
struct ssh_share;

// What methods of a family do.
struct ssh_family {
    // Makes our half, `public` included. 0, -ENOTSUP when OpenSSL has not got it, -ENOMEM.
    int (*make)(const struct ssh_method *method, struct ssh_share *share);
    // The secret from their half, as it goes into the exchange hash: K (RFC 4253 section 8), or the string that stands
    // for it. 0, -EBADMSG for a half that is none, -ENOMEM.
    int (*secret)(const struct ssh_method *method, const struct ssh_share *share, struct bytes theirs,
                  struct buffer *ret_secret);
    bool numbers; // both halves are mpints, else strings
};

struct ssh_method {
    const char *name;
    const struct nettle_hash *hash;
    const struct ssh_family *family; // NULL: the server chooses the group (RFC 4419)
    const char *type;                // OpenSSL's name of a curve's kind
    const char *group;               // of an "EC" key
    BIGNUM *(*prime)(BIGNUM *p);     // of a finite field, with generator 2
};

enum { SSH_METHODS = 19 };

// Best and cheapest first (ssh_methods.c).
extern const struct ssh_method ssh_methods[SSH_METHODS];

struct ssh_share {
    EVP_PKEY *key;        // of a curve
    EVP_PKEY_CTX *derive; // with it
    BIGNUM *prime;        // of a finite field
    BIGNUM *exponent;
    struct buffer public;
};

// 0, -ENOTSUP, -ENOMEM. ssh_share_fini makes it all-zero again, and may follow a failure.
int ssh_share_make(const struct ssh_method *method, struct ssh_share *ret_share);

// The same for a group of the server's: prime and generator as they came. -EBADMSG for what is no group, -E2BIG for one
// that is too dear (session/dear.h); *ret_bits is the prime's length either way.
int ssh_share_make_group(struct bytes prime, struct bytes generator, struct ssh_share *ret_share, int *ret_bits);
void ssh_share_fini(struct ssh_share *share);

// Elliptic curves; finite fields, also those whose group the server chooses, once it has.
extern const struct ssh_family ssh_family_curve;
extern const struct ssh_family ssh_family_field;

// Those of which one part is an encapsulation (ssh_hybrid.c), and X25519 alone for their other part: 32 bytes each.
extern const struct ssh_family ssh_family_sntrup761;
extern const struct ssh_family ssh_family_mlkem768;
int ssh_x25519_make(struct ssh_share *share);
int ssh_x25519(const struct ssh_share *share, struct bytes theirs, uint8_t ret_secret[32]);
