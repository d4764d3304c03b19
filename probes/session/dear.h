// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to probes/session and its protocols: how much arithmetic a stranger may make us do. What costs him a canned
// answer may cost us a second, and one thread holds thousands of conversations; so sizes are looked at before anything
// is computed, and no single step takes longer than a few milliseconds on the machine of README's figures.

#include <openssl/evp.h>
#include <stdbool.h>

enum {
    // A group of a server's own choice costs two powers with exponents as long as the group: 3 ms at 2,048 bits, 11 ms
    // at
    // 3,072, 25 to 34 ms at 4,096, a second at 10,000. Who has nothing but such a group is older than elliptic curves,
    // and
    // then it is a small one.
    DEAR_DH_BITS = 2048,
    // A power with an exponent of 256 bits, as our half of a group exchange of SSH is: 3.4 ms, of which two are needed.
    DEAR_GROUP_BITS = 8192,
    // With a public exponent of at most 64 bits a signature of 8,192 bits costs 0.9 ms, one of 16,384 bits 4 ms. A long
    // exponent makes it 5 ms at 3,072 bits.
    DEAR_RSA_BITS = 8192,
    DEAR_RSA_EXPONENT_BITS = 64,
    DEAR_DSA_BITS = 4096, // 1.2 ms; 11 ms at 10,000
    DEAR_EC_BITS = 571,   // of named curves: 2.9 ms for the largest
};

// True when to check a signature with this key, or to encrypt to it, costs too much.
bool dear_key(const EVP_PKEY *key);
