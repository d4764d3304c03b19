// SPDX-License-Identifier: BSD-3-Clause
#include "tests/fuzz/feed.h"

#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_MAX = AGENDA_CONNECTIONS_MAX, SILENCES_MAX = 64 };

struct session_env *feed_env(void)
{
    static struct session_env *env;
    if (env == NULL) {
        const struct session_env_settings settings = {.user_agent = "sonde"};
        env = session_env_new(&settings);
        if (env == NULL)
            abort();
    }
    return env;
}

static void output_drop(struct conversation *conversation)
{
    size_t length = 0;
    if (conversation_output(conversation, &length) == NULL && length != 0)
        abort();
    conversation_output_take(conversation, length);
}

static struct conversation_step connection_feed(struct conversation *conversation, const uint8_t *data, size_t length,
                                                uint8_t manner)
{
    size_t piece = manner >> 1 == 0 ? length : manner >> 1;
    struct conversation_step step = conversation_open(conversation);
    output_drop(conversation);
    while (step.verb == CONVERSATION_WAIT && length > 0) {
        size_t taken = piece < length ? piece : length;
        step = conversation_bytes(conversation, data, taken);
        output_drop(conversation);
        data += taken;
        length -= taken;
    }
    for (size_t turn = 0; step.verb == CONVERSATION_WAIT && (manner & 1) == 0; turn++) {
        // Silence has to end a conversation some time.
        if (turn > SILENCES_MAX)
            abort();
        step = conversation_silence(conversation);
        output_drop(conversation);
    }
    if (step.verb == CONVERSATION_WAIT)
        step = conversation_closed(conversation);
    if (step.verb == CONVERSATION_WAIT || step.verb == CONVERSATION_FAILED)
        abort();
    return step;
}

void feed_session(const char *first, const uint8_t *data, size_t length)
{
    struct observation observation;
    struct agenda agenda;
    struct conversation_step step = {.verb = CONVERSATION_AGAIN};
    step.errand = agenda_begin(&agenda, session_find(first), NULL);
    if (length == 0)
        return;
    observation_init(&observation);
    for (size_t connection = 0; step.verb == CONVERSATION_AGAIN; connection++) {
        if (connection == CONNECTIONS_MAX)
            abort();
        struct conversation *conversation =
            conversation_new(feed_env(), &step.errand, UINT32_C(0x0a010203), 4443, &agenda, &observation);
        if (conversation == NULL)
            abort();
        step = connection_feed(conversation, data + 1, length - 1, data[0]);
        conversation_free(conversation);
    }
    if (observation.finished && !observation.spoke)
        abort();
    observation_fini(&observation);
}
