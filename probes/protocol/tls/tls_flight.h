// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a server says in the clear, taken apart: records (RFC 8446 section 5.1, RFC 6101 section 5.2.1) into handshake
// messages and alerts, in however many pieces either came.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/buffer.h"
#include "probes/bytes.h"

enum {
    // A Certificate message may be as long as what is read of it; nothing else in the clear comes near.
    TLS_MESSAGE_BYTES_MAX = 40 << 10,
};

enum tls_flight_kind {
    TLS_FLIGHT_STRANGE = 0, // not a TLS server's words, or too many of them
    TLS_FLIGHT_FAILED,      // out of memory
    TLS_FLIGHT_MORE,        // nothing whole; there may be more
    TLS_FLIGHT_MESSAGE,     // a handshake message
    TLS_FLIGHT_ALERT,
    TLS_FLIGHT_SECRET, // from here on it is encrypted
};

enum tls_flight_type {
    TLS_FLIGHT_SERVER_HELLO = 2,
    TLS_FLIGHT_CERTIFICATE = 11,
    TLS_FLIGHT_SERVER_KEY_EXCHANGE = 12,
    TLS_FLIGHT_SERVER_HELLO_DONE = 14,
};

struct tls_flight_piece {
    enum tls_flight_kind kind;
    uint8_t type;      // of a message: enum tls_flight_type, or another
    struct bytes body; // of a message, valid until the next call
    uint8_t level;     // of an alert: 1 warning, 2 fatal
    uint8_t alert;
};

// All-zero is one that has heard nothing.
struct tls_flight {
    struct buffer messages;
    size_t given;    // of them, to be dropped before the next
    uint16_t left;   // of the current record
    uint8_t content; // its type
    uint8_t alert[2];
    uint8_t alert_length;
    bool spoke; // a whole record header came
};

// Takes from *input up to the next message or alert. What it says does not depend on how the bytes were cut.
struct tls_flight_piece tls_flight_take(struct tls_flight *flight, struct bytes *input);
void tls_flight_fini(struct tls_flight *flight);
