// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls13.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "probes/protocol/tls/tls13_hello.h"
#include "probes/protocol/tls/tls_alert.h"
#include "probes/protocol/tls/tls_chain.h"
#include "probes/protocol/tls/tls_leaf.h"
#include "probes/protocol/tls/tls_send.h"

enum {
    LATER_MESSAGES_MAX = 32, // OpenSSL sends two tickets, others up to four; a KeyUpdate is for terabytes
    PROOF_PADDING = 64,
};

static bool hello_send(struct session *self)
{
    struct tls_state *state = tls_state_of(self);
    return tls13_hello_write(self->env->kit, &state->said, &state->share, &state->hello) == 0 &&
           session_send(self, buffer_bytes(&state->hello), state->hello.length) == 0;
}

bool tls13_hello(struct session *self)
{
    struct tls_state *state = tls_state_of(self);
    state->said.group = tls_share_groups[0];
    state->said.server_name = self->name;
    state->said.application_count = tls_application_offer(self, state->said.applications);
    return RAND_bytes(state->said.random, sizeof(state->said.random)) == 1 &&
           RAND_bytes(state->said.session_id, sizeof(state->said.session_id)) == 1 && hello_send(self);
}

// RFC 8446 section 4.1.4: the same hello again, with a share of the group that was asked for, and the cookie.
static enum tls_outcome retry(struct session *self, const struct tls_server_hello *hello, const struct tls_suite *suite,
                              struct bytes message)
{
    struct tls_state *state = tls_state_of(self);
    bool asked = hello->group != 0 || hello->cookie.length > 0;
    if (state->retried || !asked || hello->group == state->said.group)
        return tls_send_alert(self, TLS_ALERT_ILLEGAL_PARAMETER);
    state->retried = true;
    if (!tls_transcript_begin(self, suite) || !tls_transcript_add(state, message))
        return TLS_OUTCOME_FAILED;
    state->said.group = hello->group != 0 ? hello->group : state->said.group;
    state->said.cookie = hello->cookie;
    int error = tls13_hello_write(self->env->kit, &state->said, &state->share, &state->hello);
    state->said.cookie = bytes_of(NULL, 0);
    state->retry_suite = suite;
    if (error != 0)
        return error == -ENOMEM ? TLS_OUTCOME_FAILED : tls_send_alert(self, TLS_ALERT_ILLEGAL_PARAMETER);
    bool sent = session_send(self, buffer_bytes(&state->hello), state->hello.length) == 0 &&
                tls_transcript_add(state, bytes_of(buffer_bytes(&state->hello) + TLS_RECORD_HEADER_BYTES,
                                                   state->hello.length - TLS_RECORD_HEADER_BYTES));
    buffer_drop(&state->hello, state->hello.length);
    return sent ? TLS_OUTCOME_ON : TLS_OUTCOME_FAILED;
}

// The handshake's keys of both directions.
static enum tls_outcome keys_begin(struct session *self, const struct tls_server_hello *hello,
                                   const struct tls_suite *suite)
{
    struct tls_state *state = tls_state_of(self);
    struct tls_kit *kit = self->env->kit;
    uint8_t shared[TLS_SHARED_BYTES_MAX];
    uint8_t transcript[TLS_HASH_BYTES_MAX];
    size_t length = 0;
    int error = tls_share_derive(kit->shares, state->share, hello->key_share, shared, &length);
    if (error != 0)
        return error == -ENOMEM ? TLS_OUTCOME_FAILED : tls_send_alert(self, TLS_ALERT_ILLEGAL_PARAMETER);
    bool done = tls_transcript_read(self, transcript) &&
                tls_secrets_handshake(kit, suite, bytes_of(shared, length), transcript, &state->secrets) &&
                tls_protection_begin(kit, suite, state->secrets.server, &state->read) &&
                tls_protection_begin(kit, suite, state->secrets.client, &state->write);
    OPENSSL_cleanse(shared, sizeof(shared));
    if (!done)
        return TLS_OUTCOME_FAILED;
    state->suite = suite;
    state->stage = TLS_STAGE_EXTENSIONS;
    return TLS_OUTCOME_ON;
}

enum tls_outcome tls13_server_hello(struct session *self, const struct tls_server_hello *hello,
                                    const struct tls_handshake *message, size_t rest)
{
    struct tls_state *state = tls_state_of(self);
    const struct tls_suite *suite = tls_suite_find(hello->cipher);
    bool echoed = hello->session_id.length == TLS13_SESSION_ID_BYTES &&
                  memcmp(hello->session_id.data, state->said.session_id, TLS13_SESSION_ID_BYTES) == 0;
    if (suite == NULL || !echoed || hello->compression != 0 ||
        (state->retry_suite != NULL && state->retry_suite != suite))
        return tls_send_alert(self, TLS_ALERT_ILLEGAL_PARAMETER);
    if (rest > 0)
        return tls_send_alert(self,
                              TLS_ALERT_UNEXPECTED_MESSAGE); // what follows has other keys, or waits for our hello
    learn_constant(self->observation, FIELD(tls, version), "TLSv1.3");
    learn_constant(self->observation, FIELD(tls, cipher), suite->name);
    if (hello->retry)
        return retry(self, hello, suite, message->whole);
    if (hello->group != state->share.group)
        return tls_send_alert(self, TLS_ALERT_ILLEGAL_PARAMETER);
    if ((!state->retried && !tls_transcript_begin(self, suite)) || !tls_transcript_add(state, message->whole))
        return TLS_OUTCOME_FAILED;
    return keys_begin(self, hello, suite);
}

// Reads a list of extensions to its end, and what it says of an application protocol. What was not asked for does no
// harm here.
static bool extensions_fit(struct bytes *body, struct bytes *ret_application)
{
    struct bytes list = bytes_slice(body, bytes_u16(body));
    while (list.length > 0 && !list.failed) {
        uint16_t type = bytes_u16(&list);
        struct bytes data = bytes_slice(&list, bytes_u16(&list));
        if (type == TLS_EXTENSION_ALPN && !data.failed && !tls_alpn_read(data, ret_application))
            return false;
    }
    return !list.failed && !body->failed && body->length == 0;
}

static enum tls_outcome extensions(struct session *self, const struct tls_handshake *message)
{
    struct tls_state *state = tls_state_of(self);
    struct bytes body = message->body;
    struct bytes application = {0};
    if (!extensions_fit(&body, &application))
        return tls_send_alert(self, TLS_ALERT_DECODE_ERROR);
    if (application.length > 0)
        state->application = tls_application_learn(self, application);
    state->stage = TLS_STAGE_CERTIFICATE;
    return TLS_OUTCOME_ON;
}

static enum tls_outcome certificate_request(struct session *self, const struct tls_handshake *message)
{
    struct tls_state *state = tls_state_of(self);
    struct bytes body = message->body;
    if (state->certificate_wanted)
        return tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
    struct bytes application = {0};
    if (bytes_u8(&body) != 0 || !extensions_fit(&body, &application))
        return tls_send_alert(self, TLS_ALERT_DECODE_ERROR);
    state->certificate_wanted = true;
    return TLS_OUTCOME_ON;
}

static enum tls_outcome certificate(struct session *self, const struct tls_handshake *message)
{
    struct tls_state *state = tls_state_of(self);
    const struct tls_key *key = NULL;
    chain_observe_message(self, message->body, true);
    enum tls_leaf_state found = tls_leaf_read(self->env->kit, message->body, true, self->observation, &key);
    if (tls_kit_starved())
        return TLS_OUTCOME_FAILED;
    if (found == TLS_LEAF_REFUSED)
        return tls_send_alert(self, TLS_ALERT_BAD_CERTIFICATE);
    if (found != TLS_LEAF_LEARNT)
        return tls_send_alert(self, TLS_ALERT_DECODE_ERROR);
    if (key->key == NULL)
        return tls_send_alert(self, TLS_ALERT_BAD_CERTIFICATE);
    if (EVP_PKEY_up_ref(key->key) != 1)
        return TLS_OUTCOME_FAILED;
    state->key = key->key;
    state->stage = TLS_STAGE_PROOF;
    return TLS_OUTCOME_ON;
}

// RFC 8446 section 4.4.3.
static enum tls_outcome proof(struct session *self, const struct tls_handshake *message)
{
    static const char context[] = "TLS 1.3, server CertificateVerify"; // with its NUL
    struct tls_state *state = tls_state_of(self);
    struct bytes body = message->body;
    uint16_t scheme = bytes_u16(&body);
    struct bytes signature = bytes_slice(&body, bytes_u16(&body));
    uint8_t content[PROOF_PADDING + sizeof(context) + TLS_HASH_BYTES_MAX];
    if (signature.failed || body.failed || body.length != 0)
        return tls_send_alert(self, TLS_ALERT_DECODE_ERROR);
    memset(content, ' ', PROOF_PADDING);
    memcpy(content + PROOF_PADDING, context, sizeof(context));
    size_t length = PROOF_PADDING + sizeof(context) + state->suite->hash_bytes;
    if (!tls_transcript_read(self, content + PROOF_PADDING + sizeof(context)))
        return TLS_OUTCOME_FAILED;
    if (self->env->kit->prove) {
        const struct tls_signature made = {
            .scheme = scheme, .since_13 = true, .message = bytes_of(content, length), .signature = signature};
        enum tls_proof found = tls_key_check(self->env->kit, state->key, &made);
        if (tls_kit_starved())
            return TLS_OUTCOME_FAILED;
        if (found == TLS_PROOF_UNFIT)
            return tls_send_alert(self, TLS_ALERT_ILLEGAL_PARAMETER);
        learn_flag(self->observation, FIELD(tls, key_proved), found == TLS_PROOF_RIGHT);
        if (found == TLS_PROOF_WRONG)
            return tls_send_alert(self, TLS_ALERT_DECRYPT_ERROR);
    }
    EVP_PKEY_free(state->key);
    state->key = NULL;
    state->stage = TLS_STAGE_FINISHED;
    return TLS_OUTCOME_ON;
}

// What we have to say before data: that we have no certificate, where one was wanted, and Finished.
static bool finished_send(struct session *self)
{
    static const uint8_t change_cipher_spec[] = {TLS_CONTENT_CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1};
    static const uint8_t no_certificate[] = {TLS_CERTIFICATE, 0, 0, 4, 0, 0, 0, 0};
    struct tls_state *state = tls_state_of(self);
    uint8_t flight[sizeof(no_certificate) + TLS_MESSAGE_HEADER_BYTES + TLS_HASH_BYTES_MAX];
    uint8_t transcript[TLS_HASH_BYTES_MAX];
    size_t length = 0;
    if (state->certificate_wanted) {
        memcpy(flight, no_certificate, sizeof(no_certificate));
        length = sizeof(no_certificate);
        if (!tls_transcript_add(state, bytes_of(flight, length)))
            return false;
    }
    const uint8_t header[TLS_MESSAGE_HEADER_BYTES] = {TLS_FINISHED, 0, 0, state->suite->hash_bytes};
    memcpy(flight + length, header, sizeof(header));
    length += sizeof(header);
    if (!tls_transcript_read(self, transcript) ||
        !tls_finished(self->env->kit, state->suite, state->secrets.client, transcript, flight + length))
        return false;
    length += state->suite->hash_bytes;
    return session_send(self, change_cipher_spec, sizeof(change_cipher_spec)) == 0 &&
           tls_send(self, TLS_CONTENT_HANDSHAKE, flight, length);
}

static enum tls_outcome finished(struct session *self, const struct tls_handshake *message, size_t rest)
{
    struct tls_state *state = tls_state_of(self);
    struct tls_kit *kit = self->env->kit;
    uint8_t transcript[TLS_HASH_BYTES_MAX];
    uint8_t expected[TLS_HASH_BYTES_MAX];
    if (!tls_transcript_read(self, transcript) ||
        !tls_finished(kit, state->suite, state->secrets.server, transcript, expected))
        return TLS_OUTCOME_FAILED;
    if (message->body.length != state->suite->hash_bytes ||
        CRYPTO_memcmp(message->body.data, expected, state->suite->hash_bytes) != 0)
        return tls_send_alert(self, TLS_ALERT_DECRYPT_ERROR);
    if (rest > 0)
        return tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE); // the keys change
    if (!tls_transcript_add(state, message->whole) || !tls_transcript_read(self, transcript) || !finished_send(self) ||
        !tls_secrets_application(kit, state->suite, transcript, &state->secrets) ||
        !tls_protection_begin(kit, state->suite, state->secrets.server, &state->read) ||
        !tls_protection_begin(kit, state->suite, state->secrets.client, &state->write))
        return TLS_OUTCOME_FAILED;
    EVP_MD_CTX_free(state->transcript);
    state->transcript = NULL;
    state->stage = TLS_STAGE_OPEN;
    return TLS_OUTCOME_OPEN;
}

// RFC 8446 section 4.6.3.
static enum tls_outcome key_update(struct session *self, const struct tls_handshake *message, size_t rest)
{
    static const uint8_t answer[] = {TLS_KEY_UPDATE, 0, 0, 1, 0};
    struct tls_state *state = tls_state_of(self);
    struct tls_kit *kit = self->env->kit;
    if (message->body.length != 1 || message->body.data[0] > 1)
        return tls_send_alert(self, TLS_ALERT_ILLEGAL_PARAMETER);
    if (rest > 0)
        return tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
    if (!tls_secret_update(kit, state->suite, state->secrets.server) ||
        !tls_protection_begin(kit, state->suite, state->secrets.server, &state->read))
        return TLS_OUTCOME_FAILED;
    if (message->body.data[0] == 0)
        return TLS_OUTCOME_ON;
    bool answered = tls_send(self, TLS_CONTENT_HANDSHAKE, answer, sizeof(answer)) &&
                    tls_secret_update(kit, state->suite, state->secrets.client) &&
                    tls_protection_begin(kit, state->suite, state->secrets.client, &state->write);
    return answered ? TLS_OUTCOME_ON : TLS_OUTCOME_FAILED;
}

static enum tls_outcome later_message(struct session *self, const struct tls_handshake *message, size_t rest)
{
    struct tls_state *state = tls_state_of(self);
    if (state->later_messages++ >= LATER_MESSAGES_MAX)
        return tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
    if (message->type == TLS_KEY_UPDATE)
        return key_update(self, message, rest);
    // A ticket is for those who come again.
    return message->type == TLS_NEW_SESSION_TICKET ? TLS_OUTCOME_ON
                                                   : tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
}

enum tls_outcome tls13_message(struct session *self, const struct tls_handshake *message, size_t rest)
{
    struct tls_state *state = tls_state_of(self);
    enum tls_outcome step = TLS_OUTCOME_ON;
    if (state->stage == TLS_STAGE_OPEN)
        return later_message(self, message, rest);
    if (state->stage == TLS_STAGE_FINISHED && message->type == TLS_FINISHED)
        return finished(self, message, rest);
    if (state->stage == TLS_STAGE_EXTENSIONS && message->type == TLS_ENCRYPTED_EXTENSIONS)
        step = extensions(self, message);
    else if (state->stage == TLS_STAGE_CERTIFICATE && message->type == TLS_CERTIFICATE_REQUEST)
        step = certificate_request(self, message);
    else if (state->stage == TLS_STAGE_CERTIFICATE && message->type == TLS_CERTIFICATE)
        step = certificate(self, message);
    else if (state->stage == TLS_STAGE_PROOF && message->type == TLS_CERTIFICATE_VERIFY)
        step = proof(self, message);
    else
        return tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
    if (step == TLS_OUTCOME_ON && !tls_transcript_add(state, message->whole))
        return TLS_OUTCOME_FAILED;
    return step;
}
