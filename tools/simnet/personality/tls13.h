// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the server of TLS 1.3 shares with what hostile ones do besides (RFC 8446; section numbers are its). One thread a
// visit.

#include <openssl/sha.h>

#include "tools/simnet/personality/personality.h"
#include "tools/simnet/personality/records.h"

enum tls13_phase { TLS13_HELLO = 0, TLS13_FINISHED, TLS13_OPEN };

struct tls13_state {
    enum tls13_phase phase;
    SHA256_CTX transcript;
    struct record_keys in;
    struct record_keys out;
    uint8_t in_secret[CRYPTO_HASH_BYTES];  // of the client's data, until its Finished has come
    uint8_t out_secret[CRYPTO_HASH_BYTES]; // of our data
    uint8_t finished[CRYPTO_HASH_BYTES];   // what the client's Finished has to be
    struct visit inner;
    bool carries;
    bool retried;        // a HelloRetryRequest was sent
    uint8_t session[32]; // of the client's hello, for that
    uint8_t session_bytes;
};

// What a hostile server does besides. X(enumerator, name, help)
#define TLS13_DEEDS(X)                                                                                                 \
    X(NONE, "", "nothing")                                                                                             \
    X(CHAIN, "chain", "shows `amount` bytes of certificates")                                                          \
    X(GIANT, "giant", "shows one certificate of `amount` bytes")                                                       \
    X(RETRIES, "retries", "answers every hello with HelloRetryRequest, without end")                                   \
    X(CHANGES, "changes", "says ChangeCipherSpec without end after its hello")                                         \
    X(UPDATES, "updates", "changes its key without end")                                                               \
    X(TICKETS, "tickets", "gives session tickets without end")                                                         \
    X(REQUESTS, "requests", "asks to negotiate anew (HelloRequest, of older versions) without end")                    \
    X(EMPTIES, "empties", "sends records of data without data, without end")

enum tls13_deed {
#define X(enumerator, name, help) TLS13_##enumerator,
    TLS13_DEEDS(X)
#undef X
        TLS13_DEED_COUNT
};

// TLS13_DEED_COUNT when the file names one that there is not.
enum tls13_deed tls13_deed_of(const struct service *service);

// Row by row, for the help.
const char *tls13_deed_name(enum tls13_deed deed);
const char *tls13_deed_help(enum tls13_deed deed);

// Writes the Certificate message (section 4.4.2) that the service's deed makes of the certificate of an identity.
// Releasing is the caller's; `failed` latches when out of memory.
void tls13_certificate_put(const struct service *service, const struct identity *identity, struct buffer *message);

// Says a HelloRetryRequest (section 4.1.4), a ServerHello of a random of its own, for P-256.
void tls13_retry(struct visit *visit);

// Says more of what has no end, as far as the visit has come.
void tls13_deed_more(struct visit *visit);

static inline void u16_put(struct buffer *to, size_t value)
{
    buffer_put_u8(to, (uint8_t)(value >> 8));
    buffer_put_u8(to, (uint8_t)value);
}

static inline void u24_put(struct buffer *to, size_t value)
{
    buffer_put_u8(to, (uint8_t)(value >> 16));
    u16_put(to, value & 0xffff);
}
