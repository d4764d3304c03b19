// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_hello.h"

#include <errno.h>
#include <string.h>

enum {
    RECORD_HANDSHAKE = 22,
    MESSAGE_CLIENT_HELLO = 1,
    SESSION_ID_BYTES_MAX = 32,
    // RFC 7685 section 4: messages of these lengths make some servers hang.
    PADDING_FROM = 0x100,
    PADDING_TO = 0x200,
    EXTENSION_HEADER_BYTES = 4,
};

// A message that is being written, and whether all of it fitted its lengths.
struct writer {
    struct buffer *buffer;
    bool too_long;
};

// Where a length of `bytes` bytes stands, relative to the first byte that waits.
struct length_place {
    size_t at;
    unsigned int bytes;
};

static void put_u16(struct writer *writer, uint32_t value)
{
    buffer_put_u8(writer->buffer, (uint8_t)(value >> 8));
    buffer_put_u8(writer->buffer, (uint8_t)value);
}

// Leaves room for a length; length_close fills it in with the number of bytes that have followed.
static struct length_place length_open(struct writer *writer, unsigned int bytes)
{
    struct length_place place = {.at = writer->buffer->length, .bytes = bytes};
    static const uint8_t zeros[3];
    buffer_put(writer->buffer, zeros, bytes);
    return place;
}

static void length_close(struct writer *writer, struct length_place place)
{
    if (writer->buffer->failed)
        return;
    size_t length = writer->buffer->length - place.at - place.bytes;
    if (length >> (8 * place.bytes) != 0)
        writer->too_long = true;
    uint8_t *at = writer->buffer->data + writer->buffer->start + place.at;
    for (unsigned int byte = 0; byte < place.bytes; byte++)
        at[byte] = (uint8_t)(length >> (8 * (place.bytes - 1 - byte)));
}

static struct length_place extension_open(struct writer *writer, enum tls_extension type)
{
    put_u16(writer, type);
    return length_open(writer, 2);
}

static void numbers_put(struct writer *writer, struct tls_numbers list, unsigned int length_bytes)
{
    struct length_place length = length_open(writer, length_bytes);
    for (size_t at = 0; at < list.count; at++)
        put_u16(writer, list.numbers[at]);
    length_close(writer, length);
}

static void numbers_extension(struct writer *writer, enum tls_extension type, struct tls_numbers list,
                              unsigned int length_bytes)
{
    if (list.count == 0)
        return;
    struct length_place extension = extension_open(writer, type);
    numbers_put(writer, list, length_bytes);
    length_close(writer, extension);
}

// RFC 6066 section 3.
static void server_name_extension(struct writer *writer, const char *name)
{
    if (name == NULL)
        return;
    struct length_place extension = extension_open(writer, TLS_EXTENSION_SERVER_NAME);
    struct length_place list = length_open(writer, 2);
    buffer_put_u8(writer->buffer, 0); // host_name
    struct length_place length = length_open(writer, 2);
    buffer_put(writer->buffer, name, strlen(name));
    length_close(writer, length);
    length_close(writer, list);
    length_close(writer, extension);
}

// RFC 7301 section 3.1.
static void alpn_extension(struct writer *writer, const struct tls_hello *hello)
{
    if (hello->alpn_count == 0)
        return;
    struct length_place extension = extension_open(writer, TLS_EXTENSION_ALPN);
    struct length_place list = length_open(writer, 2);
    for (size_t at = 0; at < hello->alpn_count; at++) {
        struct length_place length = length_open(writer, 1);
        buffer_put(writer->buffer, hello->alpn[at], strlen(hello->alpn[at]));
        length_close(writer, length);
    }
    length_close(writer, list);
    length_close(writer, extension);
}

// RFC 8446 section 4.2.8.
static void key_share_extension(struct writer *writer, const struct tls_hello *hello)
{
    if (hello->key_share_count == 0 && !hello->key_share_empty)
        return;
    struct length_place extension = extension_open(writer, TLS_EXTENSION_KEY_SHARE);
    struct length_place list = length_open(writer, 2);
    for (size_t at = 0; at < hello->key_share_count; at++) {
        put_u16(writer, hello->key_shares[at].group);
        struct length_place length = length_open(writer, 2);
        buffer_put(writer->buffer, hello->key_shares[at].share.data, hello->key_shares[at].share.length);
        length_close(writer, length);
    }
    length_close(writer, list);
    length_close(writer, extension);
}

// RFC 8446 section 4.2.2.
static void cookie_extension(struct writer *writer, struct bytes cookie)
{
    if (cookie.length == 0)
        return;
    struct length_place extension = extension_open(writer, TLS_EXTENSION_COOKIE);
    struct length_place length = length_open(writer, 2);
    buffer_put(writer->buffer, cookie.data, cookie.length);
    length_close(writer, length);
    length_close(writer, extension);
}

static void extensions_put(struct writer *writer, const struct tls_hello *hello)
{
    server_name_extension(writer, hello->server_name);
    if (hello->renegotiation_info) {
        struct length_place extension = extension_open(writer, TLS_EXTENSION_RENEGOTIATION_INFO);
        buffer_put_u8(writer->buffer, 0); // there was no handshake before this one
        length_close(writer, extension);
    }
    numbers_extension(writer, TLS_EXTENSION_SUPPORTED_GROUPS, hello->groups, 2);
    if (hello->point_formats) {
        static const uint8_t uncompressed[] = {1, 0};
        struct length_place extension = extension_open(writer, TLS_EXTENSION_EC_POINT_FORMATS);
        buffer_put(writer->buffer, uncompressed, sizeof(uncompressed));
        length_close(writer, extension);
    }
    alpn_extension(writer, hello);
    if (hello->extended_master_secret)
        length_close(writer, extension_open(writer, TLS_EXTENSION_EXTENDED_MASTER_SECRET));
    key_share_extension(writer, hello);
    numbers_extension(writer, TLS_EXTENSION_SUPPORTED_VERSIONS, hello->versions, 1);
    numbers_extension(writer, TLS_EXTENSION_SIGNATURE_ALGORITHMS, hello->signature_algorithms, 2);
    cookie_extension(writer, hello->cookie);
    buffer_put(writer->buffer, hello->extra.data, hello->extra.length);
}

// The message has `length` bytes so far, all its extensions included.
static void padding_extension(struct writer *writer, size_t length)
{
    if (length < PADDING_FROM || length >= PADDING_TO)
        return;
    // At least one byte of it: some servers refuse a hello that ends with an empty extension.
    size_t missing = PADDING_TO - length;
    size_t padding = missing > EXTENSION_HEADER_BYTES ? missing - EXTENSION_HEADER_BYTES : 1;
    struct length_place extension = extension_open(writer, TLS_EXTENSION_PADDING);
    uint8_t *room = buffer_extend(writer->buffer, padding);
    if (room != NULL)
        memset(room, 0, padding);
    length_close(writer, extension);
}

static void body_put(struct writer *writer, const struct tls_hello *hello, size_t message_at)
{
    struct buffer *buffer = writer->buffer;
    put_u16(writer, hello->legacy_version);
    buffer_put(buffer, hello->random, TLS_RANDOM_BYTES);
    struct length_place session_id = length_open(writer, 1);
    buffer_put(buffer, hello->session_id.data, hello->session_id.length);
    length_close(writer, session_id);
    numbers_put(writer, hello->ciphers, 2);
    static const uint8_t no_compression[] = {1, 0};
    buffer_put(buffer, no_compression, sizeof(no_compression));
    size_t before = buffer->length;
    struct length_place extensions = length_open(writer, 2);
    extensions_put(writer, hello);
    if (buffer->failed)
        return;
    if (buffer->length == before + extensions.bytes) {
        buffer->length = before;
        return;
    }
    padding_extension(writer, buffer->length - message_at);
    length_close(writer, extensions);
}

int tls_hello_write(const struct tls_hello *hello, struct buffer *ret_record)
{
    struct writer writer = {.buffer = ret_record, .too_long = hello->session_id.length > SESSION_ID_BYTES_MAX};
    size_t before = ret_record->length;
    buffer_put_u8(ret_record, RECORD_HANDSHAKE);
    put_u16(&writer, hello->record_version);
    struct length_place record = length_open(&writer, 2);
    size_t message_at = ret_record->length;
    buffer_put_u8(ret_record, MESSAGE_CLIENT_HELLO);
    struct length_place message = length_open(&writer, 3);
    body_put(&writer, hello, message_at);
    length_close(&writer, message);
    length_close(&writer, record);
    if (ret_record->failed)
        return -ENOMEM;
    if (writer.too_long || ret_record->length - message_at > TLS_RECORD_BYTES_MAX) {
        ret_record->length = before;
        return -EMSGSIZE;
    }
    return 0;
}

int tls_hello_write_ssl2(const uint8_t challenge[16], struct buffer *ret_record)
{
    // The length with its highest bit set: a header of two bytes, without padding. CLIENT-HELLO, version 0.2, then the
    // lengths of the cipher specs, of the session id and of the challenge.
    static const uint8_t head[] = {0x80, 46, 1, 0x00, 0x02, 0, 21, 0, 0, 0, 16};
    // RC4, RC4 export, RC2, RC2 export, IDEA, DES, triple DES.
    static const uint8_t specs[] = {0x01, 0x00, 0x80, 0x02, 0x00, 0x80, 0x03, 0x00, 0x80, 0x04, 0x00,
                                    0x80, 0x05, 0x00, 0x80, 0x06, 0x00, 0x40, 0x07, 0x00, 0xc0};
    _Static_assert(sizeof(head) - 2 + sizeof(specs) + 16 == 46, "the length in the header");
    buffer_put(ret_record, head, sizeof(head));
    buffer_put(ret_record, specs, sizeof(specs));
    buffer_put(ret_record, challenge, 16);
    return ret_record->failed ? -ENOMEM : 0;
}
