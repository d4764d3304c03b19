// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: the suites of TLS 1.2 that our client speaks, and its key schedule (RFC 5246 sections 5, 6.3
// and 8.1). Every function is false without memory.

#include "probes/protocol/tls/tls_keys.h"

enum { TLS12_MASTER_BYTES = 48, TLS12_VERIFY_BYTES = 12 };

// RFC 5288, 5289, 7905 and 8422: an ephemeral share on a curve, signed by the certificate's key.
struct tls12_suite {
    struct tls_suite suite; // whose hash is that of the key schedule
    bool rsa;               // who signs; else a key on a curve
    enum tls_hash mac;      // of CBC
    uint8_t mac_bytes;      // 0: it is authenticated by itself
    uint8_t nonce_bytes;    // that are derived with the keys
};

// The suite of that number, NULL when it is not one of ours.
const struct tls12_suite *tls12_suite_find(uint16_t number);

// What the two sides have said that goes into a secret: random bytes, each TLS_RANDOM_BYTES.
struct tls12_randoms {
    const uint8_t *client;
    const uint8_t *server;
};

// What the two sides share before there is a master secret.
struct tls12_shared {
    struct bytes secret;
    // Over ClientHello to ClientKeyExchange, where the server has agreed to an extended master secret (RFC 7627); NULL:
    // it has not.
    const uint8_t *session_hash;
};

bool tls12_master(struct tls_kit *kit, const struct tls12_suite *suite, const struct tls12_shared *shared,
                  const struct tls12_randoms *randoms, uint8_t ret_master[static TLS12_MASTER_BYTES]);

// Keys of both directions, the client's first; the sequences begin at 0.
bool tls12_protections(struct tls_kit *kit, const struct tls12_suite *suite,
                       const uint8_t master[static TLS12_MASTER_BYTES], const struct tls12_randoms *randoms,
                       struct tls_protection ret_protections[static 2]);

// What Finished is computed of.
struct tls12_end {
    const uint8_t *master;
    const uint8_t *hash; // over the messages before it
    bool client;         // who says it
};

bool tls12_finished(struct tls_kit *kit, const struct tls12_suite *suite, const struct tls12_end *end,
                    uint8_t ret_verify[static TLS12_VERIFY_BYTES]);
