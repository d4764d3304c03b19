// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls12.h"

#include <errno.h>
#include <openssl/crypto.h>

#include "probes/protocol/tls/tls12_record.h"
#include "probes/protocol/tls/tls_alert.h"
#include "probes/protocol/tls/tls_key.h"
#include "probes/protocol/tls/tls_send.h"

enum {
    CURVE_NAMED = 3,
    POINT_BYTES_MAX = 97,
    PARAMS_BYTES_MAX = 4 + POINT_BYTES_MAX,
    LATER_MESSAGES_MAX = 32,
};

static struct tls12_randoms randoms_of(const struct tls_state *state)
{
    return (struct tls12_randoms){.client = state->said.random, .server = state->secrets.server};
}

void tls12_leave(struct tls_state *state)
{
    state->older = NULL;
}

static bool extension_agreed(const struct tls_server_hello *hello, uint16_t type)
{
    size_t at = 0;
    while (at < hello->extension_count && hello->extensions[at] != type)
        at++;
    return at < hello->extension_count;
}

bool tls12_hello(struct session *self, const struct tls_server_hello *hello, const struct tls_handshake *message)
{
    struct tls_state *state = tls_state_of(self);
    const struct tls12_suite *suite = hello->version == TLS_1_2 ? tls12_suite_find(hello->cipher) : NULL;
    // Who says that he could do better has been made to choose this.
    if (suite == NULL || hello->compression != 0 || hello->downgrade || state->retried)
        return true;
    memcpy(state->secrets.server, hello->random, TLS_RANDOM_BYTES);
    state->extended = extension_agreed(hello, TLS_EXTENSION_EXTENDED_MASTER_SECRET);
    state->older = suite;
    if (hello->alpn.length > 0)
        state->application = tls_application_learn(self, hello->alpn);
    return tls_transcript_begin(self, &suite->suite) && tls_transcript_add(state, message->whole);
}

// RFC 8422 section 5.4.
struct exchange {
    struct bytes params; // what is signed of it
    uint16_t group;
    struct bytes point;
    uint16_t scheme;
    struct bytes signature;
};

static bool exchange_read(struct bytes body, struct exchange *ret_exchange)
{
    struct bytes all = body;
    struct exchange exchange = {.group = 0};
    if (bytes_u8(&body) != CURVE_NAMED)
        return false;
    exchange.group = bytes_u16(&body);
    exchange.point = bytes_slice(&body, bytes_u8(&body));
    exchange.params = bytes_of(all.data, all.length - body.length);
    exchange.scheme = bytes_u16(&body);
    exchange.signature = bytes_slice(&body, bytes_u16(&body));
    *ret_exchange = exchange;
    return !body.failed && !exchange.signature.failed && body.length == 0;
}

// Whether the server has the key of its certificate: it has signed both random values and its share.
static enum tls_outcome exchange_prove(struct session *self, const struct exchange *exchange)
{
    struct tls_state *state = tls_state_of(self);
    uint8_t content[2 * TLS_RANDOM_BYTES + PARAMS_BYTES_MAX];
    const struct tls_signature made = {
        .scheme = exchange->scheme,
        .message = bytes_of(content, 2 * TLS_RANDOM_BYTES + exchange->params.length),
        .signature = exchange->signature,
    };
    if (!self->env->kit->prove)
        return TLS_OUTCOME_ON;
    memcpy(content, state->said.random, TLS_RANDOM_BYTES);
    memcpy(content + TLS_RANDOM_BYTES, state->secrets.server, TLS_RANDOM_BYTES);
    memcpy(content + 2 * TLS_RANDOM_BYTES, exchange->params.data, exchange->params.length);
    bool rsa = tls_key_is(state->key, "RSA") || tls_key_is(state->key, "RSA-PSS");
    enum tls_proof found =
        rsa == state->older->rsa ? tls_key_check(self->env->kit, state->key, &made) : TLS_PROOF_UNFIT;
    if (tls_kit_starved())
        return TLS_OUTCOME_FAILED;
    if (found == TLS_PROOF_UNFIT) {
        tls12_leave(state);
        return TLS_OUTCOME_ON;
    }
    learn_flag(self->observation, FIELD(tls, key_proved), found == TLS_PROOF_RIGHT);
    return found == TLS_PROOF_RIGHT ? TLS_OUTCOME_ON : tls_send_alert(self, TLS_ALERT_DECRYPT_ERROR);
}

// What is shared waits for ServerHelloDone, and so does what we shall say of it: our share of now.
static enum tls_outcome exchange_share(struct session *self, const struct exchange *exchange)
{
    struct tls_state *state = tls_state_of(self);
    struct tls_kit *kit = self->env->kit;
    uint8_t shared[TLS_SHARED_BYTES_MAX];
    size_t length = 0;
    struct bytes own = tls_share_take(kit->shares, exchange->group, &state->share);
    int error = tls_share_derive(kit->shares, state->share, exchange->point, shared, &length);
    if (error != 0)
        return error == -ENOMEM ? TLS_OUTCOME_FAILED : tls_send_alert(self, TLS_ALERT_ILLEGAL_PARAMETER);
    memcpy(state->secrets.client, shared, length);
    state->shared_length = (uint8_t)length;
    OPENSSL_cleanse(shared, sizeof(shared));
    const uint8_t header[] = {TLS_CLIENT_KEY_EXCHANGE, 0, 0, (uint8_t)(1 + own.length), (uint8_t)own.length};
    buffer_put(&state->hello, header, sizeof(header));
    buffer_put(&state->hello, own.data, own.length);
    return state->hello.failed ? TLS_OUTCOME_FAILED : TLS_OUTCOME_ON;
}

static bool group_is_ours(uint16_t group)
{
    size_t at = 0;
    while (at < TLS_SHARE_GROUPS && tls_share_groups[at] != group)
        at++;
    return at < TLS_SHARE_GROUPS;
}

enum tls_outcome tls12_exchange(struct session *self, const struct tls_handshake *message)
{
    struct tls_state *state = tls_state_of(self);
    struct exchange exchange;
    if (state->key == NULL || state->shared_length > 0 || !exchange_read(message->body, &exchange) ||
        !group_is_ours(exchange.group) || exchange.params.length > PARAMS_BYTES_MAX) {
        tls12_leave(state);
        return TLS_OUTCOME_ON;
    }
    enum tls_outcome step = exchange_prove(self, &exchange);
    return step == TLS_OUTCOME_ON && state->older != NULL ? exchange_share(self, &exchange) : step;
}

// The master secret, which takes the place of the stage's, and the keys that follow from it.
static bool keys_begin(struct session *self)
{
    struct tls_state *state = tls_state_of(self);
    struct tls_kit *kit = self->env->kit;
    struct tls_protection protections[2];
    uint8_t hash[TLS_HASH_BYTES_MAX];
    const struct tls12_randoms randoms = randoms_of(state);
    const struct tls12_shared shared = {.secret = bytes_of(state->secrets.client, state->shared_length),
                                        .session_hash = state->extended ? hash : NULL};
    bool done = tls_transcript_read(self, hash) &&
                tls12_master(kit, state->older, &shared, &randoms, state->secrets.stage) &&
                tls12_protections(kit, state->older, state->secrets.stage, &randoms, protections);
    if (done) {
        state->write = protections[0];
        state->read = protections[1];
    }
    OPENSSL_cleanse(protections, sizeof(protections));
    return done;
}

static bool finished_make(struct session *self, bool client, uint8_t ret_verify[static TLS12_VERIFY_BYTES])
{
    const struct tls_state *state = tls_state_of(self);
    uint8_t hash[TLS_HASH_BYTES_MAX];
    const struct tls12_end end = {.master = state->secrets.stage, .hash = hash, .client = client};
    return tls_transcript_read(self, hash) && tls12_finished(self->env->kit, state->older, &end, ret_verify);
}

// Finished is the first that is encrypted.
static bool finished_send(struct session *self)
{
    static const uint8_t change[] = {1};
    struct tls_state *state = tls_state_of(self);
    uint8_t message[TLS_MESSAGE_HEADER_BYTES + TLS12_VERIFY_BYTES] = {TLS_FINISHED, 0, 0, TLS12_VERIFY_BYTES};
    if (!finished_make(self, true, message + TLS_MESSAGE_HEADER_BYTES) ||
        !tls_transcript_add(state, bytes_of(message, sizeof(message))) ||
        !tls_send(self, TLS_CONTENT_CHANGE_CIPHER_SPEC, change, sizeof(change)))
        return false;
    state->suite = &state->older->suite;
    return tls_send(self, TLS_CONTENT_HANDSHAKE, message, sizeof(message));
}

enum tls_outcome tls12_answer(struct session *self, const struct tls_handshake *message)
{
    static const uint8_t no_certificate[] = {TLS_CERTIFICATE, 0, 0, 3, 0, 0, 0};
    struct tls_state *state = tls_state_of(self);
    uint8_t flight[sizeof(no_certificate) + TLS_MESSAGE_HEADER_BYTES + 1 + POINT_BYTES_MAX];
    size_t length = 0;
    if (state->shared_length == 0 || message->body.length != 0) {
        tls12_leave(state);
        return TLS_OUTCOME_LIBRARY;
    }
    if (state->certificate_wanted) {
        memcpy(flight, no_certificate, sizeof(no_certificate));
        length = sizeof(no_certificate);
    }
    memcpy(flight + length, buffer_bytes(&state->hello), state->hello.length);
    length += state->hello.length;
    buffer_fini(&state->hello);
    if (!tls_transcript_add(state, message->whole) || !tls_transcript_add(state, bytes_of(flight, length)) ||
        !tls_send(self, TLS_CONTENT_HANDSHAKE, flight, length) || !keys_begin(self) || !finished_send(self))
        return TLS_OUTCOME_FAILED;
    EVP_PKEY_free(state->key);
    state->key = NULL;
    state->stage = TLS_STAGE_CHANGE;
    return TLS_OUTCOME_ON;
}

enum tls_outcome tls12_change(struct session *self)
{
    struct tls_state *state = tls_state_of(self);
    if (state->stage != TLS_STAGE_CHANGE || state->changed || tls_handshake_begun(&state->message))
        return tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
    state->changed = true;
    return TLS_OUTCOME_ON;
}

static enum tls_outcome finished(struct session *self, const struct tls_handshake *message, size_t rest)
{
    struct tls_state *state = tls_state_of(self);
    uint8_t expected[TLS12_VERIFY_BYTES];
    if (!finished_make(self, false, expected))
        return TLS_OUTCOME_FAILED;
    if (message->body.length != sizeof(expected) || CRYPTO_memcmp(message->body.data, expected, sizeof(expected)) != 0)
        return tls_send_alert(self, TLS_ALERT_DECRYPT_ERROR);
    if (rest > 0)
        return tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
    EVP_MD_CTX_free(state->transcript);
    state->transcript = NULL;
    state->stage = TLS_STAGE_OPEN;
    return TLS_OUTCOME_OPEN;
}

enum tls_outcome tls12_message(struct session *self, const struct tls_handshake *message, size_t rest)
{
    struct tls_state *state = tls_state_of(self);
    if (state->stage == TLS_STAGE_CHANGE && state->changed && message->type == TLS_FINISHED)
        return finished(self, message, rest);
    // A wish to begin anew may be left unanswered (RFC 5246 section 7.4.1.1).
    if (state->stage == TLS_STAGE_OPEN && message->type == TLS_HELLO_REQUEST && message->body.length == 0 &&
        state->later_messages++ < LATER_MESSAGES_MAX)
        return TLS_OUTCOME_ON;
    return tls_send_alert(self, TLS_ALERT_UNEXPECTED_MESSAGE);
}
