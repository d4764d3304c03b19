// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/session/proxy_tls.h"

#include <stdlib.h>
#include <string.h>

#include "probes/protocol/tls/tls_server_hello.h"
#include "probes/session/env.h"

static void must(bool done)
{
    if (!done)
        abort();
}

void proxy_put_raw(struct proxy_tls *self, const void *data, size_t length)
{
    buffer_put(self->out, data, length);
}

void proxy_put(struct proxy_tls *self, uint8_t type, const void *data, size_t length)
{
    const struct tls_record plain = {.type = type, .body = bytes_of(length == 0 ? "" : data, length)};
    if (type == TLS_CONTENT_HANDSHAKE && self->epoch != PROXY_APPLICATION)
        buffer_put(&self->transcript, data, length);
    if (self->epoch != PROXY_CLEAR) {
        must(tls_record_seal(self->kit, self->suite, &self->to_client, &plain, self->out) == 0);
        return;
    }
    const uint8_t header[] = {type, 3, 3, (uint8_t)(length >> 8), (uint8_t)length};
    proxy_put_raw(self, header, sizeof(header));
    proxy_put_raw(self, data, length);
}

static void pass(struct proxy_tls *self, uint8_t type, struct bytes content)
{
    if (self->pass != NULL)
        self->pass(self, type, content);
    else
        proxy_put(self, type, content.data, content.length);
}

// "LABEL RANDOM SECRET"
static void secret_note(const SSL *ssl, const char *line)
{
    static const char *const labels[] = {"SERVER_HANDSHAKE_TRAFFIC_SECRET ", "SERVER_TRAFFIC_SECRET_0 "};
    struct proxy_tls *self = SSL_get_app_data(ssl);
    for (size_t at = 0; at < 2; at++) {
        size_t length = 0;
        if (strncmp(line, labels[at], strlen(labels[at])) != 0)
            continue;
        unsigned char *secret = OPENSSL_hexstr2buf(strrchr(line, ' ') + 1, &(long){0});
        length = (strlen(strrchr(line, ' ')) - 1) / 2;
        must(secret != NULL && length <= TLS_HASH_BYTES_MAX);
        memcpy(self->secrets[at], secret, length);
        OPENSSL_free(secret);
    }
}

static void epoch_begin(struct proxy_tls *self, enum proxy_epoch epoch)
{
    self->epoch = epoch;
    must(tls_protection_begin(self->kit, self->suite, self->secrets[epoch - 1], &self->from_server));
    self->to_client = self->from_server;
}

// The server's Finished, for the client's view of what was said before it.
static void finished_put(struct proxy_tls *self)
{
    uint8_t message[TLS_MESSAGE_HEADER_BYTES + TLS_HASH_BYTES_MAX] = {TLS_FINISHED, 0, 0, self->suite->hash_bytes};
    uint8_t hash[TLS_HASH_BYTES_MAX];
    must(tls_kit_digest(self->kit, self->suite->hash, buffer_bytes(&self->transcript), self->transcript.length, hash));
    must(tls_finished(self->kit, self->suite, self->secrets[0], hash, message + TLS_MESSAGE_HEADER_BYTES));
    pass(self, TLS_CONTENT_HANDSHAKE, bytes_of(message, TLS_MESSAGE_HEADER_BYTES + (size_t)self->suite->hash_bytes));
    epoch_begin(self, PROXY_APPLICATION);
}

static void handshake_pass(struct proxy_tls *self, struct bytes content)
{
    struct tls_handshake message;
    enum tls_handshake_state state;
    while ((state = tls_handshake_take(&self->assembly, &content, &message)) == TLS_HANDSHAKE_WHOLE) {
        if (message.type == TLS_FINISHED) {
            finished_put(self);
            continue;
        }
        if (message.type != TLS_SERVER_HELLO) {
            pass(self, TLS_CONTENT_HANDSHAKE, message.whole);
            continue;
        }
        struct tls_server_hello hello;
        must(tls_server_hello_read(message.body, &hello) == 0);
        self->suite = tls_suite_find(hello.cipher);
        must(self->suite != NULL);
        if (hello.retry) {
            // RFC 8446 section 4.4.1.
            uint8_t first[TLS_MESSAGE_HEADER_BYTES + TLS_HASH_BYTES_MAX] = {TLS_MESSAGE_HASH, 0, 0,
                                                                            self->suite->hash_bytes};
            must(tls_kit_digest(self->kit, self->suite->hash, buffer_bytes(&self->transcript), self->transcript.length,
                                first + TLS_MESSAGE_HEADER_BYTES));
            buffer_drop(&self->transcript, self->transcript.length);
            buffer_put(&self->transcript, first, TLS_MESSAGE_HEADER_BYTES + (size_t)self->suite->hash_bytes);
        }
        pass(self, TLS_CONTENT_HANDSHAKE, message.whole);
        if (!hello.retry)
            epoch_begin(self, PROXY_HANDSHAKE);
    }
    must(state == TLS_HANDSHAKE_PARTIAL);
}

static void records_pass(struct proxy_tls *self)
{
    struct bytes input = bytes_of(buffer_bytes(&self->pending), self->pending.length);
    struct tls_record record;
    while (tls_record_take(&input, TLS_CIPHERTEXT_BYTES_MAX, &record) == TLS_RECORD_WHOLE) {
        if (record.type == TLS_CONTENT_CHANGE_CIPHER_SPEC) {
            proxy_put_raw(self, record.header.data, TLS_RECORD_HEADER_BYTES + record.body.length);
            continue;
        }
        struct tls_record plain = record;
        uint8_t copy[TLS_RECORD_BYTES_MAX];
        if (self->epoch != PROXY_CLEAR && record.type == TLS_CONTENT_APPLICATION_DATA) {
            must(tls_record_open(self->kit, self->suite, &self->from_server, &record, &plain) == 0);
            // To seal again uses the kit as well.
            memcpy(copy, plain.body.data, plain.body.length);
            plain.body.data = copy;
        }
        if (plain.type == TLS_CONTENT_HANDSHAKE)
            handshake_pass(self, plain.body);
        else
            pass(self, plain.type, plain.body);
    }
    buffer_drop(&self->pending, self->pending.length - input.length);
}

static void proxy_begin(struct peer *peer)
{
    struct proxy_tls *self = (struct proxy_tls *)peer;
    self->begin(peer);
    SSL_set_app_data(self->fake.ssl, self);
    self->epoch = PROXY_CLEAR;
    self->suite = NULL;
    self->assembly.given = false;
    buffer_fini(&self->assembly.kept);
    buffer_fini(&self->transcript);
    buffer_fini(&self->pending);
}

static void proxy_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    struct proxy_tls *self = (struct proxy_tls *)peer;
    // A hello leaves the client as one record.
    if (self->epoch == PROXY_CLEAR && length > TLS_RECORD_HEADER_BYTES && data[0] == TLS_CONTENT_HANDSHAKE)
        buffer_put(&self->transcript, data + TLS_RECORD_HEADER_BYTES, length - TLS_RECORD_HEADER_BYTES);
    self->out = ret_answer;
    self->answer(peer, data, length, &self->pending);
    records_pass(self);
}

void proxy_tls_init(struct proxy_tls *proxy)
{
    proxy->fake.version = TLS1_3_VERSION;
    fake_tls_init(&proxy->fake);
    proxy->begin = proxy->fake.peer.begin;
    proxy->answer = proxy->fake.peer.answer;
    proxy->fake.peer.begin = proxy_begin;
    proxy->fake.peer.answer = proxy_answer;
    SSL_CTX_set_keylog_callback(proxy->fake.context, secret_note);
    proxy->kit = tls_kit_new(proxy->fake.context, true);
    must(proxy->kit != NULL);
}

void proxy_tls_fini(struct proxy_tls *proxy)
{
    buffer_fini(&proxy->assembly.kept);
    buffer_fini(&proxy->transcript);
    buffer_fini(&proxy->pending);
    tls_kit_free(proxy->kit);
    fake_tls_fini(&proxy->fake);
}
