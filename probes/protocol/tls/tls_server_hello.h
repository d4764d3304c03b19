// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a ServerHello says: SSL 3.0 to TLS 1.2 (RFC 5246 section 7.4.1.3), TLS 1.3 and its HelloRetryRequest (RFC 8446
// sections 4.1.3 and 4.1.4), and SSL 2.0's SERVER-HELLO.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/bytes.h"
#include "probes/protocol/tls/tls_hello.h"

enum {
    // No server has been seen to answer with more than a dozen: a client has to have asked for each.
    TLS_SERVER_EXTENSIONS_MAX = 32,
};

// Views into the message, which must outlive them.
struct tls_server_hello {
    uint16_t legacy_version; // as the field of that name says
    uint16_t version;        // really chosen: supported_versions where it is there
    uint16_t cipher;
    uint16_t group;        // of key_share: of the share, or in a retry the one that is asked for; 0: not said
    uint8_t compression;   // 0: none
    bool retry;            // it is a HelloRetryRequest
    bool downgrade;        // the random says that the server could do better (RFC 8446 section 4.1.3)
    const uint8_t *random; // TLS_RANDOM_BYTES
    struct bytes session_id;
    struct bytes key_share; // empty in a retry
    struct bytes alpn;      // the one name that was chosen; empty: none
    struct bytes cookie;
    uint16_t extensions[TLS_SERVER_EXTENSIONS_MAX]; // their types, in the server's order
    size_t extension_count;
};

// Reads the body of a ServerHello message, without the message's header. 0; -EBADMSG when it is not one: lengths that
// do not fit, bytes behind its end, an extension twice, more extensions than anybody has.
int tls_server_hello_read(struct bytes body, struct tls_server_hello *ret_hello);

// Reads the content of an ALPN extension as a server sends it (RFC 7301 section 3.1): a list of exactly one name. False
// when it is none.
bool tls_alpn_read(struct bytes data, struct bytes *ret_name);

// The SERVER-HELLO of SSL 2.0.
struct tls_ssl2_server_hello {
    uint16_t version;
    struct bytes certificate;
    struct bytes cipher_specs; // three bytes each; none means that the server has nothing to speak SSL 2.0 with
};

// Reads a record's content, without its header of two or three bytes. 0 or -EBADMSG.
int tls_ssl2_server_hello_read(struct bytes content, struct tls_ssl2_server_hello *ret_hello);
