// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// For tests and fuzzing: OpenSSL's server of TLS 1.3 in memory, whose records are opened on their way to the client and
// sealed again, so that what they hold can be changed. Finished is made anew over what the client was given; so a
// changed handshake goes on as far as the client lets it.

#include "probes/protocol/tls/tls_handshake.h"
#include "probes/protocol/tls/tls_record.h"
#include "tests/unit/session/fake_tls.h"

enum proxy_epoch { PROXY_CLEAR = 0, PROXY_HANDSHAKE, PROXY_APPLICATION };

struct proxy_tls;

// Passes content of that type on: to proxy_put, as it is, changed, cut, twice, or not at all. ServerHello comes alone,
// later messages of the handshake one at a time.
typedef void proxy_pass(struct proxy_tls *self, uint8_t type, struct bytes content);

struct proxy_tls {
    struct fake_tls fake; // first, so that it is the peer; to be filled in before proxy_tls_init
    proxy_pass *pass;     // NULL: everything as it is
    void *context;        // of pass
    struct tls_kit *kit;
    // The proxy's own.
    void (*answer)(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer);
    void (*begin)(struct peer *peer);
    enum proxy_epoch epoch;
    const struct tls_suite *suite;
    uint8_t secrets[2][TLS_HASH_BYTES_MAX]; // of the server's handshake and application
    struct tls_protection from_server;
    struct tls_protection to_client;
    struct buffer transcript; // what the client has said and was given
    struct tls_assembly assembly;
    struct buffer pending; // of the server's
    struct buffer *out;
};

void proxy_tls_init(struct proxy_tls *proxy);
void proxy_tls_fini(struct proxy_tls *proxy);

// Puts a record before the client, sealed as the epoch has it. Content of more than a record holds is cut.
void proxy_put(struct proxy_tls *self, uint8_t type, const void *data, size_t length);

// Puts these bytes before the client as they are.
void proxy_put_raw(struct proxy_tls *self, const void *data, size_t length);
