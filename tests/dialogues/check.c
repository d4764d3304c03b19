// SPDX-License-Identifier: BSD-3-Clause
#include "tests/dialogues/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dialogues/value.h"
#include "tests/unit/session/told.h"

// Of what a server says at greater length, not every place is tried but about so many, and of much fewer.
enum { PLACES_MAX = 4096, PLACES_BYTES_MAX = 64 << 20 };

// Signs of a value that are shown, and of what precedes a difference.
enum { SHOWN_MAX = 200, SHOWN_BEFORE = 40 };

struct checking {
    const struct script *script;
    struct session_env *env;
    struct played whole;
    struct manner manner; // of the run that is looked at
    struct checked checked;
};

static void manner_print(FILE *out, const struct manner *manner)
{
    static const char *const texts[] = {"", "byte by byte", "split in two", "the server closing", "the server silent"};
    if (manner->kind == PLAY_WHOLE)
        return;
    fprintf(out, " [%s", texts[manner->kind]);
    if (manner->kind != PLAY_OCTETS)
        fprintf(out, " behind byte %zu of connection %zu", manner->offset, manner->connection + 1);
    fputc(']', out);
}

static void checking_fail(struct checking *checking, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void checking_fail(struct checking *checking, unsigned line, const char *format, ...)
{
    size_t length = 0;
    va_list arguments;
    if (checking->checked.problem != NULL)
        return;
    FILE *out = open_memstream(&checking->checked.problem, &length);
    if (out == NULL)
        abort();
    fprintf(out, "%s:%u: ", checking->script->file, line);
    va_start(arguments, format);
    (void)vfprintf(out, format, arguments);
    va_end(arguments);
    manner_print(out, &checking->manner);
    fclose(out);
}

// Where long values begin to differ: a place for %s of both, and how much of it is shown.
static size_t difference_find(const char *one, const char *other)
{
    size_t at = 0;
    while (one[at] == other[at] && one[at] != '\0')
        at++;
    bool long_ones = strlen(one) > SHOWN_MAX || strlen(other) > SHOWN_MAX;
    return long_ones && at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;
}

static void differing_fail(struct checking *checking, unsigned line, const char *path, const char *value,
                           const char *expected, const char *why)
{
    size_t from = difference_find(value, expected);
    const char *dots = from > 0 ? "..." : "";
    checking_fail(checking, line, "%s is %s%.*s, %s %s%.*s", path, dots, SHOWN_MAX, value + from, why, dots, SHOWN_MAX,
                  expected + from);
}

static void known_check(struct checking *checking, const struct learnt *learnt)
{
    char path[CURSOR_WORD_MAX] = "";
    char *value = value_of(&checking->whole.observation, learnt->field);
    (void)field_path(learnt->field, path, sizeof(path));
    if (value == NULL)
        checking_fail(checking, learnt->line, "%s is not known, expected %.*s", path, SHOWN_MAX, learnt->value);
    else if (strcmp(value, learnt->value) != 0)
        differing_fail(checking, learnt->line, path, value, learnt->value, "expected");
    free(value);
}

// Calls visit for every field that is known, or of which something was cut.
static void fields_visit(struct checking *checking, const struct observation *observation,
                         void (*visit)(struct checking *checking, const struct field *field, const char *value))
{
    for (size_t part = 0; part < PART_COUNT; part++)
        for (size_t i = 0; i < parts[part]->field_count; i++) {
            char *value = value_of(observation, &parts[part]->fields[i]);
            if (value != NULL)
                visit(checking, &parts[part]->fields[i], value);
            free(value);
        }
}

static void unexpected_check(struct checking *checking, const struct field *field, const char *value)
{
    const struct script *script = checking->script;
    char path[CURSOR_WORD_MAX] = "";
    (void)field_path(field, path, sizeof(path));
    for (size_t i = 0; i < script->unknown.count; i++) {
        const struct learnt *one = &script->unknown.items[i];
        if (one->field == field || (one->field == NULL && one->part == (enum part_id)field->part))
            checking_fail(checking, one->line, "%s is known: %.*s", path, SHOWN_MAX, value);
    }
    if (script->nothing_line != 0 && !learnts_have(&script->known, field))
        checking_fail(checking, script->nothing_line, "%s is known too: %.*s", path, SHOWN_MAX, value);
}

static void whole_check(struct checking *checking)
{
    const struct script *script = checking->script;
    const struct observation *observation = &checking->whole.observation;
    bool heard = false;
    for (size_t i = 0; i < script->known.count; i++)
        known_check(checking, &script->known.items[i]);
    fields_visit(checking, observation, unexpected_check);
    if (observation->finished != script->finished)
        checking_fail(checking, script->finished_line, "sonde has%s learnt all it wanted to",
                      observation->finished ? "" : " not");
    for (size_t i = 0; i < checking->whole.connections; i++)
        heard = heard || checking->whole.heard[i].length > 0;
    if (observation->spoke != heard)
        checking_fail(checking, script->last_line, "the observation's `spoke` is %s", heard ? "false" : "true");
}

static bool buffers_equal(const struct buffer *one, const struct buffer *other)
{
    return one->length == other->length &&
           (one->length == 0 || memcmp(buffer_bytes(one), buffer_bytes(other), one->length) == 0);
}

static void same_check(struct checking *checking, const struct played *played)
{
    const struct played *whole = &checking->whole;
    unsigned line = checking->script->last_line;
    char *texts[] = {told_all(&whole->observation), told_all(&played->observation)};
    if (strcmp(texts[0], texts[1]) != 0)
        checking_fail(checking, line, "what is learnt depends on how the bytes were cut; whole:\n%sand now:\n%s",
                      texts[0], texts[1]);
    if (whole->observation.finished != played->observation.finished ||
        whole->observation.spoke != played->observation.spoke)
        checking_fail(checking, line, "whether all was learnt depends on how the bytes were cut");
    if (whole->connections != played->connections)
        checking_fail(checking, line, "%zu connections, and %zu when the bytes are whole", played->connections,
                      whole->connections);
    for (size_t i = 0; i < SCRIPT_CONNECTIONS_MAX; i++)
        if (!buffers_equal(&whole->said[i], &played->said[i]))
            checking_fail(checking, line, "what sonde says on connection %zu depends on how the bytes were cut", i + 1);
    free(texts[0]);
    free(texts[1]);
}

// A banner is what was said first, however far that went.
static bool banner_is_heard(const struct played *played)
{
    const struct text *banner = &played->observation.root->banner;
    for (size_t i = 0; i < played->connections; i++)
        if (played->heard[i].length >= banner->length &&
            memcmp(buffer_bytes(&played->heard[i]), banner->data, banner->length) == 0)
            return true;
    return false;
}

static void beginning_check(struct checking *checking, const struct field *field, const char *value)
{
    char path[CURSOR_WORD_MAX] = "";
    (void)field_path(field, path, sizeof(path));
    if (learnts_have(&checking->script->varying, field) || field == FIELD(root, banner))
        return;
    char *whole = value_of(&checking->whole.observation, field);
    if (whole == NULL)
        checking_fail(checking, checking->script->last_line, "%s is %.*s, and not known when the server says all", path,
                      SHOWN_MAX, value);
    else if (strcmp(whole, value) != 0 && !value_is_beginning(value, whole))
        differing_fail(checking, checking->script->last_line, path, value, whole, "and when the server says all");
    free(whole);
}

static void missing_check(struct checking *checking, const struct field *field, const char *value)
{
    char path[CURSOR_WORD_MAX] = "";
    (void)field_path(field, path, sizeof(path));
    checking_fail(checking, checking->script->last_line, "sonde claims to have learnt all, without %s %.*s", path,
                  SHOWN_MAX, value);
}

// Of a server that ended early nothing is known that is not so when it says all; and who knows less does not claim to
// have learnt all.
static void cut_check(struct checking *checking, const struct played *played)
{
    fields_visit(checking, &played->observation, beginning_check);
    if (field_known(played->observation.root, FIELD(root, banner)) &&
        !learnts_have(&checking->script->varying, FIELD(root, banner)) && !banner_is_heard(played))
        checking_fail(checking, checking->script->last_line, "the banner is not what the server said");
    if (checking->checked.problem != NULL || !played->observation.finished || checking->script->finish_varies)
        return;
    if (!checking->whole.observation.finished)
        checking_fail(checking, checking->script->last_line, "sonde claims to have learnt all, but not of the whole");
    for (size_t part = 0; part < PART_COUNT; part++)
        for (size_t i = 0; i < parts[part]->field_count; i++) {
            const struct field *field = &parts[part]->fields[i];
            char *value = value_of(&checking->whole.observation, field);
            if (value != NULL && !field_known(played->observation.parts[part], field) &&
                !learnts_have(&checking->script->varying, field))
                missing_check(checking, field, value);
            free(value);
        }
}

static void run_check(struct checking *checking, struct manner manner)
{
    struct played played;
    if (checking->checked.problem != NULL)
        return;
    checking->manner = manner;
    checking->checked.runs++;
    if (play(checking->script, checking->env, manner, &played) != 0)
        checking_fail(checking, played.line, "%s", played.problem);
    else if (manner.kind == PLAY_CLOSED || manner.kind == PLAY_SILENT)
        cut_check(checking, &played);
    else
        same_check(checking, &played);
    played_fini(&played);
}

static void places_check(struct checking *checking, size_t connection)
{
    size_t length = checking->script->lengths[connection];
    size_t most = length < PLACES_BYTES_MAX / PLACES_MAX ? PLACES_MAX : PLACES_BYTES_MAX / length;
    size_t stride = length / most + 1;
    for (size_t offset = 0; offset < length; offset += stride) {
        if (offset > 0)
            run_check(checking, (struct manner){PLAY_SPLIT, connection, offset});
        run_check(checking, (struct manner){PLAY_CLOSED, connection, offset});
        run_check(checking, (struct manner){PLAY_SILENT, connection, offset});
    }
}

struct checked check_script(const struct script *script, struct session_env *env)
{
    struct checking checking = {.script = script, .env = env, .checked = {.runs = 1}};
    if (play(script, env, (struct manner){.kind = PLAY_WHOLE}, &checking.whole) != 0)
        checking_fail(&checking, checking.whole.line, "%s", checking.whole.problem);
    else
        whole_check(&checking);
    run_check(&checking, (struct manner){.kind = PLAY_OCTETS});
    for (size_t connection = 0; connection < script->connections; connection++)
        places_check(&checking, connection);
    played_fini(&checking.whole);
    return checking.checked;
}
