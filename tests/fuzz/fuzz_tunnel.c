// SPDX-License-Identifier: BSD-3-Clause
// What a server says inside TLS, and how it says it once the handshake is behind it: a real server in memory shakes
// hands, then the input speaks through it, in records of its own cutting, among key updates, tickets, alerts and bytes
// that are no record. Byte 0 chooses the server, 1 what is wanted inside, 2 how the stream is cut, 3 whether the server
// speaks first and what breaks the tunnel; the rest is spoken in pieces, each behind a byte with its length.

#include <stdlib.h>

#include "probes/session/registry.h"
#include "tests/fuzz/entry.h"
#include "tests/fuzz/feed.h"
#include "tests/unit/session/fake_tls.h"

enum { HEADER = 4, SERVERS = 4, SPEAKS_FIRST = 1, UPDATES_KEYS = 2, ENDS_RAW = 4, CLOSES = 8 };

struct speaker {
    struct fake_tls server; // first: dialogue_run knows it as a peer
    void (*shake)(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer);
    const uint8_t *data;
    size_t length;
    uint8_t manner;
    bool spoken; // on this connection
};

static struct speaker speakers[SERVERS];

static void speak(struct speaker *speaker, struct buffer *ret_answer)
{
    SSL *ssl = speaker->server.ssl;
    const uint8_t *at = speaker->data;
    size_t left = speaker->length;
    while (left > 1) {
        size_t piece = at[0] == 0 ? left - 1 : at[0];
        piece = piece < left ? piece : left - 1;
        (void)SSL_write(ssl, at + 1, (int)piece);
        at += 1 + piece;
        left -= 1 + piece;
        if ((speaker->manner & UPDATES_KEYS) != 0 && SSL_version(ssl) == TLS1_3_VERSION)
            (void)SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
        else if ((speaker->manner & UPDATES_KEYS) != 0)
            (void)SSL_renegotiate(ssl);
    }
    if ((speaker->manner & CLOSES) != 0)
        (void)SSL_shutdown(ssl);
    char *out = NULL;
    long waiting = BIO_get_mem_data(speaker->server.out, &out);
    buffer_put(ret_answer, out, (size_t)waiting);
    (void)BIO_reset(speaker->server.out);
    if ((speaker->manner & ENDS_RAW) != 0)
        buffer_put(ret_answer, speaker->data, speaker->length);
    speaker->server.peer.closed = (speaker->manner & CLOSES) != 0;
}

static void speaker_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    struct speaker *speaker = (struct speaker *)peer;
    if (length == 0)
        speaker->spoken = false; // a connection begins
    speaker->shake(peer, data, length, ret_answer);
    bool may = speaker->server.replied || (speaker->manner & SPEAKS_FIRST) != 0;
    if (!speaker->spoken && may && SSL_is_init_finished(speaker->server.ssl) == 1) {
        speaker->spoken = true;
        speak(speaker, ret_answer);
    }
}

static void speakers_begin(void)
{
    static const int versions[SERVERS] = {TLS1_3_VERSION, TLS1_2_VERSION, TLS1_VERSION, TLS1_3_VERSION};
    static const char *const keys[SERVERS] = {"EC", "EC", "RSA", "RSA"};
    for (size_t i = 0; i < SERVERS; i++) {
        speakers[i].server = (struct fake_tls){.version = versions[i], .key = keys[i]};
        fake_tls_init(&speakers[i].server);
        speakers[i].shake = speakers[i].server.peer.answer;
        speakers[i].server.peer.answer = speaker_answer;
    }
}

void fuzz_one(const uint8_t *data, size_t size)
{
    struct observation observation;
    if (size <= HEADER)
        return;
    if (speakers[0].server.context == NULL)
        speakers_begin();
    struct speaker *speaker = &speakers[data[0] % SERVERS];
    const struct session_ops *inner = session_row(data[1] % 16);
    const struct dialogue dialogue = {.env = feed_env(),
                                      .first = "tls",
                                      .inner = inner == NULL || inner == &session_tls ? NULL : inner->name,
                                      .port = 443,
                                      .piece = data[2] % 8 == 0 ? data[2] : 0};
    speaker->manner = data[3];
    speaker->data = data + HEADER;
    speaker->length = size - HEADER;
    if (dialogue_run(&dialogue, &speaker->server.peer, &observation) == 0)
        abort();
    // The server is real: whoever has heard no more than its handshake knows its version.
    if (observation.tls == NULL || !field_known(observation.tls, FIELD(tls, version)))
        abort();
    observation_fini(&observation);
}
