// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/detect.h"

#include <string.h>

#include "probes/session/registry.h"

enum recognition recognise_text(const uint8_t *data, size_t length, const char *text)
{
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

enum recognition detect_recognise(const uint8_t *data, size_t length, const struct session_ops **ret_session)
{
    enum recognition best = length == 0 ? RECOGNITION_UNDECIDED : RECOGNITION_NOT_MINE;
    const struct session_ops *ops;
    for (size_t row = 0; length > 0 && (ops = session_row(row)) != NULL; row++) {
        enum recognition found = ops->recognise == NULL ? RECOGNITION_NOT_MINE : ops->recognise(data, length);
        if (found == RECOGNITION_MINE) {
            *ret_session = ops;
            return found;
        }
        best = found > best ? found : best;
    }
    return best;
}

bool detect_ask(struct session *self, const struct session_ops *next)
{
    const struct errand errand = {.kind = ERRAND_DETECT, .first = next};
    // Inside a tunnel there is one conversation: what comes is written down, and that is all.
    return self->below == NULL && (self->observation->tried & session_bit(next)) == 0 && session_ask(self, &errand);
}

const struct session_ops *detect_guess(const struct session *self)
{
    const struct session_ops *ops;
    const struct session_ops *next = NULL;
    for (size_t row = 0; (ops = session_row(row)) != NULL; row++)
        if (ops->guess != 0 && (self->observation->tried & session_bit(ops)) == 0 &&
            (next == NULL || ops->guess < next->guess))
            next = ops;
    return next;
}

struct session_result detect_other(struct session *self, const struct bytes *input)
{
    const struct session_ops *next = NULL;
    enum recognition found = detect_recognise(input->data, input->length, &next);
    if (found == RECOGNITION_UNDECIDED)
        return session_wait(self->wait_ms);
    if (found == RECOGNITION_NOT_MINE || next == self->ops)
        return session_next(SESSION_BECOME, &session_listen);
    if (!session_said(self) && next->start == SESSION_SERVER_FIRST && self->below == NULL)
        return session_next(SESSION_BECOME, next);
    return detect_ask(self, next) ? session_done() : session_next(SESSION_BECOME, &session_listen);
}

struct session_result detect_nothing(struct session *self)
{
    if (self->below != NULL)
        return session_done();
    if (self->input.length > 0)
        return session_next(SESSION_BECOME, &session_listen);
    if (self->observation->spoke)
        return session_done();
    const struct session_ops *next = detect_guess(self);
    if (next != NULL)
        (void)detect_ask(self, next);
    return session_done();
}
