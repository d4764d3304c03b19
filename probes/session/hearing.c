// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/hearing.h"

#include <string.h>

#include "probes/session/recognise.h"
#include "probes/session/registry.h"

static bool is_among(const struct field *const *fields, const struct field *field)
{
    while (fields != NULL && *fields != NULL && *fields != field)
        fields++;
    return fields != NULL && *fields != NULL;
}

void hearing_forget(struct session *session, const struct field *const *but)
{
    const char *service = session_service(session->ops);
    for (size_t part = 0; part < PART_COUNT; part++) {
        // What was not learnt of is nothing to forget.
        if (part == PART_root || session->observation->parts[part] == NULL || strcmp(parts[part]->name, service) != 0)
            continue;
        for (size_t i = 0; i < parts[part]->field_count; i++)
            if (!is_among(but, &parts[part]->fields[i]))
                observation_forget_field(session->observation, &parts[part]->fields[i]);
    }
}

// The bytes so far are of the session's protocol. What was overheard of it before is to be learnt anew.
static void own_note(struct session *session, struct trials *trials)
{
    uint64_t bit = session->bit;
    if (session->mute) {
        trials->overheard |= bit;
    } else if ((trials->overheard & bit) != 0) {
        hearing_forget(session, NULL);
        trials->overheard &= ~bit;
    }
}

static void decide(struct session *session, struct trials *trials)
{
    session->decided = true;
    trials->answered |= session->bit;
}

void hearing_judge(struct session *session, struct trials *trials)
{
    const uint8_t *data = buffer_bytes(&session->input);
    size_t length = session->input.length;
    const struct session_ops *ops = session->ops;
    session->echo = echo_beginning(session->said, session->said_length, data, length);
    if (session->echo != ECHO_NONE)
        return;
    // Whose the first words are, his is what follows.
    const struct session_ops *whose = NULL;
    bool own = ops->recognise != NULL && ops->recognise(data, length) == RECOGNITION_MINE;
    enum recognition found = own ? RECOGNITION_MINE : recognise_stream(data, length, &whose);
    size_t looked = found == RECOGNITION_MINE && length > session->said_length ? session->said_length : length;
    if (found != RECOGNITION_MINE || data[0] == session->said[0])
        session->echo = echo_lines(session->said, session->said_length, data, looked);
    if (session->echo != ECHO_NONE)
        return;
    if (own || (found != RECOGNITION_MINE && recognise_preamble(ops, data, length)))
        own_note(session, trials);
    // As long as it could become somebody's, no answer has come. What another says unasked answers nothing either.
    else if (found == RECOGNITION_MINE ? session->said_length > 0 : found != RECOGNITION_UNDECIDED)
        decide(session, trials);
}

void hearing_take(struct session *session, struct trials *trials)
{
    decide(session, trials);
    if (!session->mute)
        trials->heard |= session->bit;
}

void hearing_end(const struct session *session, struct trials *trials)
{
    if (session->believed || session->decided)
        return;
    trials->hung_up = true;
    if (session->input.length > 0)
        trials->cut |= session->bit;
}
