// SPDX-License-Identifier: BSD-3-Clause
// Conversations with the faults that dialogues look for and that no dialogue brings about: in the place of libsession,
// so that broken/careless/ can show that each is found. What they have in common: they learn what was said once it was
// five bytes.

#include <stdlib.h>
#include <string.h>

#include "probes/session/conversation.h"

enum { WHOLE_BYTES = 5, WAIT_MS = 1000 };

struct session_ops {
    const char *name;
};

struct session_env {
    bool unused;
};

struct conversation {
    const char *fault;
    const struct session_ops *ops;
    struct observation *observation;
    uint8_t heard[WHOLE_BYTES];
    uint8_t said[WHOLE_BYTES];
    size_t heard_bytes;
    size_t said_bytes;
    size_t pieces;
};

struct session_env *session_env_new(const struct session_env_settings *settings)
{
    (void)settings;
    return calloc(1, sizeof(struct session_env));
}

void session_env_free(struct session_env *env)
{
    free(env);
}

const struct session_ops *session_find(const char *name)
{
    static const struct session_ops faults[] = {{"counts-pieces"}, {"answers-pieces"},     {"never-stops-waiting"},
                                                {"claims-all"},    {"never-stops-asking"}, {"invents"},
                                                {"deaf"},          {"invents-a-banner"},   {"gives-up"}};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if (strcmp(faults[i].name, name) == 0)
            return &faults[i];
    return NULL;
}

struct conversation *conversation_new(struct session_env *env, const struct errand *errand, uint32_t address,
                                      uint16_t port, struct agenda *agenda, struct observation *observation)
{
    (void)env;
    (void)agenda;
    (void)address;
    (void)port;
    struct conversation *conversation = calloc(1, sizeof(*conversation));
    if (conversation == NULL)
        return NULL;
    conversation->fault = errand->first->name;
    conversation->ops = errand->first;
    conversation->observation = observation;
    return conversation;
}

void conversation_name(struct conversation *conversation, const char *name)
{
    (void)conversation;
    (void)name;
}

void conversation_free(struct conversation *conversation)
{
    free(conversation);
}

static struct conversation_step step_of(enum conversation_verb verb)
{
    return (struct conversation_step){.verb = verb, .wait_ms = WAIT_MS};
}

static bool has_fault(const struct conversation *conversation, const char *fault)
{
    return strcmp(conversation->fault, fault) == 0;
}

struct conversation_step conversation_open(struct conversation *conversation)
{
    (void)conversation;
    return step_of(CONVERSATION_WAIT);
}

struct conversation_step conversation_bytes(struct conversation *conversation, const uint8_t *data, size_t length)
{
    struct observation *observation = conversation->observation;
    size_t room = WHOLE_BYTES - conversation->heard_bytes;
    size_t taken = length < room ? length : room;
    memcpy(conversation->heard + conversation->heard_bytes, data, taken);
    conversation->heard_bytes += taken;
    conversation->pieces++;
    observation->spoke = !has_fault(conversation, "deaf");
    if (has_fault(conversation, "answers-pieces"))
        conversation->said[conversation->said_bytes++] = '.';
    if (conversation->heard_bytes < WHOLE_BYTES)
        return step_of(CONVERSATION_WAIT);
    learn_text(observation, FIELD(http, title), conversation->heard, WHOLE_BYTES);
    if (has_fault(conversation, "counts-pieces"))
        learn_number(observation, FIELD(http, status), (int64_t)conversation->pieces);
    return step_of(CONVERSATION_CLOSE);
}

struct conversation_step conversation_silence(struct conversation *conversation)
{
    return step_of(has_fault(conversation, "never-stops-waiting") ? CONVERSATION_WAIT : CONVERSATION_CLOSE);
}

struct conversation_step conversation_closed(struct conversation *conversation)
{
    struct conversation_step step = step_of(CONVERSATION_CLOSE);
    if (has_fault(conversation, "invents"))
        learn_word(conversation->observation, FIELD(http, server), "lab");
    if (has_fault(conversation, "invents-a-banner"))
        learn_word(conversation->observation, FIELD(root, banner), "lab");
    conversation->observation->finished = has_fault(conversation, "claims-all");
    if (has_fault(conversation, "never-stops-asking"))
        step = (struct conversation_step){.verb = CONVERSATION_AGAIN, .errand.first = conversation->ops};
    if (has_fault(conversation, "gives-up"))
        step.verb = CONVERSATION_FAILED;
    return step;
}

const uint8_t *conversation_output(const struct conversation *conversation, size_t *ret_length)
{
    *ret_length = conversation->said_bytes;
    return conversation->said;
}

void conversation_output_take(struct conversation *conversation, size_t length)
{
    conversation->said_bytes -= length;
}
