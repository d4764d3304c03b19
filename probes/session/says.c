// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/says.h"

#include <string.h>

static bool messages_match(const struct say *says, const uint8_t *data, size_t length);

// The rest of a message, from the piece on, then further messages of the table.
static bool pieces_match(const struct say *says, const struct say *piece, const uint8_t *data, size_t length)
{
    if (length == 0 || piece->kind == SAY_OPAQUE)
        return true;
    if (piece->kind == SAY_MESSAGE_END)
        return messages_match(says, data, length);
    if (piece->kind == SAY_LITERAL) {
        size_t compared = piece->length < length ? piece->length : length;
        return memcmp(piece->bytes, data, compared) == 0 &&
               pieces_match(says, piece + 1, data + compared, length - compared);
    }
    for (size_t taken = 0; taken <= piece->length && taken <= length; taken++)
        if (pieces_match(says, piece + 1, data + taken, length - taken))
            return true;
    return false;
}

static bool messages_match(const struct say *says, const uint8_t *data, size_t length)
{
    for (const struct say *at = says; at->kind != SAYS_OVER; at++) {
        if (pieces_match(says, at, data, length))
            return true;
        while (at->kind != SAY_MESSAGE_END)
            at++;
    }
    return false;
}

bool says_allow(const struct say *says, const uint8_t *data, size_t length)
{
    return length == 0 || (says != NULL && messages_match(says, data, length));
}
