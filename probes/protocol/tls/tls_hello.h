// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A ClientHello of our own, written from what it shall say: SSL 3.0 (RFC 6101 section 5.6.1.2) to TLS 1.3 (RFC 8446
// section 4.1.2), and that of SSL 2.0 (RFC 6101 appendix E). A library's client says only what the library supports;
// the servers that have to be found are those that no library speaks with any more.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/buffer.h"
#include "probes/bytes.h"

enum {
    TLS_SSL2 = 0x0002,
    TLS_SSL3 = 0x0300,
    TLS_1_0 = 0x0301,
    TLS_1_1 = 0x0302,
    TLS_1_2 = 0x0303,
    TLS_1_3 = 0x0304,
    TLS_RANDOM_BYTES = 32,
    TLS_RECORD_HEADER_BYTES = 5,
    TLS_MESSAGE_HEADER_BYTES = 4,
    TLS_RECORD_BYTES_MAX = 1 << 14, // of plain text (RFC 8446 section 5.1)
};

// The types of extensions that sonde has to do with (IANA, TLS ExtensionType Values).
enum tls_extension {
    TLS_EXTENSION_SERVER_NAME = 0,
    TLS_EXTENSION_SUPPORTED_GROUPS = 10,
    TLS_EXTENSION_EC_POINT_FORMATS = 11,
    TLS_EXTENSION_SIGNATURE_ALGORITHMS = 13,
    TLS_EXTENSION_ALPN = 16,
    TLS_EXTENSION_PADDING = 21,
    TLS_EXTENSION_EXTENDED_MASTER_SECRET = 23,
    TLS_EXTENSION_PRE_SHARED_KEY = 41,
    TLS_EXTENSION_SUPPORTED_VERSIONS = 43,
    TLS_EXTENSION_COOKIE = 44,
    TLS_EXTENSION_KEY_SHARE = 51,
    TLS_EXTENSION_RENEGOTIATION_INFO = 0xff01,
};

// Numbers of the wire, in the order of our preference.
struct tls_numbers {
    const uint16_t *numbers;
    size_t count;
};

// The numbers of a constant array.
#define TLS_NUMBERS(array) ((struct tls_numbers){(array), sizeof(array) / sizeof((array)[0])})

struct tls_key_share {
    uint16_t group;
    struct bytes share;
};

// What a hello says. What is empty is left out: an extension without content is not sent, and a hello without any
// extension, as SSL 3.0 has it, has no length of extensions either.
struct tls_hello {
    uint16_t record_version; // TLS_1_0, which every server takes; TLS_SSL3 when nothing newer is wanted
    uint16_t legacy_version; // the newest version below TLS 1.3 that is offered
    const uint8_t *random;   // TLS_RANDOM_BYTES
    struct bytes session_id; // at most 32
    struct tls_numbers ciphers;
    const char *server_name;     // a DNS name; NULL: none
    bool renegotiation_info;     // RFC 5746; old servers that patched that hole want it
    bool extended_master_secret; // RFC 7627
    struct tls_numbers groups;
    bool point_formats; // uncompressed points only, which servers below TLS 1.3 may want to be told (RFC 8422)
    struct tls_numbers versions;
    struct tls_numbers signature_algorithms;
    const struct tls_key_share *key_shares;
    size_t key_share_count;
    bool key_share_empty;    // asks with a key_share extension without any share, to be told the server's group
    const char *const *alpn; // names of 1 to 255 bytes
    size_t alpn_count;
    struct bytes cookie; // of a HelloRetryRequest
    struct bytes extra;  // further extensions, each with its type and length
};

// Appends the hello as one record: five bytes of record header, then the handshake message. One whose message would
// have 256 to 511 bytes is padded to 512 (RFC 7685), because some load balancers take it for SSL 2.0 and never answer.
// 0; -EMSGSIZE when a list is longer than its length can tell or the message longer than a record; -ENOMEM. On failure
// nothing was appended.
int tls_hello_write(const struct tls_hello *hello, struct buffer *ret_record);

// Appends an SSL 2.0 CLIENT-HELLO that offers all seven of its ciphers, with a challenge of 16 bytes. 0 or -ENOMEM.
int tls_hello_write_ssl2(const uint8_t challenge[16], struct buffer *ret_record);
