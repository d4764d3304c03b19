// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: what one connection of our own client keeps, half a kilobyte while it is open.

#include "probes/protocol/tls/tls13_hello.h"
#include "probes/protocol/tls/tls_keys.h"
#include "probes/protocol/tls/tls_handshake.h"
#include "probes/protocol/tls/tls_record.h"
#include "probes/protocol/tls/tls_server_hello.h"
#include "probes/protocol/tls/tls_share.h"
#include "probes/session/env.h"
#include "probes/session/session.h"

// What is waited for.
enum tls_stage {
    TLS_STAGE_HELLO = 0,  // ServerHello, or before it one HelloRetryRequest
    TLS_STAGE_CLEAR,      // below TLS 1.3: what the server says before it waits for us
    TLS_STAGE_CHANGE,     // of TLS 1.2: ChangeCipherSpec, and then Finished
    TLS_STAGE_EXTENSIONS, // EncryptedExtensions; from here on TLS 1.3
    TLS_STAGE_CERTIFICATE,
    TLS_STAGE_PROOF,
    TLS_STAGE_FINISHED,
    TLS_STAGE_OPEN,
};

struct tls_state {
    uint8_t stage;           // enum tls_stage
    bool recognised;         // the first bytes were a record
    bool retried;            // a HelloRetryRequest was answered
    bool certificate_wanted; // of us
    bool exchange_is_dhe;    // below TLS 1.3: ServerKeyExchange begins with a group
    bool extended;           // of TLS 1.2: the master secret is bound to the handshake (RFC 7627)
    bool changed;            // of TLS 1.2: what comes is encrypted
    uint8_t shared_length;   // of TLS 1.2: of the shared secret, which waits in secrets.client
    bool closed;             // close_notify, or an alert that ends it
    uint8_t idle_records;    // that said nothing: empty ones, ChangeCipherSpec, warnings
    uint8_t later_messages;  // since the handshake was done: tickets and key updates
    struct tls_share_use share;
    struct tls13_hello said;
    const char *application;             // that was agreed on, one of ours; NULL: none was
    const struct tls_suite *retry_suite; // that a HelloRetryRequest named
    const struct tls_suite *suite;       // NULL until there are keys of ours
    const struct tls12_suite *older;     // of TLS 1.2; NULL: it is newer, not known yet, or OpenSSL's
    EVP_MD_CTX *transcript;              // from ServerHello to Finished
    EVP_PKEY *key;                       // the certificate's, until it was proved
    struct buffer hello;                 // ours, until the suite is known and it can be hashed; then ClientKeyExchange
    struct tls_assembly message;
    struct tls_secrets secrets;
    struct tls_protection read;
    struct tls_protection write;
};

// What follows from a message or a record.
enum tls_outcome {
    TLS_OUTCOME_FAILED = 0, // out of memory
    TLS_OUTCOME_ON,         // the next one
    TLS_OUTCOME_END,        // nothing more is learnt here; an alert says why, where one is due
    TLS_OUTCOME_LIBRARY,    // what our client does not speak: OpenSSL's shall, on a further connection
    TLS_OUTCOME_OPEN,       // the handshake is done
};

static inline struct tls_state *tls_state_of(struct session *self)
{
    return (struct tls_state *)self->state;
}
