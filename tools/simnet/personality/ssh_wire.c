// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/personality/ssh_wire.h"

#include <string.h>

enum { LENGTH_BYTES = 4, CLEAR_BLOCK = 8, GCM_BLOCK = 16, TAG = 16, PADDING_MIN = 4, PACKET_MIN = 5 };

static EVP_CIPHER_CTX *wire_context(struct ssh_wire *wire, bool seal)
{
    static _Thread_local EVP_CIPHER_CTX *contexts[2];
    EVP_CIPHER_CTX **ctx = &contexts[seal];
    if (*ctx == NULL)
        *ctx = EVP_CIPHER_CTX_new();
    if (*ctx == NULL || EVP_CipherInit_ex2(*ctx, wire->cipher, wire->key, wire->iv, seal, NULL) != 1)
        return NULL;
    // The invocation counter is the last eight bytes (RFC 5647 section 7.1).
    for (size_t i = sizeof(wire->iv); i > 4 && ++wire->iv[i - 1] == 0; i--)
        continue;
    return *ctx;
}

bool ssh_wire_write(struct ssh_wire *wire, struct bytes payload, struct buffer *ret_output)
{
    // The length is encrypted with the rest in clear text's rule, and stands outside of it in GCM's.
    size_t block = wire->cipher == NULL ? CLEAR_BLOCK : GCM_BLOCK;
    size_t outside = wire->cipher == NULL ? 0 : LENGTH_BYTES;
    size_t whole = LENGTH_BYTES + 1 + payload.length + PADDING_MIN - outside;
    whole = (whole + block - 1) / block * block + outside;
    size_t padding = whole - LENGTH_BYTES - 1 - payload.length;
    uint8_t *at = buffer_extend(ret_output, whole + (wire->cipher == NULL ? 0 : TAG));
    if (at == NULL)
        return false;
    size_t length = whole - LENGTH_BYTES;
    const uint8_t head[] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length,
                            (uint8_t)padding};
    memcpy(at, head, sizeof(head));
    if (payload.length > 0)
        memcpy(at + sizeof(head), payload.data, payload.length);
    memset(at + sizeof(head) + payload.length, 0, padding);
    if (wire->cipher == NULL)
        return true;
    EVP_CIPHER_CTX *ctx = wire_context(wire, true);
    int made = 0;
    uint8_t *body = at + LENGTH_BYTES;
    return ctx != NULL && EVP_EncryptUpdate(ctx, NULL, &made, head, LENGTH_BYTES) == 1 &&
           EVP_EncryptUpdate(ctx, body, &made, body, (int)length) == 1 && EVP_EncryptFinal_ex(ctx, body, &made) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, body + length) == 1;
}

static bool body_open(struct ssh_wire *wire, const uint8_t *head, struct bytes sealed, uint8_t *ret_body)
{
    EVP_CIPHER_CTX *ctx = wire_context(wire, false);
    int made = 0;
    size_t length = sealed.length - TAG;
    uint8_t tag[TAG];
    memcpy(tag, sealed.data + length, TAG);
    return ctx != NULL && EVP_DecryptUpdate(ctx, NULL, &made, head, LENGTH_BYTES) == 1 &&
           EVP_DecryptUpdate(ctx, ret_body, &made, sealed.data, (int)length) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
           EVP_DecryptFinal_ex(ctx, ret_body, &made) == 1;
}

int ssh_wire_read(struct ssh_wire *wire, struct bytes *input, struct buffer *ret_payload)
{
    struct bytes ahead = *input;
    const uint8_t *head = ahead.data;
    size_t length = bytes_u32(&ahead);
    if (!ahead.failed && (length < PACKET_MIN || length > SSH_WIRE_MAX))
        return -1;
    struct bytes body = bytes_slice(&ahead, length + (wire->cipher == NULL ? 0 : TAG));
    if (ahead.failed || body.failed)
        return 0;
    *input = ahead;
    buffer_drop(ret_payload, ret_payload->length);
    uint8_t *open = buffer_extend(ret_payload, length);
    if (open == NULL || (wire->cipher != NULL && !body_open(wire, head, body, open)))
        return -1;
    if (wire->cipher == NULL)
        memcpy(open, body.data, length);
    size_t padding = open[0];
    if (padding + 2 > length)
        return -1;
    ret_payload->length -= padding;
    buffer_drop(ret_payload, 1);
    return 1;
}
