// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_flight.h"

#include "probes/protocol/tls/tls_hello.h"

enum {
    CONTENT_CHANGE_CIPHER_SPEC = 20,
    CONTENT_ALERT = 21,
    CONTENT_HANDSHAKE = 22,
    CONTENT_APPLICATION_DATA = 23,
    RECORD_MAJOR = 3,
    RECORD_MINOR_MAX = 4,
};

void tls_flight_fini(struct tls_flight *flight)
{
    buffer_fini(&flight->messages);
}

// Whether what is there of a record's header can be one's.
static bool header_fits(struct bytes header)
{
    return (header.length < 1 ||
            (header.data[0] >= CONTENT_CHANGE_CIPHER_SPEC && header.data[0] <= CONTENT_APPLICATION_DATA)) &&
           (header.length < 2 || header.data[1] == RECORD_MAJOR) &&
           (header.length < 3 || header.data[2] <= RECORD_MINOR_MAX) &&
           (header.length < TLS_RECORD_HEADER_BYTES ||
            ((size_t)header.data[3] << 8 | header.data[4]) <= TLS_RECORD_BYTES_MAX);
}

// The next whole message of those that have come; MORE when there is none.
static struct tls_flight_piece message_next(struct tls_flight *flight)
{
    buffer_drop(&flight->messages, flight->given);
    flight->given = 0;
    struct bytes waiting = bytes_of(buffer_bytes(&flight->messages), flight->messages.length);
    uint8_t type = bytes_u8(&waiting);
    size_t length = bytes_u24(&waiting);
    if (waiting.failed)
        return (struct tls_flight_piece){.kind = TLS_FLIGHT_MORE};
    if (length > TLS_MESSAGE_BYTES_MAX)
        return (struct tls_flight_piece){.kind = TLS_FLIGHT_STRANGE};
    struct bytes body = bytes_slice(&waiting, length);
    if (body.failed)
        return (struct tls_flight_piece){.kind = TLS_FLIGHT_MORE};
    flight->given = TLS_MESSAGE_HEADER_BYTES + length;
    return (struct tls_flight_piece){.kind = TLS_FLIGHT_MESSAGE, .type = type, .body = body};
}

// Takes what is there of the current record's content.
static struct tls_flight_piece content_take(struct tls_flight *flight, struct bytes *input)
{
    size_t length = input->length < flight->left ? input->length : flight->left;
    if (flight->content == CONTENT_ALERT && length > sizeof(flight->alert) - flight->alert_length)
        length = sizeof(flight->alert) - flight->alert_length;
    struct bytes content = bytes_slice(input, length);
    flight->left = (uint16_t)(flight->left - length);
    if (flight->content == CONTENT_HANDSHAKE) {
        buffer_put(&flight->messages, content.data, content.length);
        return (struct tls_flight_piece){.kind = flight->messages.failed ? TLS_FLIGHT_FAILED : TLS_FLIGHT_MORE};
    }
    while (content.length > 0)
        flight->alert[flight->alert_length++] = bytes_u8(&content);
    if (flight->alert_length < sizeof(flight->alert))
        return (struct tls_flight_piece){.kind = TLS_FLIGHT_MORE};
    flight->alert_length = 0;
    return (struct tls_flight_piece){.kind = TLS_FLIGHT_ALERT, .level = flight->alert[0], .alert = flight->alert[1]};
}

struct tls_flight_piece tls_flight_take(struct tls_flight *flight, struct bytes *input)
{
    for (;;) {
        struct tls_flight_piece piece = message_next(flight);
        if (piece.kind != TLS_FLIGHT_MORE || input->length == 0)
            return piece;
        if (flight->left > 0) {
            piece = content_take(flight, input);
            if (piece.kind != TLS_FLIGHT_MORE)
                return piece;
            continue;
        }
        if (!header_fits(*input))
            return (struct tls_flight_piece){.kind = TLS_FLIGHT_STRANGE};
        if (input->length < TLS_RECORD_HEADER_BYTES)
            return (struct tls_flight_piece){.kind = TLS_FLIGHT_MORE};
        flight->content = bytes_u8(input);
        (void)bytes_u16(input);
        flight->left = bytes_u16(input);
        flight->spoke = true;
        if (flight->content != CONTENT_ALERT && flight->content != CONTENT_HANDSHAKE)
            return (struct tls_flight_piece){.kind = TLS_FLIGHT_SECRET};
    }
}
