// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/personality/records.h"

#include <string.h>

void secret_extract(const uint8_t *salt, const uint8_t *input, uint8_t ret_secret[static CRYPTO_HASH_BYTES])
{
    static const uint8_t ZEROS[CRYPTO_HASH_BYTES];
    crypto_hmac(salt == NULL ? ZEROS : salt, CRYPTO_HASH_BYTES, input == NULL ? ZEROS : input, CRYPTO_HASH_BYTES,
                ret_secret);
}

void secret_expand(const uint8_t secret[static CRYPTO_HASH_BYTES], struct secret_label label, uint8_t *ret_key,
                   size_t length)
{
    uint8_t info[80];
    uint8_t made[CRYPTO_HASH_BYTES];
    size_t text_length = strlen(label.text);
    size_t context_length = label.context == NULL ? 0 : CRYPTO_HASH_BYTES;
    size_t at = 0;
    info[at++] = 0;
    info[at++] = (uint8_t)length;
    info[at++] = (uint8_t)(6 + text_length);
    memcpy(info + at, "tls13 ", 6);
    memcpy(info + at + 6, label.text, text_length);
    at += 6 + text_length;
    info[at++] = (uint8_t)context_length;
    if (context_length > 0)
        memcpy(info + at, label.context, context_length);
    at += context_length;
    info[at++] = 1; // the first block is enough
    crypto_hmac(secret, CRYPTO_HASH_BYTES, info, at, made);
    memcpy(ret_key, made, length);
}

void record_keys_set(struct record_keys *keys, const uint8_t secret[static CRYPTO_HASH_BYTES])
{
    size_t length = (size_t)EVP_CIPHER_get_key_length(keys->cipher);
    secret_expand(secret, (struct secret_label){"key", NULL}, keys->key, length);
    secret_expand(secret, (struct secret_label){"iv", NULL}, keys->iv, sizeof(keys->iv));
    keys->sequence = 0;
}

// One context a thread would do, but a key is set anew for every record anyhow, and that costs less than to keep one.
static EVP_CIPHER_CTX *record_context(struct record_keys *keys, bool seal)
{
    static _Thread_local EVP_CIPHER_CTX *contexts[2];
    EVP_CIPHER_CTX **ctx = &contexts[seal];
    if (*ctx == NULL)
        *ctx = EVP_CIPHER_CTX_new();
    uint8_t nonce[12];
    memcpy(nonce, keys->iv, sizeof(nonce));
    for (size_t i = 0; i < 8; i++)
        nonce[4 + i] ^= (uint8_t)(keys->sequence >> (56 - 8 * i));
    keys->sequence++;
    if (*ctx == NULL || EVP_CipherInit_ex2(*ctx, keys->cipher, keys->key, nonce, seal, NULL) != 1)
        return NULL;
    return *ctx;
}

bool record_seal(struct record_keys *keys, enum record_type type, struct bytes data, struct buffer *ret_wire)
{
    size_t length = data.length + 1 + RECORD_TAG;
    uint8_t *at = buffer_extend(ret_wire, RECORD_HEADER + length);
    EVP_CIPHER_CTX *ctx = record_context(keys, true);
    if (at == NULL || ctx == NULL)
        return false;
    const uint8_t header[RECORD_HEADER] = {RECORD_DATA, 3, 3, (uint8_t)(length >> 8), (uint8_t)length};
    memcpy(at, header, sizeof(header));
    int made = 0;
    const uint8_t inner = (uint8_t)type;
    uint8_t *body = at + RECORD_HEADER;
    return EVP_EncryptUpdate(ctx, NULL, &made, header, sizeof(header)) == 1 &&
           EVP_EncryptUpdate(ctx, body, &made, data.data, (int)data.length) == 1 &&
           EVP_EncryptUpdate(ctx, body + data.length, &made, &inner, 1) == 1 &&
           EVP_EncryptFinal_ex(ctx, body, &made) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, RECORD_TAG, body + data.length + 1) == 1;
}

int record_open(struct record_keys *keys, uint8_t *body, size_t length, uint8_t *ret_type)
{
    EVP_CIPHER_CTX *ctx = record_context(keys, false);
    if (ctx == NULL || length < RECORD_TAG + 1)
        return -1;
    const uint8_t header[RECORD_HEADER] = {RECORD_DATA, 3, 3, (uint8_t)(length >> 8), (uint8_t)length};
    int made = 0;
    int text = (int)length - RECORD_TAG;
    if (EVP_DecryptUpdate(ctx, NULL, &made, header, sizeof(header)) != 1 ||
        EVP_DecryptUpdate(ctx, body, &made, body, text) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, RECORD_TAG, body + text) != 1 ||
        EVP_DecryptFinal_ex(ctx, body, &made) != 1)
        return -1;
    while (text > 0 && body[text - 1] == 0)
        text--;
    if (text == 0)
        return -1;
    *ret_type = body[text - 1];
    return text - 1;
}
