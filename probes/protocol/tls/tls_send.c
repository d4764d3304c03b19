// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_send.h"

#include "probes/protocol/tls/tls12_record.h"
#include "probes/protocol/tls/tls_alert.h"

static bool clear_send(struct session *self, uint8_t type, const uint8_t *data, size_t length)
{
    const uint8_t header[] = {type, 3, 3, (uint8_t)(length >> 8), (uint8_t)length};
    return session_send(self, header, sizeof(header)) == 0 && session_send(self, data, length) == 0;
}

bool tls_send(struct session *self, uint8_t type, const uint8_t *data, size_t length)
{
    struct tls_state *state = tls_state_of(self);
    struct buffer records = {0};
    const struct tls_record plain = {.type = type, .body = bytes_of(data, length)};
    if (state->suite == NULL)
        return clear_send(self, type, data, length);
    int error = state->older != NULL ? tls12_record_seal(self->env->kit, state->older, &state->write, &plain, &records)
                                     : tls_record_seal(self->env->kit, state->suite, &state->write, &plain, &records);
    bool sent = error == 0 && session_send(self, buffer_bytes(&records), records.length) == 0;
    buffer_fini(&records);
    return sent;
}

enum tls_outcome tls_send_alert(struct session *self, uint8_t code)
{
    const uint8_t level = code == TLS_ALERT_CLOSE_NOTIFY ? TLS_ALERT_WARNING : TLS_ALERT_FATAL;
    const uint8_t alert[] = {level, code};
    bool sent = tls_send(self, TLS_CONTENT_ALERT, alert, sizeof(alert));
    tls_state_of(self)->closed = true;
    return sent ? TLS_OUTCOME_END : TLS_OUTCOME_FAILED;
}

bool tls_transcript_add(struct tls_state *state, struct bytes message)
{
    return EVP_DigestUpdate(state->transcript, message.data, message.length) == 1;
}

bool tls_transcript_read(const struct session *self, uint8_t *ret_hash)
{
    const struct tls_state *state = (const struct tls_state *)self->state;
    EVP_MD_CTX *scratch = self->env->kit->scratch;
    return EVP_MD_CTX_copy_ex(scratch, state->transcript) == 1 && EVP_DigestFinal_ex(scratch, ret_hash, NULL) == 1;
}

bool tls_transcript_begin(struct session *self, const struct tls_suite *suite)
{
    struct tls_state *state = tls_state_of(self);
    struct tls_kit *kit = self->env->kit;
    uint8_t first[TLS_MESSAGE_HEADER_BYTES + TLS_HASH_BYTES_MAX] = {TLS_MESSAGE_HASH, 0, 0, suite->hash_bytes};
    state->transcript = EVP_MD_CTX_new();
    if (state->transcript == NULL || EVP_DigestInit_ex(state->transcript, kit->hashes[suite->hash], NULL) != 1)
        return false;
    const uint8_t *hello = buffer_bytes(&state->hello) + TLS_RECORD_HEADER_BYTES;
    size_t length = state->hello.length - TLS_RECORD_HEADER_BYTES;
    bool done = state->retried
                    ? tls_kit_digest(kit, suite->hash, hello, length, first + TLS_MESSAGE_HEADER_BYTES) &&
                          tls_transcript_add(state, bytes_of(first, TLS_MESSAGE_HEADER_BYTES + suite->hash_bytes))
                    : tls_transcript_add(state, bytes_of(hello, length));
    buffer_drop(&state->hello, state->hello.length);
    return done;
}
