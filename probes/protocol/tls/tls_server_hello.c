// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_server_hello.h"

#include <errno.h>
#include <string.h>

enum { SSL2_SERVER_HELLO = 4, SSL2_SPEC_BYTES = 3 };

// RFC 8446 section 4.1.3: the random of a HelloRetryRequest is the SHA-256 of "HelloRetryRequest".
static const uint8_t retry_random[TLS_RANDOM_BYTES] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

// A server of TLS 1.3 that speaks 1.2 ends its random with "DOWNGRD" and 1, below that 0.
static bool random_downgrades(const uint8_t *random)
{
    return memcmp(random + 24, "DOWNGRD", 7) == 0 && random[31] <= 1;
}

bool tls_alpn_read(struct bytes data, struct bytes *ret_name)
{
    struct bytes list = bytes_slice(&data, bytes_u16(&data));
    struct bytes name = bytes_slice(&list, bytes_u8(&list));
    *ret_name = name;
    return !name.failed && name.length > 0 && list.length == 0 && data.length == 0;
}

static bool key_share_read(struct bytes data, struct tls_server_hello *hello)
{
    hello->group = bytes_u16(&data);
    if (!hello->retry)
        hello->key_share = bytes_slice(&data, bytes_u16(&data));
    return !data.failed && !hello->key_share.failed && data.length == 0;
}

static bool extension_read(struct tls_server_hello *hello, uint16_t type, struct bytes data)
{
    switch (type) {
    case TLS_EXTENSION_SUPPORTED_VERSIONS:
        hello->version = bytes_u16(&data);
        return !data.failed && data.length == 0;
    case TLS_EXTENSION_KEY_SHARE:
        return key_share_read(data, hello);
    case TLS_EXTENSION_COOKIE:
        hello->cookie = bytes_slice(&data, bytes_u16(&data));
        return !hello->cookie.failed && hello->cookie.length > 0 && data.length == 0;
    case TLS_EXTENSION_ALPN:
        return tls_alpn_read(data, &hello->alpn);
    default:
        return true;
    }
}

static bool extensions_read(struct bytes extensions, struct tls_server_hello *hello)
{
    while (extensions.length > 0) {
        uint16_t type = bytes_u16(&extensions);
        struct bytes data = bytes_slice(&extensions, bytes_u16(&extensions));
        if (data.failed || hello->extension_count == TLS_SERVER_EXTENSIONS_MAX)
            return false;
        for (size_t at = 0; at < hello->extension_count; at++)
            if (hello->extensions[at] == type)
                return false;
        hello->extensions[hello->extension_count++] = type;
        if (!extension_read(hello, type, data))
            return false;
    }
    return !extensions.failed;
}

int tls_server_hello_read(struct bytes body, struct tls_server_hello *ret_hello)
{
    struct tls_server_hello hello = {.legacy_version = bytes_u16(&body)};
    hello.version = hello.legacy_version;
    hello.random = bytes_take(&body, TLS_RANDOM_BYTES);
    hello.session_id = bytes_slice(&body, bytes_u8(&body));
    hello.cipher = bytes_u16(&body);
    hello.compression = bytes_u8(&body);
    if (body.failed || hello.session_id.length > 32)
        return -EBADMSG;
    hello.retry = memcmp(hello.random, retry_random, sizeof(retry_random)) == 0;
    hello.downgrade = random_downgrades(hello.random);
    // Before extensions were thought of a message ended here, and some still do.
    if (body.length > 0) {
        struct bytes extensions = bytes_slice(&body, bytes_u16(&body));
        if (extensions.failed || body.length > 0 || !extensions_read(extensions, &hello))
            return -EBADMSG;
    }
    // A HelloRetryRequest is TLS 1.3's alone, also of a server that forgot to say so.
    if (hello.retry && hello.version == hello.legacy_version)
        hello.version = TLS_1_3;
    *ret_hello = hello;
    return 0;
}

int tls_ssl2_server_hello_read(struct bytes content, struct tls_ssl2_server_hello *ret_hello)
{
    struct tls_ssl2_server_hello hello = {.version = 0};
    if (bytes_u8(&content) != SSL2_SERVER_HELLO)
        return -EBADMSG;
    (void)bytes_u8(&content); // session id hit: we sent none
    (void)bytes_u8(&content); // certificate type
    hello.version = bytes_u16(&content);
    size_t certificate = bytes_u16(&content);
    size_t specs = bytes_u16(&content);
    size_t connection_id = bytes_u16(&content);
    hello.certificate = bytes_slice(&content, certificate);
    hello.cipher_specs = bytes_slice(&content, specs);
    (void)bytes_slice(&content, connection_id);
    if (content.failed || content.length > 0 || hello.version != TLS_SSL2 || specs % SSL2_SPEC_BYTES != 0)
        return -EBADMSG;
    *ret_hello = hello;
    return 0;
}
