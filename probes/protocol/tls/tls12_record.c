// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls12_record.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

enum { EXPLICIT_BYTES = 8, HEAD_BYTES = 13, BLOCK_BYTES = 16 };

// What is authenticated besides the plain text (RFC 5246 section 6.2.3.3): sequence number, type, version, length.
static void head_make(uint64_t sequence, uint8_t type, size_t length, uint8_t ret_head[static HEAD_BYTES])
{
    for (int at = 0; at < 8; at++)
        ret_head[at] = (uint8_t)(sequence >> (56 - 8 * at));
    ret_head[8] = type;
    ret_head[9] = 3;
    ret_head[10] = 3;
    ret_head[11] = (uint8_t)(length >> 8);
    ret_head[12] = (uint8_t)length;
}

// Bytes of the nonce that stand in the record itself: what is not derived.
static size_t explicit_bytes(const struct tls12_suite *suite)
{
    return suite->nonce_bytes == TLS_NONCE_BYTES ? 0 : EXPLICIT_BYTES;
}

// The nonce: derived whole and the sequence number laid over its end, or its beginning alone and what the record says.
static void nonce_make(const struct tls12_suite *suite, const struct tls_protection *protection,
                       const uint8_t *explicit_part, uint8_t ret_nonce[static TLS_NONCE_BYTES])
{
    memcpy(ret_nonce, protection->nonce, TLS_NONCE_BYTES);
    if (explicit_bytes(suite) > 0)
        memcpy(ret_nonce + suite->nonce_bytes, explicit_part, EXPLICIT_BYTES);
    else
        for (int at = 0; at < 8; at++)
            ret_nonce[TLS_NONCE_BYTES - 1 - at] ^= (uint8_t)(protection->sequence >> (8 * at));
}

static int aead_open(struct tls_kit *kit, const struct tls12_suite *suite, struct tls_protection *protection,
                     const struct tls_record *record, size_t *ret_length)
{
    EVP_CIPHER_CTX *context = kit->aead_contexts[suite->suite.aead];
    uint8_t nonce[TLS_NONCE_BYTES];
    uint8_t head[HEAD_BYTES];
    uint8_t tag[TLS_TAG_BYTES];
    struct bytes body = record->body;
    int written = 0;
    const uint8_t *explicit_part = bytes_take(&body, explicit_bytes(suite));
    if (body.failed || body.length < TLS_TAG_BYTES)
        return -EBADMSG;
    size_t length = body.length - TLS_TAG_BYTES;
    if (length > TLS_RECORD_BYTES_MAX)
        return -EMSGSIZE;
    nonce_make(suite, protection, explicit_part, nonce);
    head_make(protection->sequence++, record->type, length, head);
    memcpy(tag, body.data + length, sizeof(tag));
    if (EVP_CipherInit_ex(context, NULL, NULL, protection->key, nonce, 0) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TLS_TAG_BYTES, tag) != 1 ||
        EVP_CipherUpdate(context, NULL, &written, head, HEAD_BYTES) != 1)
        return -ENOMEM;
    if (EVP_CipherUpdate(context, kit->plain, &written, body.data, (int)length) != 1 ||
        EVP_CipherFinal_ex(context, kit->plain + written, &written) != 1)
        return -EBADMSG;
    *ret_length = length;
    return 0;
}

// Decrypts or encrypts whole blocks; *to may be *from.
static bool cbc_run(struct tls_kit *kit, const struct tls12_suite *suite, const struct tls_protection *protection,
                    struct bytes iv_and_blocks, uint8_t *ret_blocks)
{
    EVP_CIPHER_CTX *context = kit->aead_contexts[suite->suite.aead];
    const uint8_t *iv = bytes_take(&iv_and_blocks, BLOCK_BYTES);
    int written = 0;
    int last = 0;
    return EVP_CipherInit_ex(context, NULL, NULL, protection->key, iv, -1) == 1 &&
           EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
           EVP_CipherUpdate(context, ret_blocks, &written, iv_and_blocks.data, (int)iv_and_blocks.length) == 1 &&
           EVP_CipherFinal_ex(context, ret_blocks + written, &last) == 1;
}

static bool mac_make(struct tls_kit *kit, const struct tls12_suite *suite, struct tls_protection *protection,
                     const struct tls_record *plain, uint8_t ret_mac[static EVP_MAX_MD_SIZE])
{
    uint8_t head[HEAD_BYTES];
    head_make(protection->sequence++, plain->type, plain->body.length, head);
    const struct tls_hmac what = {.hash = suite->mac,
                                  .key = bytes_of(protection->mac, suite->mac_bytes),
                                  .head = bytes_of(head, HEAD_BYTES),
                                  .message = plain->body};
    return tls_hmac(kit, &what, ret_mac);
}

// How long the content is that stands before MAC and padding; SIZE_MAX when there is no such padding.
static size_t cbc_length(const struct tls12_suite *suite, const uint8_t *plain, size_t length)
{
    size_t padding = (size_t)plain[length - 1] + 1;
    if (padding + suite->mac_bytes > length)
        return SIZE_MAX;
    for (size_t at = length - padding; at < length; at++)
        if (plain[at] != padding - 1)
            return SIZE_MAX;
    return length - padding - suite->mac_bytes;
}

// We need not hide how far we came: what a scanner reads is no secret of its own.
static int cbc_open(struct tls_kit *kit, const struct tls12_suite *suite, struct tls_protection *protection,
                    const struct tls_record *record, size_t *ret_length)
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    struct bytes body = record->body;
    if (body.length < 2 * BLOCK_BYTES || body.length % BLOCK_BYTES != 0)
        return -EBADMSG;
    if (body.length - BLOCK_BYTES > sizeof(kit->plain))
        return -EMSGSIZE;
    EVP_CIPHER_CTX *context = kit->aead_contexts[suite->suite.aead];
    if (EVP_CipherInit_ex(context, NULL, NULL, NULL, NULL, 0) != 1 ||
        !cbc_run(kit, suite, protection, body, kit->plain))
        return -ENOMEM;
    size_t length = cbc_length(suite, kit->plain, body.length - BLOCK_BYTES);
    const struct tls_record plain = {.type = record->type,
                                     .body = bytes_of(kit->plain, length == SIZE_MAX ? 0 : length)};
    if (!mac_make(kit, suite, protection, &plain, mac))
        return -ENOMEM;
    if (length == SIZE_MAX || CRYPTO_memcmp(mac, kit->plain + length, suite->mac_bytes) != 0)
        return -EBADMSG;
    if (length > TLS_RECORD_BYTES_MAX)
        return -EMSGSIZE;
    *ret_length = length;
    return 0;
}

int tls12_record_open(struct tls_kit *kit, const struct tls12_suite *suite, struct tls_protection *protection,
                      const struct tls_record *record, struct tls_record *ret_plain)
{
    size_t length = 0;
    int error = suite->mac_bytes > 0 ? cbc_open(kit, suite, protection, record, &length)
                                     : aead_open(kit, suite, protection, record, &length);
    if (error != 0)
        return error;
    *ret_plain = *record;
    ret_plain->body = bytes_of(kit->plain, length);
    return 0;
}

// A record's header and room for its body; NULL without memory.
static uint8_t *record_begin(uint8_t type, size_t length, struct buffer *ret_records)
{
    const uint8_t header[] = {type, 3, 3, (uint8_t)(length >> 8), (uint8_t)length};
    uint8_t *sealed = buffer_extend(ret_records, sizeof(header) + length);
    if (sealed == NULL)
        return NULL;
    memcpy(sealed, header, sizeof(header));
    return sealed + sizeof(header);
}

static int aead_seal(struct tls_kit *kit, const struct tls12_suite *suite, struct tls_protection *protection,
                     const struct tls_record *plain, struct buffer *ret_records)
{
    EVP_CIPHER_CTX *context = kit->aead_contexts[suite->suite.aead];
    uint8_t nonce[TLS_NONCE_BYTES];
    uint8_t head[HEAD_BYTES];
    size_t prefix = explicit_bytes(suite);
    size_t length = plain->body.length;
    int written = 0;
    int end = 0;
    uint8_t *sealed = record_begin(plain->type, prefix + length + TLS_TAG_BYTES, ret_records);
    if (sealed == NULL)
        return -ENOMEM;
    head_make(protection->sequence, plain->type, length, head);
    memcpy(sealed, head, prefix); // the sequence number is new each time
    nonce_make(suite, protection, sealed, nonce);
    protection->sequence++;
    sealed += prefix;
    if (EVP_CipherInit_ex(context, NULL, NULL, protection->key, nonce, 1) != 1 ||
        EVP_CipherUpdate(context, NULL, &written, head, HEAD_BYTES) != 1 ||
        EVP_CipherUpdate(context, sealed, &written, plain->body.data, (int)length) != 1 ||
        EVP_CipherFinal_ex(context, sealed + written, &end) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TLS_TAG_BYTES, sealed + length) != 1)
        return -ENOMEM;
    return 0;
}

static int cbc_seal(struct tls_kit *kit, const struct tls12_suite *suite, struct tls_protection *protection,
                    const struct tls_record *plain, struct buffer *ret_records)
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    size_t length = plain->body.length;
    size_t whole = (length + suite->mac_bytes) / BLOCK_BYTES * BLOCK_BYTES + BLOCK_BYTES;
    size_t padding = whole - length - suite->mac_bytes;
    uint8_t *sealed = record_begin(plain->type, BLOCK_BYTES + whole, ret_records);
    if (sealed == NULL || !mac_make(kit, suite, protection, plain, mac))
        return -ENOMEM;
    if (RAND_bytes(sealed, BLOCK_BYTES) != 1)
        return -EIO;
    uint8_t *blocks = sealed + BLOCK_BYTES;
    if (length > 0)
        memcpy(blocks, plain->body.data, length);
    memcpy(blocks + length, mac, suite->mac_bytes);
    memset(blocks + length + suite->mac_bytes, (int)(padding - 1), padding);
    EVP_CIPHER_CTX *context = kit->aead_contexts[suite->suite.aead];
    return EVP_CipherInit_ex(context, NULL, NULL, NULL, NULL, 1) == 1 &&
                   cbc_run(kit, suite, protection, bytes_of(sealed, BLOCK_BYTES + whole), blocks)
               ? 0
               : -ENOMEM;
}

int tls12_record_seal(struct tls_kit *kit, const struct tls12_suite *suite, struct tls_protection *protection,
                      const struct tls_record *plain, struct buffer *ret_records)
{
    struct bytes rest = plain->body;
    int error = 0;
    do {
        size_t length = rest.length < TLS_RECORD_BYTES_MAX ? rest.length : TLS_RECORD_BYTES_MAX;
        struct tls_record piece = {.type = plain->type, .body = bytes_slice(&rest, length)};
        error = suite->mac_bytes > 0 ? cbc_seal(kit, suite, protection, &piece, ret_records)
                                     : aead_seal(kit, suite, protection, &piece, ret_records);
    } while (error == 0 && rest.length > 0);
    return error;
}
