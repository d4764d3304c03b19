// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_record.h"

#include <errno.h>

enum { VERSION_MINOR_MAX = 4 };

enum tls_record_state tls_record_take(struct bytes *input, size_t most, struct tls_record *ret_record)
{
    struct bytes ahead = *input;
    struct tls_record record = {.header = bytes_slice(&ahead, TLS_RECORD_HEADER_BYTES)};
    struct bytes header = record.header;
    if (header.failed)
        return TLS_RECORD_PARTIAL;
    record.type = bytes_u8(&header);
    record.version = bytes_u16(&header);
    size_t length = bytes_u16(&header);
    if (record.version >> 8 != 3 || (record.version & 0xff) > VERSION_MINOR_MAX || length > most)
        return TLS_RECORD_BAD;
    record.body = bytes_slice(&ahead, length);
    if (record.body.failed)
        return TLS_RECORD_PARTIAL;
    *input = ahead;
    *ret_record = record;
    return TLS_RECORD_WHOLE;
}

// RFC 8446 section 5.3: the sequence number, laid over the end of the nonce.
static void nonce_make(struct tls_protection *protection, uint8_t ret_nonce[static TLS_NONCE_BYTES])
{
    memcpy(ret_nonce, protection->nonce, TLS_NONCE_BYTES);
    for (int at = 0; at < 8; at++)
        ret_nonce[TLS_NONCE_BYTES - 1 - at] ^= (uint8_t)(protection->sequence >> (8 * at));
    protection->sequence++;
}

// The context with key and nonce, the header authenticated; NULL without memory.
static EVP_CIPHER_CTX *aead_begin(struct tls_kit *kit, const struct tls_suite *suite, struct tls_protection *protection,
                                  const uint8_t *header, bool seal)
{
    EVP_CIPHER_CTX *context = kit->aead_contexts[suite->aead];
    uint8_t nonce[TLS_NONCE_BYTES];
    int length = 0;
    nonce_make(protection, nonce);
    if (EVP_CipherInit_ex(context, NULL, NULL, protection->key, nonce, seal ? 1 : 0) != 1 ||
        EVP_CipherUpdate(context, NULL, &length, header, TLS_RECORD_HEADER_BYTES) != 1)
        return NULL;
    return context;
}

int tls_record_open(struct tls_kit *kit, const struct tls_suite *suite, struct tls_protection *protection,
                    const struct tls_record *record, struct tls_record *ret_plain)
{
    int written = 0;
    if (record->body.length <= TLS_TAG_BYTES)
        return -EBADMSG;
    size_t length = record->body.length - TLS_TAG_BYTES;
    EVP_CIPHER_CTX *context = aead_begin(kit, suite, protection, record->header.data, false);
    uint8_t tag[TLS_TAG_BYTES];
    memcpy(tag, record->body.data + length, sizeof(tag));
    if (context == NULL || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TLS_TAG_BYTES, tag) != 1)
        return -ENOMEM;
    if (EVP_CipherUpdate(context, kit->plain, &written, record->body.data, (int)length) != 1 ||
        EVP_CipherFinal_ex(context, kit->plain + written, &written) != 1)
        return -EBADMSG;
    while (length > 0 && kit->plain[length - 1] == 0)
        length--;
    if (length == 0)
        return -EBADMSG;
    if (length - 1 > TLS_RECORD_BYTES_MAX)
        return -EMSGSIZE;
    *ret_plain = (struct tls_record){.type = kit->plain[length - 1],
                                     .version = record->version,
                                     .header = record->header,
                                     .body = bytes_of(kit->plain, length - 1)};
    return 0;
}

static int piece_seal(struct tls_kit *kit, const struct tls_suite *suite, struct tls_protection *protection,
                      const struct tls_record *plain, struct buffer *ret_records)
{
    size_t inner = plain->body.length + 1;
    size_t length = inner + TLS_TAG_BYTES;
    uint8_t header[TLS_RECORD_HEADER_BYTES] = {TLS_CONTENT_APPLICATION_DATA, 3, 3, (uint8_t)(length >> 8),
                                               (uint8_t)length};
    uint8_t *sealed = buffer_extend(ret_records, sizeof(header) + length);
    if (sealed == NULL)
        return -ENOMEM;
    memcpy(sealed, header, sizeof(header));
    sealed += sizeof(header);
    EVP_CIPHER_CTX *context = aead_begin(kit, suite, protection, header, true);
    int written = 0;
    int last = 0;
    int end = 0;
    if (context == NULL ||
        EVP_CipherUpdate(context, sealed, &written, plain->body.data, (int)plain->body.length) != 1 ||
        EVP_CipherUpdate(context, sealed + written, &last, &plain->type, 1) != 1 ||
        EVP_CipherFinal_ex(context, sealed + written + last, &end) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TLS_TAG_BYTES, sealed + inner) != 1)
        return -ENOMEM;
    return 0;
}

int tls_record_seal(struct tls_kit *kit, const struct tls_suite *suite, struct tls_protection *protection,
                    const struct tls_record *plain, struct buffer *ret_records)
{
    struct bytes rest = plain->body;
    int error = 0;
    do {
        size_t length = rest.length < TLS_RECORD_BYTES_MAX ? rest.length : TLS_RECORD_BYTES_MAX;
        struct tls_record piece = {.type = plain->type, .body = bytes_slice(&rest, length)};
        error = piece_seal(kit, suite, protection, &piece, ret_records);
    } while (error == 0 && rest.length > 0);
    return error;
}
