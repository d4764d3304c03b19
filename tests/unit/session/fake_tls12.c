// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/session/fake_tls12.h"

#include <stdlib.h>
#include <string.h>

#include "probes/protocol/tls/tls_handshake.h"
#include "probes/protocol/tls/tls_share.h"
#include "probes/session/env.h"
#include "tests/unit/session/issue.h"

// Of ours, the same in every handshake: nothing depends on it.
static const uint8_t server_random[TLS_RANDOM_BYTES] = "a server's thirty-two bytes ....";

static void must(bool done)
{
    if (!done)
        abort();
}

static void hash_read(struct fake_tls12 *fake, uint8_t *ret_hash)
{
    must(tls_kit_digest(fake->kit, fake->spoken->suite.hash, buffer_bytes(&fake->transcript), fake->transcript.length,
                        ret_hash));
}

void fake_tls12_put_raw(struct fake_tls12 *fake, const void *data, size_t length)
{
    buffer_put(fake->out, data, length);
}

void fake_tls12_put(struct fake_tls12 *fake, uint8_t type, const void *data, size_t length)
{
    const struct tls_record plain = {.type = type, .body = bytes_of(length == 0 ? "" : data, length)};
    if (type == TLS_CONTENT_HANDSHAKE && !fake->open)
        buffer_put(&fake->transcript, data, length);
    if (fake->said_change) {
        must(tls12_record_seal(fake->kit, fake->spoken, &fake->protections[1], &plain, fake->out) == 0);
        return;
    }
    const uint8_t header[] = {type, 3, 3, (uint8_t)(length >> 8), (uint8_t)length};
    fake_tls12_put_raw(fake, header, sizeof(header));
    fake_tls12_put_raw(fake, data, length);
}

static void pass(struct fake_tls12 *fake, uint8_t type, struct bytes content)
{
    if (fake->pass != NULL)
        fake->pass(fake, type, content);
    else
        fake_tls12_put(fake, type, content.data, content.length);
}

// A message whose header is there and whose length is not.
static void message_pass(struct fake_tls12 *fake, struct buffer *message)
{
    uint8_t *data = message->data + message->start;
    size_t length = message->length - TLS_MESSAGE_HEADER_BYTES;
    data[2] = (uint8_t)(length >> 8);
    data[3] = (uint8_t)length;
    pass(fake, TLS_CONTENT_HANDSHAKE, bytes_of(data, message->length));
    buffer_fini(message);
}

static void hello_say(struct fake_tls12 *fake)
{
    struct buffer message = {0};
    const uint8_t begin[] = {TLS_SERVER_HELLO, 0, 0, 0, 3, 3};
    const uint8_t end[] = {0, (uint8_t)(fake->spoken->suite.number >> 8), (uint8_t)fake->spoken->suite.number, 0};
    static const uint8_t extended[] = {0, 9, 0xff, 1, 0, 1, 0, 0, 23, 0, 0};
    static const uint8_t plain[] = {0, 5, 0xff, 1, 0, 1, 0};
    buffer_put(&message, begin, sizeof(begin));
    buffer_put(&message, server_random, sizeof(server_random));
    buffer_put(&message, end, sizeof(end));
    buffer_put(&message, fake->plain_master ? plain : extended, fake->plain_master ? sizeof(plain) : sizeof(extended));
    message_pass(fake, &message);
}

static void certificate_say(struct fake_tls12 *fake)
{
    struct buffer message = {0};
    uint8_t *der = NULL;
    size_t length = (size_t)i2d_X509(fake->certificate, &der);
    const uint8_t begin[] = {
        TLS_CERTIFICATE, 0, 0, 0, 0, (uint8_t)((length + 3) >> 8), (uint8_t)(length + 3), 0, (uint8_t)(length >> 8),
        (uint8_t)length};
    buffer_put(&message, begin, sizeof(begin));
    buffer_put(&message, der, length);
    message_pass(fake, &message);
    OPENSSL_free(der);
}

static void exchange_say(struct fake_tls12 *fake)
{
    struct buffer message = {0};
    struct buffer content = {0};
    uint8_t signature[512];
    size_t length = sizeof(signature);
    uint16_t group = fake->group == 0 ? TLS_GROUP_X25519 : fake->group;
    struct bytes share = tls_share_take(fake->kit->shares, group, fake->share);
    const uint8_t begin[] = {TLS_SERVER_KEY_EXCHANGE, 0, 0, 0, 3, (uint8_t)(group >> 8), (uint8_t)group,
                             (uint8_t)share.length};
    buffer_put(&message, begin, sizeof(begin));
    buffer_put(&message, share.data, share.length);
    buffer_put(&content, fake->client_random, TLS_RANDOM_BYTES);
    buffer_put(&content, server_random, TLS_RANDOM_BYTES);
    buffer_put(&content, begin + TLS_MESSAGE_HEADER_BYTES, sizeof(begin) - TLS_MESSAGE_HEADER_BYTES);
    buffer_put(&content, share.data, share.length);
    EVP_MD_CTX *signing = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(signing, NULL, EVP_sha256(), NULL, fake->private_key) == 1 &&
         EVP_DigestSign(signing, signature, &length, buffer_bytes(&content), content.length) == 1);
    EVP_MD_CTX_free(signing);
    const uint8_t scheme[] = {4, strcmp(fake->key, "RSA") == 0 ? 1 : 3, (uint8_t)(length >> 8), (uint8_t)length};
    buffer_put(&message, scheme, sizeof(scheme));
    buffer_put(&message, signature, length);
    message_pass(fake, &message);
    buffer_fini(&content);
}

static void flight_say(struct fake_tls12 *fake)
{
    static const uint8_t request[] = {TLS_CERTIFICATE_REQUEST, 0, 0, 11, 2, 1, 64, 0, 4, 4, 3, 4, 1, 0, 0};
    static const uint8_t done[] = {TLS_SERVER_HELLO_DONE, 0, 0, 0};
    hello_say(fake);
    certificate_say(fake);
    exchange_say(fake);
    if (fake->asks_certificate)
        pass(fake, TLS_CONTENT_HANDSHAKE, bytes_of(request, sizeof(request)));
    pass(fake, TLS_CONTENT_HANDSHAKE, bytes_of(done, sizeof(done)));
}

// The client has said what it has; if it cannot be right, the server hangs up.
static bool keys_begin(struct fake_tls12 *fake, struct bytes body)
{
    uint8_t shared[TLS_SHARED_BYTES_MAX];
    uint8_t hash[TLS_HASH_BYTES_MAX];
    size_t length = 0;
    const struct tls12_randoms randoms = {.client = fake->client_random, .server = server_random};
    struct bytes point = bytes_slice(&body, bytes_u8(&body));
    if (tls_share_derive(fake->kit->shares, *fake->share, point, shared, &length) != 0)
        return false;
    hash_read(fake, hash);
    const struct tls12_shared what = {.secret = bytes_of(shared, length),
                                      .session_hash = fake->plain_master ? NULL : hash};
    must(tls12_master(fake->kit, fake->spoken, &what, &randoms, fake->master) &&
         tls12_protections(fake->kit, fake->spoken, fake->master, &randoms, fake->protections));
    return true;
}

static void finished_say(struct fake_tls12 *fake)
{
    static const uint8_t change[] = {TLS_CONTENT_CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1};
    uint8_t hash[TLS_HASH_BYTES_MAX];
    uint8_t message[TLS_MESSAGE_HEADER_BYTES + TLS12_VERIFY_BYTES] = {TLS_FINISHED, 0, 0, TLS12_VERIFY_BYTES};
    const struct tls12_end end = {.master = fake->master, .hash = hash};
    hash_read(fake, hash);
    must(tls12_finished(fake->kit, fake->spoken, &end, message + TLS_MESSAGE_HEADER_BYTES));
    fake_tls12_put_raw(fake, change, sizeof(change));
    fake->said_change = true;
    pass(fake, TLS_CONTENT_HANDSHAKE, bytes_of(message, sizeof(message)));
    fake->open = true;
}

static bool message_hear(struct fake_tls12 *fake, const struct tls_handshake *message)
{
    uint8_t hash[TLS_HASH_BYTES_MAX];
    uint8_t verify[TLS12_VERIFY_BYTES];
    struct bytes body = message->body;
    if (message->type == TLS_FINISHED) {
        const struct tls12_end end = {.master = fake->master, .hash = hash, .client = true};
        hash_read(fake, hash);
        must(tls12_finished(fake->kit, fake->spoken, &end, verify));
        if (body.length != sizeof(verify) || memcmp(body.data, verify, sizeof(verify)) != 0)
            return false;
    }
    buffer_put(&fake->transcript, message->whole.data, message->whole.length);
    switch (message->type) {
    case TLS_CLIENT_HELLO:
        (void)bytes_u16(&body);
        memcpy(fake->client_random, bytes_take(&body, TLS_RANDOM_BYTES), TLS_RANDOM_BYTES);
        flight_say(fake);
        return true;
    case TLS_CLIENT_KEY_EXCHANGE:
        return keys_begin(fake, body);
    case TLS_FINISHED:
        finished_say(fake);
        return true;
    default:
        return true;
    }
}

// Each record of the client's holds whole messages.
static bool record_hear(struct fake_tls12 *fake, const struct tls_record *record)
{
    struct tls_assembly assembly = {0};
    struct tls_handshake message;
    struct bytes body = record->body;
    switch (record->type) {
    case TLS_CONTENT_CHANGE_CIPHER_SPEC:
        fake->heard_change = true;
        return true;
    case TLS_CONTENT_ALERT:
        fake->goodbye = body.length == 2 && body.data[1] == 0;
        return false;
    case TLS_CONTENT_APPLICATION_DATA:
        if (!fake->replied)
            pass(fake, TLS_CONTENT_APPLICATION_DATA, bytes_of(fake->reply, strlen(fake->reply)));
        fake->replied = true;
        return true;
    default:
        while (tls_handshake_take(&assembly, &body, &message) == TLS_HANDSHAKE_WHOLE)
            if (!message_hear(fake, &message))
                return false;
        return true;
    }
}

static void fake_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    struct fake_tls12 *fake = (struct fake_tls12 *)peer;
    struct tls_record record;
    buffer_put(&fake->pending, data, length);
    fake->out = ret_answer;
    struct bytes input = bytes_of(buffer_bytes(&fake->pending), fake->pending.length);
    while (!peer->closed && tls_record_take(&input, TLS_CIPHERTEXT_BYTES_MAX, &record) == TLS_RECORD_WHOLE) {
        uint8_t copy[TLS_RECORD_BYTES_MAX];
        struct tls_record plain = record;
        if (fake->heard_change) {
            if (tls12_record_open(fake->kit, fake->spoken, &fake->protections[0], &record, &plain) != 0) {
                peer->closed = true;
                break;
            }
            // To seal an answer uses the kit as well.
            memcpy(copy, plain.body.data, plain.body.length);
            plain.body.data = copy;
        }
        peer->closed = !record_hear(fake, &plain);
    }
    buffer_drop(&fake->pending, fake->pending.length - input.length);
}

static void fake_begin(struct peer *peer)
{
    struct fake_tls12 *fake = (struct fake_tls12 *)peer;
    fake->heard_change = fake->said_change = fake->open = fake->replied = fake->goodbye = false;
    buffer_fini(&fake->transcript);
    buffer_fini(&fake->pending);
}

void fake_tls12_init(struct fake_tls12 *fake)
{
    bool rsa = strcmp(fake->key, "RSA") == 0;
    SSL_CTX *context = tls_context_new();
    fake->kit = tls_kit_new(context, true);
    fake->share = calloc(1, sizeof(*fake->share));
    fake->private_key = issue_key(fake->key);
    fake->spoken = tls12_suite_find(fake->suite != 0 ? fake->suite : rsa ? 0xc02f : 0xc02b);
    must(fake->kit != NULL && fake->share != NULL && fake->spoken != NULL);
    const struct issue issue = {.subject = "host.example",
                                .issuer = "host.example",
                                .key = fake->private_key,
                                .signer = fake->private_key,
                                .until = 86400};
    fake->certificate = issue_certificate(&issue);
    fake->peer.begin = fake_begin;
    fake->peer.answer = fake_answer;
    SSL_CTX_free(context);
}

void fake_tls12_fini(struct fake_tls12 *fake)
{
    buffer_fini(&fake->transcript);
    buffer_fini(&fake->pending);
    tls_kit_free(fake->kit);
    X509_free(fake->certificate);
    EVP_PKEY_free(fake->private_key);
    free(fake->share);
}
