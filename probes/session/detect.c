// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/detect.h"

#include <string.h>

#include "probes/session/registry.h"

static bool is_tunnel(const struct session_ops *ops)
{
    return ops->seal != NULL && !ops->upgrades;
}

// Asks for a further connection, or for a further one of the tunnel that the session is in, so much later.
static bool ask_further(struct session *self, const struct session_ops *next, uint32_t wait_ms)
{
    const struct session *bottom = self;
    while (bottom->below != NULL)
        bottom = bottom->below;
    // Who has asked for TLS on its own connection is known.
    if (self->below != NULL && bottom->ops->upgrades)
        return false;
    struct errand errand = {
        .kind = ERRAND_DETECT, .first = next, .inner = session_agenda(self)->inner, .wait_ms = wait_ms};
    if (self->below != NULL) {
        errand.first = bottom->ops;
        errand.inner = next;
        errand.argument = session_errand(self)->argument;
    }
    return session_ask(self, &errand);
}

bool detect_ask(struct session *self, const struct session_ops *next)
{
    const struct trials *trials = session_trials(self);
    uint64_t bit = session_bit(next);
    // In the tunnel, a tunnel is what it was asked for.
    if (is_tunnel(next) && self->below != NULL)
        return false;
    bool asked = (trials->asked & bit) != 0 && ((trials->answered | trials->again) & bit) != 0;
    return !asked && ask_further(self, next, 0);
}

// The same for what has named itself: it is asked again as long as it was not heard.
static bool ask_named(struct session *self, const struct session_ops *next)
{
    const struct trials *trials = session_trials(self);
    uint64_t bit = session_bit(next);
    bool asked = (trials->asked & bit) != 0 && ((trials->heard | trials->again) & bit) != 0;
    return !asked && ask_further(self, next, 0);
}

const struct session_ops *detect_guess(const struct session *self)
{
    const struct session_ops *ops;
    const struct session_ops *next = NULL;
    uint64_t asked = session_trials(self)->asked;
    for (size_t row = 0; (ops = session_row(row)) != NULL; row++) {
        bool fits = ops->guess != 0 && (asked & session_bit(ops)) == 0;
        // A tunnel in a tunnel is nobody's; and whose server has said something is not one that waits for a hello.
        bool tunnel = is_tunnel(ops) && (self->below != NULL || self->observation->spoke);
        if (fits && !tunnel && (next == NULL || ops->guess < next->guess))
            next = ops;
    }
    return next;
}

// Who may have been dropped without a look at what was said, or cut off before anybody could tell whose it is.
static const struct session_ops *dropped_find(const struct trials *trials)
{
    const struct session_ops *ops;
    uint64_t dropped = (trials->hung_up ? trials->own : 0) & ~trials->answered & ~trials->again;
    if (dropped == 0)
        dropped = trials->cut & ~trials->answered & ~trials->again;
    for (size_t row = 0; dropped != 0 && (ops = session_row(row)) != NULL; row++)
        if ((dropped & session_bit(ops)) != 0)
            return ops;
    return NULL;
}

// What to ask next of a server that has neither named itself nor been heard, and how much later: `complained` when
// there was an answer to what was said.
static const struct session_ops *next_find(const struct session *self, bool complained, uint32_t *ret_wait_ms)
{
    const struct trials *trials = session_trials(self);
    *ret_wait_ms = 0;
    if (recognise_named(self) || trials->heard != 0)
        return NULL;
    // It may want to speak first, and to be let finish.
    if ((session_ended(self) || complained) && session_said(self) &&
        (trials->asked & session_bit(&session_listen)) == 0)
        return &session_listen;
    const struct session_ops *next = detect_guess(self);
    if (next != NULL)
        return next;
    *ret_wait_ms = ERRAND_LATER_MS; // who hung up without a word may have had no time
    return dropped_find(trials);
}

static struct session_result ask_next(struct session *self, bool complained)
{
    uint32_t wait_ms;
    const struct session_ops *next = next_find(self, complained, &wait_ms);
    if (next != NULL)
        (void)ask_further(self, next, wait_ms);
    return session_done();
}

struct session_result detect_nothing(struct session *self)
{
    if (self->input.length > 0)
        return session_next(SESSION_BECOME, &session_listen);
    return ask_next(self, false);
}

struct session_result detect_rest(struct session *self)
{
    // Whoever gave up on these bytes waited for more of them, and had no use for what many say.
    const struct session_ops *whose = NULL;
    if (recognise_stream(buffer_bytes(&self->input), self->input.length, &whose) == RECOGNITION_SHARED &&
        !recognise_named(self) && detect_ask(self, whose))
        return session_done();
    // Who has said all this unasked is nobody who waits for a client, unless he was cut off.
    bool cut_off = session_ended(self) && !self->decided;
    return session_said(self) || cut_off ? ask_next(self, true) : session_done();
}

struct session_result detect_named(struct session *self, enum recognition found, const struct session_ops *whose)
{
    if (!session_said(self) && whose->start == SESSION_SERVER_FIRST)
        return session_next(SESSION_BECOME, whose);
    if (found == RECOGNITION_SHARED)
        return detect_ask(self, whose) ? session_done() : session_next(SESSION_BECOME, &session_listen);
    bool heard = (session_trials(self)->heard & session_bit(whose)) != 0;
    bool asked = ask_named(self, whose);
    if (heard && !asked)
        return session_next(SESSION_BECOME, &session_listen);
    if (!recognise_named(self))
        learn_constant(self->observation, FIELD(root, service), session_service(whose));
    if (whose->overheard != NULL)
        return session_next(SESSION_OVERHEAR, whose);
    return session_done();
}

struct session_result detect_other(struct session *self, const struct bytes *input)
{
    const struct session_ops *whose = NULL;
    enum recognition found = detect_recognise(input->data, input->length, &whose);
    if (found == RECOGNITION_UNDECIDED)
        return session_wait(self->wait_ms);
    if (found == RECOGNITION_NOT_MINE || whose == self->ops)
        return session_next(SESSION_BECOME, &session_listen);
    return detect_named(self, found, whose);
}
