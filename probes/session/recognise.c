// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/recognise.h"

#include <string.h>

#include "probes/session/registry.h"

enum recognition recognise_text(const uint8_t *data, size_t length, const char *text)
{
    // Of what a stranger says all sessions are asked; most know by its first byte.
    if (length > 0 && text[0] != '\0' && (uint8_t)text[0] != data[0])
        return RECOGNITION_NOT_MINE;
    size_t whole = strlen(text);
    size_t compared = length < whole ? length : whole;
    if (compared > 0 && memcmp(data, text, compared) != 0)
        return RECOGNITION_NOT_MINE;
    return compared == whole ? RECOGNITION_MINE : RECOGNITION_UNDECIDED;
}

enum recognition recognise_octets(const uint8_t *data, size_t length, const int16_t *octets, size_t count)
{
    for (size_t at = 0; at < count && at < length; at++)
        if (octets[at] != RECOGNISE_ANY && octets[at] != data[at])
            return RECOGNITION_NOT_MINE;
    return length < count ? RECOGNITION_UNDECIDED : RECOGNITION_MINE;
}

enum recognition recognise_stream(const uint8_t *data, size_t length, const struct session_ops **ret_session)
{
    enum recognition best = length == 0 ? RECOGNITION_UNDECIDED : RECOGNITION_NOT_MINE;
    const struct session_ops *ops;
    for (size_t row = 0; length > 0 && (ops = session_row(row)) != NULL; row++) {
        enum recognition found = ops->recognise == NULL ? RECOGNITION_NOT_MINE : ops->recognise(data, length);
        if (found == RECOGNITION_MINE || (found == RECOGNITION_SHARED && best == RECOGNITION_NOT_MINE))
            *ret_session = ops;
        if (found == RECOGNITION_MINE)
            return found;
        best = found > best ? found : best;
    }
    return best;
}

bool recognise_preamble(const struct session_ops *ops, const uint8_t *data, size_t length)
{
    struct bytes rest = bytes_of(data, length);
    const uint8_t *feed;
    while (ops->preamble && rest.length > 0 && (feed = memchr(rest.data, '\n', rest.length)) != NULL) {
        (void)bytes_take(&rest, (size_t)(feed - rest.data) + 1);
        if (rest.length > 0 && ops->recognise(rest.data, rest.length) == RECOGNITION_MINE)
            return true;
    }
    return false;
}

bool recognise_named(const struct session *session)
{
    const char *service = observation_service(session->observation);
    return service[0] != '\0' && (session->below == NULL || strcmp(service, session_service(session->below->ops)) != 0);
}
