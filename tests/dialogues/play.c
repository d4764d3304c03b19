// SPDX-License-Identifier: BSD-3-Clause
#include "tests/dialogues/play.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dialogues/random.h"

enum {
    SILENCES_MAX = 16, // in a row: no server is waited for so often
    SHOWN_BYTES = 300
};

struct player {
    const struct script *script;
    struct session_env *env;
    struct agenda agenda;
    struct manner manner;
    struct played *played;
    struct conversation *conversation;
    struct conversation_step step;
    size_t connection; // the present one, from 0
    size_t fed;        // bytes on it
    size_t matched;    // bytes of what sonde said on it that the dialogue has
    bool over;         // the server has ended before the dialogue did
};

static void player_fail(struct player *player, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void player_fail(struct player *player, unsigned line, const char *format, ...)
{
    va_list arguments;
    if (player->played->line != 0)
        return;
    player->played->line = line;
    va_start(arguments, format);
    (void)vsnprintf(player->played->problem, sizeof(player->played->problem), format, arguments);
    va_end(arguments);
}

// The step that an event led to, and what sonde says with it.
static void player_take(struct player *player, struct conversation_step step)
{
    size_t length = 0;
    const uint8_t *data = conversation_output(player->conversation, &length);
    buffer_put(&player->played->said[player->connection], data, length);
    conversation_output_take(player->conversation, length);
    player->step = step;
}

static void player_connect(struct player *player, struct errand errand, unsigned line)
{
    conversation_free(player->conversation);
    player->conversation = NULL;
    player->connection = player->played->connections;
    player->fed = 0;
    player->matched = 0;
    if (player->connection == SCRIPT_CONNECTIONS_MAX) {
        player_fail(player, line, "sonde opens more than %d connections", SCRIPT_CONNECTIONS_MAX);
        return;
    }
    player->played->connections++;
    player->conversation = conversation_new(player->env, &errand, SCRIPT_ADDRESS, (uint16_t)player->script->port,
                                            &player->agenda, &player->played->observation);
    if (player->conversation == NULL)
        abort();
    conversation_name(player->conversation, player->script->name);
    player_take(player, conversation_open(player->conversation));
}

static void player_feed(struct player *player, const uint8_t *data, size_t length)
{
    // A copy of exact size, so that a read past its end is seen by the sanitizer.
    uint8_t *exact = malloc(length);
    if (exact == NULL)
        abort();
    memcpy(exact, data, length);
    buffer_put(&player->played->heard[player->connection], data, length);
    player_take(player, conversation_bytes(player->conversation, exact, length));
    player->fed += length;
    free(exact);
}

static bool is_cut(const struct player *player)
{
    return player->manner.kind == PLAY_CLOSED || player->manner.kind == PLAY_SILENT;
}

// The server has nothing more to say on this connection.
static void player_end(struct player *player, unsigned line)
{
    for (size_t times = 0; player->step.verb == CONVERSATION_WAIT; times++) {
        if (times == SILENCES_MAX) {
            player_fail(player, line, "sonde waits for a silent server again and again");
            return;
        }
        if (player->manner.kind == PLAY_SILENT)
            player_take(player, conversation_silence(player->conversation));
        else
            player_take(player, conversation_closed(player->conversation));
    }
}

// Nor on any other.
static void player_cut(struct player *player, unsigned line)
{
    player->over = true;
    player_end(player, line);
    while (player->step.verb == CONVERSATION_AGAIN && player->played->line == 0) {
        player_connect(player, player->step.errand, line);
        if (player->played->line == 0)
            player_end(player, line);
    }
}

// How much of what is left of a step arrives next.
static size_t piece_length(const struct player *player, size_t left)
{
    const struct manner *manner = &player->manner;
    if (manner->kind == PLAY_OCTETS)
        return 1;
    if (manner->kind == PLAY_WHOLE || manner->connection != player->connection || manner->offset <= player->fed)
        return left;
    size_t ahead = manner->offset - player->fed;
    return ahead < left ? ahead : left;
}

static void step_say(struct player *player, const struct step *step)
{
    const uint8_t *data = buffer_bytes(&step->bytes);
    size_t left = step->bytes.length;
    if (player->step.verb != CONVERSATION_WAIT) {
        player_fail(player, step->line, "the server speaks, but sonde has closed this connection");
        return;
    }
    while (left > 0 && player->step.verb == CONVERSATION_WAIT) {
        if (is_cut(player) && player->manner.connection == player->connection && player->manner.offset <= player->fed) {
            player_cut(player, step->line);
            return;
        }
        size_t length = piece_length(player, left);
        player_feed(player, data, length);
        data += length;
        left -= length;
    }
}

static char *said_print(const struct step *step, const uint8_t *data, size_t length)
{
    char *text = NULL;
    size_t room = 0;
    FILE *out = open_memstream(&text, &room);
    if (out == NULL)
        abort();
    if (step != NULL) {
        fputs("sonde was to say ", out);
        pieces_print(out, &step->pieces, SHOWN_BYTES);
        fputs(" and said ", out);
    }
    bytes_print(out, data, length, SHOWN_BYTES);
    fclose(out);
    return text;
}

static void step_hear(struct player *player, const struct step *step)
{
    const struct buffer *said = &player->played->said[player->connection];
    size_t length = said->length - player->matched;
    const uint8_t *data = length == 0 ? NULL : buffer_bytes(said) + player->matched;
    size_t right = 0;
    if (!pieces_match(&step->pieces, data, length, &right)) {
        char *text = said_print(step, data, length);
        player_fail(player, step->line, "%s (right as far as byte %zu)", text, right);
        free(text);
    }
    player->matched = said->length;
}

// What sonde has said stands in the dialogue before what happens next.
static void player_check_said(struct player *player, unsigned line)
{
    const struct buffer *said = &player->played->said[player->connection];
    if (said->length == player->matched || player->over)
        return;
    char *text = said_print(NULL, buffer_bytes(said) + player->matched, said->length - player->matched);
    player_fail(player, line, "before this, sonde says %s: a line with > is missing", text);
    free(text);
}

static void step_connection(struct player *player, const struct step *step)
{
    uint32_t after_ms = player->step.wait_ms;
    if (player->step.verb != CONVERSATION_AGAIN) {
        player_fail(player, step->line, "sonde opens no further connection: it %s",
                    player->step.verb == CONVERSATION_WAIT ? "still waits on this one" : "is done");
        return;
    }
    if (step->after_ms >= 0 && (uint32_t)step->after_ms != after_ms)
        player_fail(player, step->line, "sonde opens a further connection after %u ms", after_ms);
    if (step->kind == STEP_CONNECTION)
        player_connect(player, player->step.errand, step->line);
    else
        player->step.verb = CONVERSATION_CLOSE;
}

static void step_play(struct player *player, const struct step *step)
{
    bool waits = player->step.verb == CONVERSATION_WAIT;
    if (step->kind != STEP_HEAR)
        player_check_said(player, step->line);
    if (player->played->line != 0)
        return;
    switch (step->kind) {
    case STEP_HEAR:
        step_hear(player, step);
        break;
    case STEP_SAY:
        step_say(player, step);
        break;
    case STEP_SILENCE:
        if (!waits)
            player_fail(player, step->line, "nobody is waited for: sonde has closed this connection");
        else
            player_take(player, conversation_silence(player->conversation));
        break;
    case STEP_CLOSE:
        if (!waits)
            player_fail(player, step->line, "sonde has closed this connection before: leave the line out");
        else
            player_take(player, conversation_closed(player->conversation));
        break;
    case STEP_CONNECTION:
    case STEP_REFUSED:
        step_connection(player, step);
        break;
    }
}

static void player_finish(struct player *player, unsigned line)
{
    player_check_said(player, line);
    if (player->step.verb == CONVERSATION_WAIT)
        player_fail(player, line, "the dialogue ends, but sonde still waits (%u ms): silence or close is missing",
                    player->step.wait_ms);
    else if (player->step.verb == CONVERSATION_AGAIN)
        player_fail(player, line, "the dialogue ends, but sonde opens a further connection: connection is missing");
}

int play(const struct script *script, struct session_env *env, struct manner manner, struct played *ret_played)
{
    struct player player = {.script = script, .env = env, .manner = manner, .played = ret_played};
    *ret_played = (struct played){.connections = 0};
    observation_init(&ret_played->observation);
    const struct session_ops *first = session_find(script->first);
    if (first == NULL) {
        player_fail(&player, 1, "there is no session \"%s\" to begin with", script->first);
        return -1;
    }
    random_repeat();
    struct errand errand = agenda_begin(&player.agenda, first, NULL);
    errand.argument = script->argument;
    player_connect(&player, errand, 1);
    for (size_t i = 0; i < script->step_count && ret_played->line == 0 && !player.over; i++)
        step_play(&player, &script->steps[i]);
    if (!player.over)
        player_finish(&player, script->last_line);
    if (player.step.verb == CONVERSATION_FAILED)
        player_fail(&player, script->last_line, "sonde gave up: out of memory");
    conversation_free(player.conversation);
    return ret_played->line == 0 ? 0 : -1;
}

void played_fini(struct played *played)
{
    observation_fini(&played->observation);
    for (size_t i = 0; i < SCRIPT_CONNECTIONS_MAX; i++) {
        buffer_fini(&played->said[i]);
        buffer_fini(&played->heard[i]);
    }
}
