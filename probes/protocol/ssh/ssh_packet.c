// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_packet.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

enum { CLEAR_BLOCK = 8, PADDING_MIN = 4, LENGTH_BYTES = 4, AEAD_TAG = 16, MAC_MAX = 64 };

const struct ssh_cipher ssh_ciphers[] = {
    {"aes128-ctr", EVP_aes_128_ctr, 16, 16, 16, false},
    {"aes128-gcm@openssh.com", EVP_aes_128_gcm, 16, 16, 12, true},
    {"aes256-gcm@openssh.com", EVP_aes_256_gcm, 16, 32, 12, true},
    {"aes192-ctr", EVP_aes_192_ctr, 16, 24, 16, false},
    {"aes256-ctr", EVP_aes_256_ctr, 16, 32, 16, false},
    {"aes128-cbc", EVP_aes_128_cbc, 16, 16, 16, false},
    {"aes192-cbc", EVP_aes_192_cbc, 16, 24, 16, false},
    {"aes256-cbc", EVP_aes_256_cbc, 16, 32, 16, false},
    {"3des-cbc", EVP_des_ede3_cbc, 8, 24, 8, false},
    {NULL, NULL, 0, 0, 0, false},
};

const struct ssh_mac ssh_macs[] = {
    {"hmac-sha2-256-etm@openssh.com", "SHA256", 32, true},
    {"hmac-sha2-512-etm@openssh.com", "SHA512", 64, true},
    {"hmac-sha1-etm@openssh.com", "SHA1", 20, true},
    {"hmac-sha2-256", "SHA256", 32, false},
    {"hmac-sha2-512", "SHA512", 64, false},
    {"hmac-sha1", "SHA1", 20, false},
    {"hmac-md5", "MD5", 16, false},
    {NULL, NULL, 0, false},
};

static void ssh_direction_fini(struct ssh_direction *direction)
{
    EVP_CIPHER_CTX_free(direction->cipher_ctx);
    EVP_MAC_CTX_free(direction->mac_ctx);
    direction->cipher_ctx = NULL;
    direction->mac_ctx = NULL;
}

void ssh_transport_fini(struct ssh_transport *transport)
{
    ssh_direction_fini(&transport->in);
    ssh_direction_fini(&transport->out);
}

static EVP_MAC_CTX *mac_start(const struct ssh_mac *mac, const uint8_t *key)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac);
    // The digest's name is only read, but OSSL_PARAM has no const.
    char digest[16];
    strcpy(digest, mac->digest);
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    if (ctx != NULL && EVP_MAC_init(ctx, key, mac->length, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        ctx = NULL;
    }
    return ctx;
}

int ssh_direction_start(struct ssh_direction *direction, bool encrypt, const struct ssh_cipher *cipher,
                        const struct ssh_mac *mac, const uint8_t keys[3][SSH_KEY_MAX])
{
    ssh_direction_fini(direction);
    direction->cipher = cipher;
    direction->mac = cipher->aead ? NULL : mac;
    memcpy(direction->iv, keys[0], cipher->iv);
    direction->cipher_ctx = EVP_CIPHER_CTX_new();
    if (direction->cipher_ctx == NULL)
        return -ENOMEM;
    if (EVP_CipherInit_ex(direction->cipher_ctx, cipher->evp(), NULL, keys[1], keys[0], encrypt) != 1)
        return -ENOTSUP;
    EVP_CIPHER_CTX_set_padding(direction->cipher_ctx, 0);
    if (direction->mac != NULL) {
        direction->mac_ctx = mac_start(mac, keys[2]);
        return direction->mac_ctx == NULL ? -ENOTSUP : 0;
    }
    return 0;
}

static size_t direction_block(const struct ssh_direction *direction)
{
    return direction->cipher == NULL ? CLEAR_BLOCK : direction->cipher->block;
}

// True when the length field travels in clear and is not part of what is encrypted.
static bool direction_length_is_clear(const struct ssh_direction *direction)
{
    return direction->cipher != NULL && (direction->cipher->aead || direction->mac->etm);
}

static size_t direction_tag(const struct ssh_direction *direction)
{
    if (direction->cipher == NULL)
        return 0;
    return direction->cipher->aead ? AEAD_TAG : direction->mac->length;
}

// The MAC over the sequence number and two pieces; 0 or -EBADMSG.
static int direction_mac(const struct ssh_direction *direction, struct bytes first, struct bytes second,
                         uint8_t ret_tag[MAC_MAX])
{
    uint8_t sequence[4] = {(uint8_t)(direction->sequence >> 24), (uint8_t)(direction->sequence >> 16),
                           (uint8_t)(direction->sequence >> 8), (uint8_t)direction->sequence};
    size_t length = 0;
    if (EVP_MAC_init(direction->mac_ctx, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(direction->mac_ctx, sequence, sizeof(sequence)) != 1 ||
        EVP_MAC_update(direction->mac_ctx, first.data, first.length) != 1 ||
        EVP_MAC_update(direction->mac_ctx, second.data, second.length) != 1 ||
        EVP_MAC_final(direction->mac_ctx, ret_tag, &length, MAC_MAX) != 1)
        return -EBADMSG;
    return 0;
}

static int direction_crypt(const struct ssh_direction *direction, const uint8_t *from, size_t length, uint8_t *ret_to)
{
    int written = 0;
    if (length == 0)
        return 0;
    if (EVP_CipherUpdate(direction->cipher_ctx, ret_to, &written, from, (int)length) != 1 || written != (int)length)
        return -EBADMSG;
    return 0;
}

// RFC 5647 section 7.1: the last eight bytes of the nonce count the packets.
static int direction_aead_begin(struct ssh_direction *direction, const uint8_t length[LENGTH_BYTES])
{
    int written = 0;
    if (EVP_CipherInit_ex(direction->cipher_ctx, NULL, NULL, NULL, direction->iv, -1) != 1 ||
        EVP_CipherUpdate(direction->cipher_ctx, NULL, &written, length, LENGTH_BYTES) != 1)
        return -EBADMSG;
    for (size_t at = 12; at-- > 4 && ++direction->iv[at] == 0;) {
    }
    return 0;
}

// Opens the sealed rest of a packet into `body`, which begins with the padding length. `head` is what is known in
// clear: the length field, or the first block.
static int packet_open(struct ssh_transport *transport, struct bytes sealed, const uint8_t *tag, uint8_t *ret_body)
{
    struct ssh_direction *in = &transport->in;
    uint8_t *head = transport->head;
    if (in->cipher == NULL) {
        memcpy(ret_body, head + LENGTH_BYTES, transport->head_length - (size_t)LENGTH_BYTES);
        memcpy(ret_body + transport->head_length - LENGTH_BYTES, sealed.data, sealed.length);
        return 0;
    }
    if (in->cipher->aead) {
        uint8_t expected[AEAD_TAG];
        memcpy(expected, tag, sizeof(expected));
        int written = 0;
        uint8_t nothing[SSH_BLOCK_MAX];
        if (direction_aead_begin(in, head) != 0 || direction_crypt(in, sealed.data, sealed.length, ret_body) != 0 ||
            EVP_CIPHER_CTX_ctrl(in->cipher_ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, expected) != 1 ||
            EVP_CipherFinal_ex(in->cipher_ctx, nothing, &written) != 1)
            return -EBADMSG;
        return 0;
    }
    uint8_t computed[MAC_MAX];
    if (in->mac->etm) {
        if (direction_mac(in, bytes_of(head, LENGTH_BYTES), sealed, computed) != 0 ||
            CRYPTO_memcmp(computed, tag, in->mac->length) != 0)
            return -EBADMSG;
        return direction_crypt(in, sealed.data, sealed.length, ret_body);
    }
    size_t known = (size_t)transport->head_length - LENGTH_BYTES;
    memcpy(ret_body, head + LENGTH_BYTES, known);
    if (direction_crypt(in, sealed.data, sealed.length, ret_body + known) != 0 ||
        direction_mac(in, bytes_of(head, LENGTH_BYTES), bytes_of(ret_body, known + sealed.length), computed) != 0 ||
        CRYPTO_memcmp(computed, tag, in->mac->length) != 0)
        return -EBADMSG;
    return 0;
}

// Makes the length readable: takes the length field or the first block. 1 when it is, 0 when bytes are missing.
static int packet_head(struct ssh_transport *transport, struct bytes *input)
{
    if (transport->head_length > 0)
        return 1;
    const struct ssh_direction *in = &transport->in;
    size_t length = direction_length_is_clear(in) ? LENGTH_BYTES : direction_block(in);
    if (input->length < length)
        return 0;
    const uint8_t *from = bytes_take(input, length);
    if (in->cipher == NULL || direction_length_is_clear(in))
        memcpy(transport->head, from, length);
    else if (direction_crypt(in, from, length, transport->head) != 0)
        return -EBADMSG;
    transport->head_length = (uint8_t)length;
    return 1;
}

int ssh_packet_read(struct ssh_transport *transport, struct bytes *input, struct buffer *ret_payload)
{
    struct ssh_direction *in = &transport->in;
    int status = packet_head(transport, input);
    if (status <= 0)
        return status;
    struct bytes head = bytes_of(transport->head, LENGTH_BYTES);
    size_t length = bytes_u32(&head);
    size_t known = (size_t)transport->head_length - LENGTH_BYTES;
    size_t aligned = direction_length_is_clear(in) ? length : length + LENGTH_BYTES;
    if (length > SSH_PACKET_MAX || length < known || length < 1 + PADDING_MIN ||
        (in->cipher != NULL && aligned % direction_block(in) != 0))
        return -EBADMSG;
    size_t tag_length = direction_tag(in);
    if (input->length < length - known + tag_length)
        return 0;
    struct bytes sealed = bytes_slice(input, length - known);
    const uint8_t *tag = bytes_take(input, tag_length);
    struct buffer body = {0};
    uint8_t *room = buffer_extend(&body, length);
    if (room == NULL)
        return -ENOMEM;
    status = packet_open(transport, sealed, tag, room);
    if (status == 0 && (size_t)room[0] + 1 > length)
        status = -EBADMSG;
    if (status == 0) {
        buffer_put(ret_payload, room + 1, length - 1 - room[0]);
        status = ret_payload->failed ? -ENOMEM : 1;
        in->sequence++;
        transport->head_length = 0;
    }
    buffer_fini(&body);
    return status;
}

static int packet_seal(struct ssh_direction *out, uint8_t *packet, size_t length, uint8_t *ret_tag)
{
    int written = 0;
    if (out->cipher == NULL)
        return 0;
    uint8_t *body = packet + LENGTH_BYTES;
    size_t body_length = length - LENGTH_BYTES;
    if (out->cipher->aead) {
        if (direction_aead_begin(out, packet) != 0 || direction_crypt(out, body, body_length, body) != 0 ||
            EVP_CipherFinal_ex(out->cipher_ctx, ret_tag, &written) != 1 ||
            EVP_CIPHER_CTX_ctrl(out->cipher_ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG, ret_tag) != 1)
            return -EBADMSG;
        return 0;
    }
    uint8_t tag[MAC_MAX];
    struct bytes head = bytes_of(packet, LENGTH_BYTES);
    struct bytes rest = bytes_of(body, body_length);
    int status;
    if (out->mac->etm) {
        status = direction_crypt(out, body, body_length, body);
        status = status == 0 ? direction_mac(out, head, rest, tag) : status;
    } else {
        status = direction_mac(out, head, rest, tag);
        status = status == 0 ? direction_crypt(out, packet, length, packet) : status;
    }
    if (status == 0)
        memcpy(ret_tag, tag, out->mac->length);
    return status;
}

int ssh_packet_write(struct ssh_transport *transport, const struct buffer *payload, struct buffer *ret_wire)
{
    struct ssh_direction *out = &transport->out;
    if (payload->failed)
        return -ENOMEM;
    size_t block = direction_block(out);
    size_t counted = 1 + payload->length + (direction_length_is_clear(out) ? 0 : LENGTH_BYTES);
    size_t padding = block - counted % block;
    padding += padding < PADDING_MIN ? block : 0;
    size_t length = 1 + payload->length + padding;
    size_t tag_length = direction_tag(out);
    buffer_put_u32(ret_wire, (uint32_t)length);
    uint8_t *room = buffer_extend(ret_wire, length + tag_length);
    if (room == NULL)
        return -ENOMEM;
    room[0] = (uint8_t)padding;
    memcpy(room + 1, buffer_bytes(payload), payload->length);
    if (RAND_bytes(room + 1 + payload->length, (int)padding) != 1)
        return -ENOMEM;
    int status = packet_seal(out, room - LENGTH_BYTES, length + LENGTH_BYTES, room + length);
    out->sequence++;
    return status;
}
