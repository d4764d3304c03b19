// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_handshake.h"

#include "probes/protocol/tls/tls_measure.h"
#include "probes/protocol/tls/tls_hello.h"

enum { MESSAGE_BYTES_MAX = 16 << 10, FINISHED_BYTES_MAX = 64 };

// What is longer is no message of that kind, or more than anybody needs.
static size_t length_most(uint8_t type)
{
    switch (type) {
    case TLS_CERTIFICATE:
    case TLS_CERTIFICATE_REQUEST:
        return TLS_CERTIFICATE_BYTES_MAX;
    case TLS_FINISHED:
        return FINISHED_BYTES_MAX;
    case TLS_KEY_UPDATE:
        return 1;
    default:
        return MESSAGE_BYTES_MAX;
    }
}

// The length of the message whose first bytes these are; 0 while that is not known.
static size_t message_length(struct bytes ahead, uint8_t *ret_type)
{
    uint8_t type = bytes_u8(&ahead);
    size_t length = bytes_u24(&ahead);
    if (ahead.failed)
        return 0;
    *ret_type = type;
    return TLS_MESSAGE_HEADER_BYTES + length;
}

static enum tls_handshake_state message_cut(struct bytes *from, struct tls_handshake *ret_message)
{
    uint8_t type = 0;
    size_t length = message_length(*from, &type);
    if (length == 0)
        return TLS_HANDSHAKE_PARTIAL;
    ret_message->type = type;
    if (length - TLS_MESSAGE_HEADER_BYTES > length_most(type))
        return TLS_HANDSHAKE_TOO_LONG;
    if (from->length < length)
        return TLS_HANDSHAKE_PARTIAL;
    ret_message->whole = bytes_slice(from, length);
    ret_message->body = ret_message->whole;
    (void)bytes_take(&ret_message->body, TLS_MESSAGE_HEADER_BYTES);
    return TLS_HANDSHAKE_WHOLE;
}

// So many more bytes complete the header, or the message, of which the beginning was kept.
static size_t bytes_wanted(const struct buffer *kept)
{
    uint8_t type = 0;
    size_t length = message_length(bytes_of(buffer_bytes(kept), kept->length), &type);
    return (length == 0 ? (size_t)TLS_MESSAGE_HEADER_BYTES : length) - kept->length;
}

enum tls_handshake_state tls_handshake_take(struct tls_assembly *assembly, struct bytes *input,
                                            struct tls_handshake *ret_message)
{
    struct buffer *kept = &assembly->kept;
    if (assembly->given)
        buffer_drop(kept, kept->length);
    assembly->given = false;
    if (kept->length == 0) {
        enum tls_handshake_state state = message_cut(input, ret_message);
        if (state != TLS_HANDSHAKE_PARTIAL)
            return state;
    }
    while (input->length > 0) {
        size_t wanted = kept->length == 0 ? input->length : bytes_wanted(kept);
        size_t taken = wanted < input->length ? wanted : input->length;
        buffer_put(kept, bytes_take(input, taken), taken);
        if (kept->failed)
            return TLS_HANDSHAKE_FAILED;
        struct bytes whole = bytes_of(buffer_bytes(kept), kept->length);
        enum tls_handshake_state state = message_cut(&whole, ret_message);
        assembly->given = state == TLS_HANDSHAKE_WHOLE;
        if (state != TLS_HANDSHAKE_PARTIAL)
            return state;
    }
    return TLS_HANDSHAKE_PARTIAL;
}
