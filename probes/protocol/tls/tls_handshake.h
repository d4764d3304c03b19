// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: handshake messages (RFC 8446 section 4), put together from records however these cut them, and none
// longer than its kind may be.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/buffer.h"
#include "probes/bytes.h"

enum tls_handshake_type {
    TLS_HELLO_REQUEST = 0,
    TLS_CLIENT_HELLO = 1,
    TLS_SERVER_HELLO = 2,
    TLS_NEW_SESSION_TICKET = 4,
    TLS_ENCRYPTED_EXTENSIONS = 8,
    TLS_CERTIFICATE = 11,
    TLS_SERVER_KEY_EXCHANGE = 12,
    TLS_CERTIFICATE_REQUEST = 13,
    TLS_SERVER_HELLO_DONE = 14,
    TLS_CERTIFICATE_VERIFY = 15,
    TLS_CLIENT_KEY_EXCHANGE = 16,
    TLS_FINISHED = 20,
    TLS_CERTIFICATE_STATUS = 22,
    TLS_KEY_UPDATE = 24,
    TLS_MESSAGE_HASH = 254,
};

struct tls_handshake {
    uint8_t type; // enum tls_handshake_type, if the other side keeps to it
    struct bytes body;
    struct bytes whole; // with its header, as it is hashed
};

enum tls_handshake_state {
    TLS_HANDSHAKE_PARTIAL = 0, // all that is there was kept for later
    TLS_HANDSHAKE_WHOLE,
    TLS_HANDSHAKE_TOO_LONG, // ret_message->type says which kind
    TLS_HANDSHAKE_FAILED,   // out of memory
};

// The beginning of a message that is not whole. All-zero: there is none; buffer_fini(&kept) releases it.
struct tls_assembly {
    struct buffer kept;
    bool given; // what was kept became whole and was given out
};

// Takes the next message out of what was kept and what has come since: *input, a record's content. The message holds
// until the next call. Call it until it is PARTIAL.
enum tls_handshake_state tls_handshake_take(struct tls_assembly *assembly, struct bytes *input,
                                            struct tls_handshake *ret_message);

// Whether a message has begun and not ended.
static inline bool tls_handshake_begun(const struct tls_assembly *assembly)
{
    return assembly->kept.length > 0 && !assembly->given;
}
