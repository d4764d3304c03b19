// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/personality/tls13.h"

#include <stdlib.h>
#include <string.h>

enum { ENOUGH = 4096, CERTIFICATES_MAX = (1 << 24) - 65536 };

static const struct {
    const char *name;
    const char *help;
} ROWS[TLS13_DEED_COUNT] = {
#define X(enumerator, name, help) {name, help},
    TLS13_DEEDS(X)
#undef X
};

enum tls13_deed tls13_deed_of(const struct service *service)
{
    enum tls13_deed deed = TLS13_NONE;
    while (service->said->deed != NULL && deed < TLS13_DEED_COUNT && strcmp(ROWS[deed].name, service->said->deed) != 0)
        deed++;
    return deed;
}

const char *tls13_deed_name(enum tls13_deed deed)
{
    return ROWS[deed].name;
}

const char *tls13_deed_help(enum tls13_deed deed)
{
    return ROWS[deed].help;
}

// One CertificateEntry without extensions: the certificate, with zeros behind it up to `length`.
static void entry_put(const struct identity *identity, size_t length, struct buffer *to)
{
    int own = i2d_X509(identity->certificate, NULL);
    u24_put(to, length);
    uint8_t *at = buffer_extend(to, length);
    if (at != NULL && own > 0 && (size_t)own <= length) {
        memset(at, 0, length);
        (void)i2d_X509(identity->certificate, &at);
    }
    u16_put(to, 0);
}

void tls13_certificate_put(const struct service *service, const struct identity *identity, struct buffer *message)
{
    enum { ENTRY_HEADER = 3 + 2, MESSAGE_HEADER = 4 + 1 + 3 };
    enum tls13_deed deed = tls13_deed_of(service);
    int length = i2d_X509(identity->certificate, NULL);
    size_t own = length > 0 ? (size_t)length : 0;
    size_t amount = (size_t)service->said->amount;
    amount = amount > CERTIFICATES_MAX ? CERTIFICATES_MAX : amount;
    size_t each = deed == TLS13_GIANT && amount > own ? amount : own;
    size_t count = deed == TLS13_CHAIN ? amount / (own + ENTRY_HEADER) + 1 : 1;
    size_t whole = count * (each + ENTRY_HEADER);
    message->failed = message->failed || length <= 0;
    buffer_put_u8(message, 11);
    u24_put(message, MESSAGE_HEADER - 4 + whole);
    buffer_put_u8(message, 0);
    u24_put(message, whole);
    for (size_t i = 0; i < count; i++)
        entry_put(identity, each, message);
}

void tls13_retry(struct visit *visit)
{
    static const uint8_t RANDOM[] = {3,    3,    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d,
                                     0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                     0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
    // AES-128-GCM; the version, and P-256.
    static const uint8_t REST[] = {0x13, 0x01, 0, 0, 12, 0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 23};
    struct tls13_state *state = visit->state;
    size_t length = sizeof(RANDOM) + 1 + state->session_bytes + sizeof(REST);
    state->retried = true;
    buffer_put(&visit->output, (const uint8_t[]){RECORD_HANDSHAKE, 3, 3}, 3);
    u16_put(&visit->output, length + 4);
    buffer_put_u8(&visit->output, 2);
    u24_put(&visit->output, length);
    buffer_put(&visit->output, RANDOM, sizeof(RANDOM));
    buffer_put_u8(&visit->output, state->session_bytes);
    buffer_put(&visit->output, state->session, state->session_bytes);
    buffer_put(&visit->output, REST, sizeof(REST));
}

// RFC 8446 section 4.6.3: the next key of ours is in use from the next record on.
static void update_send(struct tls13_state *state, struct buffer *output)
{
    static const uint8_t UPDATE[] = {24, 0, 0, 1, 1};
    uint8_t next[CRYPTO_HASH_BYTES];
    (void)record_seal(&state->out, RECORD_HANDSHAKE, bytes_of(UPDATE, sizeof(UPDATE)), output);
    secret_expand(state->out_secret, (struct secret_label){"traffic upd", NULL}, next, sizeof(next));
    memcpy(state->out_secret, next, sizeof(next));
    record_keys_set(&state->out, next);
}

static bool deed_once(enum tls13_deed deed, struct tls13_state *state, struct buffer *output)
{
    // Section 4.6.1: an hour, no age, a nonce, 8 bytes of ticket, no extension.
    static const uint8_t TICKET[] = {4, 0, 0, 22, 0, 0, 14, 16, 0, 0, 0, 0, 1, 7, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0};
    static const uint8_t REQUEST[] = {0, 0, 0, 0};
    static const uint8_t CHANGE[] = {RECORD_CHANGE, 3, 3, 0, 1, 1};
    bool open = state->phase == TLS13_OPEN;
    switch (deed) {
    case TLS13_CHANGES:
        buffer_put(output, CHANGE, state->phase == TLS13_HELLO ? 0 : sizeof(CHANGE));
        return state->phase != TLS13_HELLO;
    case TLS13_UPDATES:
        if (open)
            update_send(state, output);
        return open;
    case TLS13_TICKETS:
        return open && record_seal(&state->out, RECORD_HANDSHAKE, bytes_of(TICKET, sizeof(TICKET)), output);
    case TLS13_REQUESTS:
        return open && record_seal(&state->out, RECORD_HANDSHAKE, bytes_of(REQUEST, sizeof(REQUEST)), output);
    case TLS13_EMPTIES:
        return open && record_seal(&state->out, RECORD_DATA, bytes_of(NULL, 0), output);
    default:
        return false;
    }
}

void tls13_deed_more(struct visit *visit)
{
    struct tls13_state *state = visit->state;
    enum tls13_deed deed = tls13_deed_of(visit->service);
    while (deed == TLS13_RETRIES && state->retried && visit->output.length < ENOUGH && !visit->output.failed)
        tls13_retry(visit);
    while (visit->output.length < ENOUGH && !visit->output.failed && deed_once(deed, state, &visit->output))
        ;
}
