// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_packet.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

enum { CLEAR_BLOCK = 8, PADDING_MIN = 4, PIECE_BYTES = 4096 };

static void ssh_direction_fini(struct ssh_direction *direction)
{
    ssh_crypt_fini(&direction->crypt);
    ssh_check_fini(&direction->check);
    ssh_zlib_free(direction->zlib);
    direction->zlib = NULL;
}

void ssh_transport_fini(struct ssh_transport *transport)
{
    ssh_direction_fini(&transport->in);
    ssh_direction_fini(&transport->out);
    buffer_fini(&transport->body);
}

int ssh_direction_start(struct ssh_direction *direction, bool out, const struct ssh_suite *suite,
                        const uint8_t keys[3][SSH_KEY_MAX], EVP_MAC *poly1305)
{
    ssh_direction_fini(direction);
    int status = ssh_crypt_start(&direction->crypt, suite->cipher, out, keys[1], keys[0]);
    if (status == 0 && suite->cipher->mode == SSH_MODE_CHACHA)
        status = ssh_check_start_poly1305(&direction->check, poly1305);
    else if (status == 0 && suite->cipher->mode != SSH_MODE_GCM)
        status = ssh_check_start(&direction->check, suite->mac, keys[2]);
    if (status == 0 && suite->zlib) {
        direction->zlib = ssh_zlib_new(out);
        status = direction->zlib == NULL ? -ENOMEM : 0;
    }
    return status;
}

static bool is_clear(const struct ssh_direction *direction)
{
    return direction->crypt.cipher == NULL;
}

static bool is_gcm(const struct ssh_direction *direction)
{
    return direction->crypt.cipher != NULL && direction->crypt.cipher->mode == SSH_MODE_GCM;
}

static size_t direction_block(const struct ssh_direction *direction)
{
    return is_clear(direction) ? CLEAR_BLOCK : direction->crypt.cipher->block;
}

// True when the length is not part of what is encrypted in blocks.
static bool length_is_apart(const struct ssh_direction *direction)
{
    return !is_clear(direction) && (is_gcm(direction) || direction->check.mac->etm);
}

static size_t direction_tag(const struct ssh_direction *direction)
{
    if (is_clear(direction))
        return 0;
    return is_gcm(direction) ? SSH_GCM_TAG : direction->check.mac->length;
}

// Turns a piece of the body into `to`; the code runs over what the other side's has run over. from may be to.
static void piece_run(struct ssh_direction *direction, const uint8_t *from, size_t length, uint8_t *to)
{
    bool out = direction->crypt.encrypt;
    bool checked = !is_gcm(direction);
    bool over_wire = checked && direction->check.mac->etm;
    if (checked && out != over_wire)
        ssh_check_run(&direction->check, from, length);
    ssh_crypt_run(&direction->crypt, from, length, to);
    if (checked && out == over_wire)
        ssh_check_run(&direction->check, to, length);
}

// A packet's body begins: `head` is its length, which becomes readable where it is encrypted apart (in), or what goes
// over the wire (out).
static void packet_begin(struct ssh_direction *direction, uint8_t head[SSH_LENGTH_BYTES])
{
    uint8_t wire[SSH_LENGTH_BYTES];
    uint8_t poly_key[SSH_POLY_KEY];
    memcpy(wire, head, sizeof(wire));
    ssh_crypt_begin(&direction->crypt, direction->sequence, head, poly_key);
    if (is_gcm(direction))
        return;
    ssh_check_begin(&direction->check, direction->sequence, poly_key);
    ssh_check_run(&direction->check, direction->crypt.encrypt ? head : wire, SSH_LENGTH_BYTES);
}

static void packet_tag(struct ssh_direction *direction, uint8_t ret_tag[SSH_TAG_MAX])
{
    if (is_gcm(direction))
        ssh_crypt_tag(&direction->crypt, ret_tag);
    else
        ssh_check_tag(&direction->check, ret_tag);
}

// Keeps what fits.
static void body_put(struct ssh_transport *transport, const uint8_t *data, size_t length)
{
    size_t room = SSH_PACKET_KEPT - transport->body.length;
    buffer_put(&transport->body, data, length < room ? length : room);
}

// Makes the length readable: takes the length field or the first block. 1 when it is, 0 when bytes are missing.
static int packet_head(struct ssh_transport *transport, struct bytes *input)
{
    struct ssh_direction *in = &transport->in;
    size_t length = length_is_apart(in) ? SSH_LENGTH_BYTES : direction_block(in);
    if (input->length < length)
        return 0;
    uint8_t *head = transport->head;
    memcpy(head, bytes_take(input, length), length);
    if (length_is_apart(in)) {
        packet_begin(in, head);
    } else if (!is_clear(in)) {
        ssh_crypt_run(&in->crypt, head, length, head);
        packet_begin(in, head);
        ssh_check_run(&in->check, head + SSH_LENGTH_BYTES, length - SSH_LENGTH_BYTES);
    }
    struct bytes reader = bytes_of(head, SSH_LENGTH_BYTES);
    uint32_t body = bytes_u32(&reader);
    uint32_t known = (uint32_t)length - SSH_LENGTH_BYTES;
    size_t aligned = length_is_apart(in) ? body : body + (size_t)SSH_LENGTH_BYTES;
    if (body > SSH_PACKET_MAX || body < known || body < 1 + PADDING_MIN ||
        (!is_clear(in) && aligned % direction_block(in) != 0))
        return -EBADMSG;
    transport->head_length = (uint8_t)length;
    transport->length = body;
    transport->left = body - known;
    body_put(transport, head + SSH_LENGTH_BYTES, known);
    return 1;
}

// Opens what has come of the body. 1 when that was all of it.
static int packet_body(struct ssh_transport *transport, struct bytes *input)
{
    struct ssh_direction *in = &transport->in;
    uint8_t opened[PIECE_BYTES];
    while (transport->left > 0) {
        size_t length = transport->left < input->length ? transport->left : input->length;
        length = length < sizeof(opened) ? length : sizeof(opened);
        length -= length < transport->left ? length % SSH_CIPHER_PIECE : 0;
        const uint8_t *from = length == 0 ? NULL : bytes_take(input, length);
        if (from == NULL)
            return 0;
        if (is_clear(in))
            body_put(transport, from, length);
        else {
            piece_run(in, from, length, opened);
            body_put(transport, opened, length);
        }
        transport->left -= (uint32_t)length;
    }
    return transport->body.failed ? -ENOMEM : 1;
}

// What was kept of a whole packet becomes its payload.
static int packet_take(struct ssh_transport *transport, struct buffer *ret_payload)
{
    size_t padding = buffer_bytes(&transport->body)[0];
    if (padding + 1 > transport->length)
        return -EBADMSG;
    size_t whole = transport->length - padding - 1;
    buffer_drop(&transport->body, 1);
    transport->cut = transport->body.length < whole;
    if (!transport->cut)
        transport->body.length = whole;
    transport->in.sequence++;
    transport->head_length = 0;
    if (transport->in.zlib != NULL) {
        int status = ssh_zlib_run(transport->in.zlib, &transport->body, transport->cut, ret_payload);
        buffer_fini(&transport->body);
        return status == 0 ? 1 : status;
    }
    *ret_payload = transport->body;
    transport->body = (struct buffer){0};
    return 1;
}

int ssh_packet_read(struct ssh_transport *transport, struct bytes *input, struct buffer *ret_payload)
{
    uint8_t tag[SSH_TAG_MAX];
    int status = transport->head_length > 0 ? 1 : packet_head(transport, input);
    status = status > 0 ? packet_body(transport, input) : status;
    if (status <= 0)
        return status;
    size_t length = direction_tag(&transport->in);
    if (input->length < length)
        return 0;
    const uint8_t *theirs = bytes_take(input, length);
    if (!is_clear(&transport->in)) {
        packet_tag(&transport->in, tag);
        if (CRYPTO_memcmp(tag, theirs, length) != 0)
            return -EBADMSG;
    }
    return packet_take(transport, ret_payload);
}

static void packet_seal(struct ssh_direction *out, uint8_t *packet, size_t length, uint8_t *ret_tag)
{
    uint8_t tag[SSH_TAG_MAX];
    if (is_clear(out))
        return;
    if (length_is_apart(out)) {
        packet_begin(out, packet);
        piece_run(out, packet + SSH_LENGTH_BYTES, length - SSH_LENGTH_BYTES, packet + SSH_LENGTH_BYTES);
    } else {
        ssh_check_begin(&out->check, out->sequence, NULL);
        piece_run(out, packet, length, packet);
    }
    packet_tag(out, tag);
    memcpy(ret_tag, tag, direction_tag(out));
}

static int payload_seal(struct ssh_transport *transport, const struct buffer *payload, struct buffer *ret_wire)
{
    struct ssh_direction *out = &transport->out;
    size_t block = direction_block(out);
    size_t counted = 1 + payload->length + (length_is_apart(out) ? 0 : SSH_LENGTH_BYTES);
    size_t padding = block - counted % block;
    padding += padding < PADDING_MIN ? block : 0;
    size_t length = 1 + payload->length + padding;
    buffer_put_u32(ret_wire, (uint32_t)length);
    uint8_t *room = buffer_extend(ret_wire, length + direction_tag(out));
    if (room == NULL)
        return -ENOMEM;
    room[0] = (uint8_t)padding;
    memcpy(room + 1, buffer_bytes(payload), payload->length);
    // Padding hides what is encrypted; in the clear there is nothing to hide.
    memset(room + 1 + payload->length, 0, padding);
    if (!is_clear(out) && RAND_bytes(room + 1 + payload->length, (int)padding) != 1)
        return -ENOMEM;
    packet_seal(out, room - SSH_LENGTH_BYTES, length + SSH_LENGTH_BYTES, room + length);
    out->sequence++;
    return 0;
}

int ssh_packet_write(struct ssh_transport *transport, const struct buffer *payload, struct buffer *ret_wire)
{
    if (payload->failed)
        return -ENOMEM;
    if (transport->out.zlib == NULL)
        return payload_seal(transport, payload, ret_wire);
    struct buffer packed = {0};
    int status = ssh_zlib_run(transport->out.zlib, payload, false, &packed);
    status = status == 0 ? payload_seal(transport, &packed, ret_wire) : status;
    buffer_fini(&packed);
    return status;
}
