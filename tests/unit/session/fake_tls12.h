// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// For tests and fuzzing: a server of TLS 1.2 on the primitives of our own client, whose messages can be changed on
// their way. It takes what it has said for what the client was given; so a changed handshake goes on as far as the
// client lets it. That it speaks TLS 1.2 is what the tests against OpenSSL's server say of the primitives.

#include "probes/protocol/tls/tls12_record.h"
#include "tests/unit/session/dialogue.h"

struct fake_tls12;

// Passes content of that type on: to fake_tls12_put, as it is, changed, cut, twice, or not at all.
typedef void fake_tls12_pass(struct fake_tls12 *self, uint8_t type, struct bytes content);

struct fake_tls12 {
    struct peer peer;
    const char *key;       // "EC" or "RSA"
    uint16_t suite;        // 0: 0xc02b or 0xc02f, as the key has it
    uint16_t group;        // 0: X25519
    bool plain_master;     // no extended master secret
    bool asks_certificate; // of the client, and goes on without
    const char *reply;     // inside, to the first bytes that come
    fake_tls12_pass *pass; // NULL: everything as it is
    void *context;         // of pass
    // The server's own.
    struct tls_kit *kit;
    X509 *certificate;
    EVP_PKEY *private_key;
    const struct tls12_suite *spoken;
    struct tls_share_use *share;
    uint8_t client_random[TLS_RANDOM_BYTES];
    uint8_t master[TLS12_MASTER_BYTES];
    struct tls_protection protections[2]; // the client's, then ours
    struct buffer transcript;
    struct buffer pending; // of the client's
    struct buffer *out;
    bool heard_change;
    bool said_change;
    bool open;
    bool replied;
    bool goodbye; // the client's close_notify came
};

void fake_tls12_init(struct fake_tls12 *fake);
void fake_tls12_fini(struct fake_tls12 *fake);

// Puts a record before the client, protected as it would be by then.
void fake_tls12_put(struct fake_tls12 *fake, uint8_t type, const void *data, size_t length);

// Puts these bytes before the client as they are.
void fake_tls12_put_raw(struct fake_tls12 *fake, const void *data, size_t length);
