// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_clear.h"

#include "probes/protocol/tls/tls12.h"
#include "probes/protocol/tls/tls_measure.h"
#include "probes/protocol/tls/tls_chain.h"
#include "probes/protocol/tls/tls_matrix.h"
#include "probes/protocol/tls/tls_leaf.h"
#include "probes/protocol/tls/tls_send.h"

static const char *version_name(uint16_t version)
{
    static const char *const names[] = {"SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"}; // OpenSSL's
    return version < TLS_SSL3 || version > TLS_1_2 ? NULL : names[version - TLS_SSL3];
}

static const SSL_CIPHER *cipher_find(const SSL_CTX *context, uint16_t number)
{
    STACK_OF(SSL_CIPHER) *list = SSL_CTX_get_ciphers(context);
    for (int at = 0; at < sk_SSL_CIPHER_num(list); at++)
        if (SSL_CIPHER_get_protocol_id(sk_SSL_CIPHER_value(list, at)) == number)
            return sk_SSL_CIPHER_value(list, at);
    return NULL;
}

// Those that only our hello offers, by the names of IANA.
static const char *old_cipher_name(uint16_t number)
{
    static const struct {
        uint16_t number;
        const char *name;
    } names[] = {
        {0x0004, "TLS_RSA_WITH_RC4_128_MD5"},          {0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
        {0x0009, "TLS_RSA_WITH_DES_CBC_SHA"},          {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
        {0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"}, {0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"},
        {0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"},  {0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"},
        {0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"},    {0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
    };
    for (size_t at = 0; at < sizeof(names) / sizeof(names[0]); at++)
        if (names[at].number == number)
            return names[at].name;
    return NULL;
}

enum tls_outcome tls_clear_hello(struct session *self, const struct tls_server_hello *hello,
                                 const struct tls_handshake *message)
{
    struct tls_state *state = tls_state_of(self);
    const char *version = version_name(hello->version);
    if (version == NULL)
        return TLS_OUTCOME_LIBRARY;
    learn_constant(self->observation, FIELD(tls, version), version);
    const SSL_CIPHER *cipher = cipher_find(self->env->tls, hello->cipher);
    const char *name = cipher == NULL ? old_cipher_name(hello->cipher) : SSL_CIPHER_standard_name(cipher);
    if (name != NULL)
        learn_word(self->observation, FIELD(tls, cipher), name);
    bool old_dhe = hello->cipher == 0x0013 || hello->cipher == 0x0016;
    state->exchange_is_dhe = cipher == NULL ? old_dhe : SSL_CIPHER_get_kx_nid(cipher) == NID_kx_dhe;
    state->stage = TLS_STAGE_CLEAR;
    return tls12_hello(self, hello, message) ? TLS_OUTCOME_ON : TLS_OUTCOME_FAILED;
}

static enum tls_outcome certificate(struct session *self, const struct tls_handshake *message)
{
    const struct tls_key *key = NULL;
    chain_observe_message(self, message->body, false);
    enum tls_leaf_state found = tls_leaf_read(self->env->kit, message->body, false, self->observation, &key);
    if (tls_kit_starved())
        return TLS_OUTCOME_FAILED;
    if (found == TLS_LEAF_REFUSED)
        return TLS_OUTCOME_END;
    struct tls_state *state = tls_state_of(self);
    if (state->older == NULL)
        return TLS_OUTCOME_ON;
    if (found != TLS_LEAF_LEARNT || key->key == NULL || state->key != NULL || EVP_PKEY_up_ref(key->key) != 1)
        tls12_leave(state);
    else
        state->key = key->key;
    return TLS_OUTCOME_ON;
}

static enum tls_outcome exchange(struct session *self, const struct tls_handshake *message)
{
    const struct tls_state *state = tls_state_of(self);
    tls_matrix_exchange_first(self, message->body);
    if (state->older != NULL)
        return tls12_exchange(self, message);
    return state->exchange_is_dhe && exchange_refused(message->body, self->observation) ? TLS_OUTCOME_END
                                                                                        : TLS_OUTCOME_ON;
}

enum tls_outcome tls_clear_message(struct session *self, const struct tls_handshake *message)
{
    struct tls_state *state = tls_state_of(self);
    enum tls_outcome step = TLS_OUTCOME_ON;
    switch (message->type) {
    case TLS_CERTIFICATE:
        step = certificate(self, message);
        break;
    case TLS_SERVER_KEY_EXCHANGE:
        step = exchange(self, message);
        break;
    case TLS_CERTIFICATE_REQUEST:
        state->certificate_wanted = true;
        break;
    case TLS_CERTIFICATE_STATUS:
        break;
    case TLS_SERVER_HELLO_DONE:
        return state->older == NULL ? TLS_OUTCOME_LIBRARY : tls12_answer(self, message);
    default:
        return TLS_OUTCOME_LIBRARY; // what does not belong here
    }
    if (step == TLS_OUTCOME_ON && state->older != NULL && !tls_transcript_add(state, message->whole))
        return TLS_OUTCOME_FAILED;
    return step;
}
