// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/session/dialogue.h"

#include "probes/session/registry.h"
#include "tests/unit/session/told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_MAX = AGENDA_CONNECTIONS_MAX, ROUNDS_MAX = 10000 };

// Moves the client's output to the server, and what it answers to the end of *to_client.
static bool server_turn(struct conversation *conversation, struct peer *peer, struct buffer *said,
                        struct buffer *to_client)
{
    size_t length = 0;
    const uint8_t *data = conversation_output(conversation, &length);
    if (length == 0)
        return false;
    buffer_put(said, data, length);
    if (!peer->closed)
        peer->answer(peer, data, length, to_client);
    conversation_output_take(conversation, length);
    return true;
}

// The piece that is fed next.
static size_t piece_length(const struct dialogue *dialogue, size_t waiting, size_t fed)
{
    size_t piece = dialogue->piece != 0 && dialogue->piece < waiting ? dialogue->piece : waiting;
    if (dialogue->cut > fed && dialogue->cut - fed < piece)
        piece = dialogue->cut - fed;
    if (dialogue->limit != 0) {
        size_t left = dialogue->limit > fed ? dialogue->limit - fed : 0;
        piece = piece < left ? piece : left;
    }
    return piece;
}

// What leaves on one connection is what one session may say.
static void said_check(const struct buffer *said)
{
    const struct session_ops *ops;
    for (size_t row = 0; (ops = session_row(row)) != NULL; row++)
        if (says_allow(ops->says, buffer_bytes(said), said->length))
            return;
    fprintf(stderr, "no session may say: %.*s\n", (int)said->length, (const char *)buffer_bytes(said));
    abort();
}

static struct conversation_step connection_run(const struct dialogue *dialogue, struct peer *peer,
                                               struct conversation *conversation)
{
    struct buffer to_client = {0};
    struct buffer said = {0};
    size_t fed = 0;
    if (peer->begin != NULL)
        peer->begin(peer);
    peer->closed = false;
    peer->answer(peer, NULL, 0, &to_client);
    struct conversation_step step = conversation_open(conversation);
    for (size_t round = 0; step.verb == CONVERSATION_WAIT && round < ROUNDS_MAX; round++) {
        (void)server_turn(conversation, peer, &said, &to_client);
        size_t piece = piece_length(dialogue, to_client.length, fed);
        if (piece > 0) {
            // A copy of exact size, so that a read past its end is seen by the sanitizer.
            struct buffer exact = {.data = NULL};
            buffer_put(&exact, buffer_bytes(&to_client), piece);
            step = conversation_bytes(conversation, buffer_bytes(&exact), piece);
            buffer_fini(&exact);
            buffer_drop(&to_client, piece);
            fed += piece;
        } else if (peer->closed || dialogue->limit != 0) {
            step = conversation_closed(conversation);
        } else {
            step = conversation_silence(conversation);
        }
    }
    (void)server_turn(conversation, peer, &said, &to_client);
    said_check(&said);
    buffer_fini(&said);
    buffer_fini(&to_client);
    return step;
}

size_t dialogue_run(const struct dialogue *dialogue, struct peer *peer, struct observation *ret_observation)
{
    size_t connections = 0;
    struct agenda agenda;
    struct conversation_step step = {.verb = CONVERSATION_AGAIN};
    step.errand = agenda_begin(&agenda, session_find(dialogue->first),
                               dialogue->inner == NULL ? NULL : session_find(dialogue->inner));
    step.errand.argument = dialogue->argument;
    observation_init(ret_observation);
    while (step.verb == CONVERSATION_AGAIN && connections < CONNECTIONS_MAX) {
        struct conversation *conversation = conversation_new(dialogue->env, &step.errand, UINT32_C(0x0a010203),
                                                             dialogue->port, &agenda, ret_observation);
        if (conversation == NULL)
            return 0;
        connections++;
        step = connection_run(dialogue, peer, conversation);
        conversation_free(conversation);
    }
    return step.verb == CONVERSATION_CLOSE ? connections : 0;
}

static void scripted_begin(struct peer *peer)
{
    struct scripted *scripted = (struct scripted *)peer;
    buffer_fini(&scripted->heard);
    scripted->replied = false;
}

static void scripted_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    struct scripted *scripted = (struct scripted *)peer;
    if (length == 0) {
        buffer_put(ret_answer, scripted->greeting, scripted->greeting_length);
        return;
    }
    buffer_put(&scripted->heard, data, length);
    if (!scripted->replied) {
        buffer_put(ret_answer, scripted->reply, scripted->reply_length);
        scripted->replied = true;
        peer->closed = scripted->closes;
    }
}

void scripted_init(struct scripted *scripted, const char *greeting, const char *reply, bool closes)
{
    *scripted = (struct scripted){.peer = {.begin = scripted_begin, .answer = scripted_answer},
                                  .greeting = (const uint8_t *)greeting,
                                  .greeting_length = strlen(greeting),
                                  .reply = (const uint8_t *)reply,
                                  .reply_length = strlen(reply),
                                  .closes = closes};
}

void scripted_fini(struct scripted *scripted)
{
    buffer_fini(&scripted->heard);
}

bool observation_equal(const struct observation *one, const struct observation *other)
{
    char *texts[] = {told_all(one), told_all(other)};
    bool equal = one->finished == other->finished && one->spoke == other->spoke && strcmp(texts[0], texts[1]) == 0;
    free(texts[0]);
    free(texts[1]);
    return equal;
}

struct session_env *env_for_tests(void)
{
    const struct session_env_settings settings = {.user_agent = "sonde/test (+mailto:owner@example.net)"};
    return session_env_new(&settings);
}
