// SPDX-License-Identifier: BSD-3-Clause
#include "tests/dialogues/script.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sonde_build.h"
#include "tests/dialogues/value.h"

enum { PORT_MAX = 65535, AFTER_MAX_MS = 600000 };

const char script_agent[] = "sonde/dialogues (+mailto:owner@example.net)";

// What a file is read with.
struct loading {
    struct script *script;
    struct cursor cursor;
    struct phrases phrases;
    bool begun; // the head is over
    bool told;  // what was learnt has begun
};

static void *grow(void *items, size_t count, size_t size)
{
    void *grown = reallocarray(items, count + 1, size);
    if (grown == NULL)
        abort();
    memset((uint8_t *)grown + count * size, 0, size);
    return grown;
}

static char *text_new(const char *text, size_t length)
{
    char *copy = strndup(text, length);
    if (copy == NULL)
        abort();
    return copy;
}

// The folder that the file is in, free() it, and the folder's last name within it.
static char *folder_of(const char *file, const char **ret_name)
{
    const char *slash = strrchr(file, '/');
    char *folder = slash == NULL ? text_new(".", 1) : text_new(file, (size_t)(slash - file));
    const char *last = strrchr(folder, '/');
    *ret_name = last == NULL ? folder : last + 1;
    return folder;
}

// The first port of a service that begins with this session, or is called so; 0 when there is none.
static unsigned long port_of(const char *protocol)
{
    json_t *catalogue = json_load_file(SONDE_TEST_SOURCE_ROOT "/config/services.json", 0, NULL);
    unsigned long port = 0;
    size_t i;
    json_t *service;
    json_array_foreach(json_object_get(catalogue, "services"), i, service)
    {
        const char *session = json_string_value(json_object_get(service, "session"));
        const char *name = json_string_value(json_object_get(service, "name"));
        if (port == 0 && ((session != NULL && strcmp(session, protocol) == 0) || strcmp(name, protocol) == 0))
            port = (unsigned long)json_integer_value(json_array_get(json_object_get(service, "ports"), 0));
    }
    json_decref(catalogue);
    return port;
}

static void phrase_text(struct phrases *phrases, const char *name, const char *text)
{
    struct pieces pieces = {0};
    pieces_add(&pieces, text, strlen(text));
    phrases_add(phrases, name, &pieces);
}

static void phrases_of_ours(struct loading *loading)
{
    char port[16];
    (void)snprintf(port, sizeof(port), "%lu", loading->script->port);
    phrase_text(&loading->phrases, "agent", script_agent);
    phrase_text(&loading->phrases, "version", SONDE_VERSION);
    phrase_text(&loading->phrases, "address", "10.1.2.3");
    phrase_text(&loading->phrases, "port", port);
}

// "NAME = PIECES", statement by statement. Without the file there are none.
static void phrases_load(struct loading *loading, const char *file)
{
    struct cursor cursor;
    char *text = cursor_open(&cursor, file);
    bool there = text != NULL;
    while (there && cursor_statement(&cursor)) {
        char name[CURSOR_WORD_MAX];
        struct pieces pieces = {0};
        if (!cursor_word(&cursor, name) || name[strspn(name, "0123456789abcdefABCDEF")] == '\0' ||
            !cursor_sign(&cursor, '='))
            cursor_fail(&cursor, "expected NAME = PIECES, and a name that could not be bytes behind hex");
        else
            pieces_read(&cursor, &loading->phrases, true, &pieces);
        cursor_finish(&cursor);
        phrases_add(&loading->phrases, name, &pieces);
    }
    free(text);
    if (there && cursor.failed && !loading->cursor.failed) {
        loading->cursor.failed = true;
        memcpy(loading->cursor.problem, cursor.problem, sizeof(cursor.problem));
    }
}

// The head is over: what it left out has its default, and the phrases can be read.
static void loading_begin(struct loading *loading)
{
    struct script *script = loading->script;
    const char *name = NULL;
    if (loading->begun)
        return;
    loading->begun = true;
    char *folder = folder_of(script->file, &name);
    if (script->first == NULL)
        script->first = strcmp(name, "listen") == 0 ? text_new("", 0) : text_new(name, strlen(name));
    if (script->port == 0)
        script->port = strcmp(name, "listen") == 0 ? 0 : port_of(name);
    if (script->port == 0)
        cursor_fail(&loading->cursor, "which port? config/services.json has none for %s: write `port NUMBER` above",
                    name);
    phrases_of_ours(loading);
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/phrases", folder);
    phrases_load(loading, path);
    (void)snprintf(path, sizeof(path), "%s/../phrases", folder);
    phrases_load(loading, path);
    free(folder);
}

static struct step *step_add(struct loading *loading, enum step_kind kind)
{
    struct script *script = loading->script;
    struct step *last = script->step_count == 0 ? NULL : &script->steps[script->step_count - 1];
    loading_begin(loading);
    if (loading->told)
        cursor_fail(&loading->cursor, "what happens stands before what was learnt");
    // What is said in several lines is said in one go.
    if (last != NULL && last->kind == kind && (kind == STEP_HEAR || kind == STEP_SAY))
        return last;
    script->steps = grow(script->steps, script->step_count, sizeof(*script->steps));
    last = &script->steps[script->step_count++];
    *last = (struct step){.kind = kind, .line = loading->cursor.line, .after_ms = -1};
    return last;
}

static void hear_read(struct loading *loading)
{
    struct step *step = step_add(loading, STEP_HEAR);
    pieces_read(&loading->cursor, &loading->phrases, true, &step->pieces);
}

static void say_read(struct loading *loading)
{
    struct script *script = loading->script;
    struct step *step = step_add(loading, STEP_SAY);
    struct pieces pieces = {0};
    size_t before = step->bytes.length;
    pieces_read(&loading->cursor, &loading->phrases, false, &pieces);
    if (pieces.count == 0)
        cursor_fail(&loading->cursor, "a server that says nothing is `silence`");
    pieces_bytes(&pieces, &step->bytes);
    script->lengths[script->connections - 1] += step->bytes.length - before;
    pieces_fini(&pieces);
}

static void silence_read(struct loading *loading)
{
    (void)step_add(loading, STEP_SILENCE);
}

static void close_read(struct loading *loading)
{
    (void)step_add(loading, STEP_CLOSE);
}

static void connection_read(struct loading *loading)
{
    if (cursor_take(&loading->cursor, "refused")) {
        (void)step_add(loading, STEP_REFUSED);
        return;
    }
    if (loading->script->connections == SCRIPT_CONNECTIONS_MAX)
        cursor_fail(&loading->cursor, "there are more than %d connections", SCRIPT_CONNECTIONS_MAX);
    else
        loading->script->connections++;
    struct step *step = step_add(loading, STEP_CONNECTION);
    if (cursor_take(&loading->cursor, "after")) {
        step->after_ms = (long)cursor_number(&loading->cursor, AFTER_MAX_MS);
        if (!cursor_take(&loading->cursor, "ms"))
            cursor_fail(&loading->cursor, "expected ms behind the number");
    }
}

static void port_read(struct loading *loading)
{
    loading->script->port = cursor_number(&loading->cursor, PORT_MAX);
    if (loading->begun)
        cursor_fail(&loading->cursor, "port stands before what happens");
}

static void first_read(struct loading *loading)
{
    char word[CURSOR_WORD_MAX] = "";
    if (loading->begun)
        cursor_fail(&loading->cursor, "first stands before what happens");
    if (!cursor_word(&loading->cursor, word))
        cursor_fail(&loading->cursor, "expected a session, or listen");
    free(loading->script->first);
    loading->script->first = strcmp(word, "listen") == 0 ? text_new("", 0) : text_new(word, strlen(word));
}

static void argument_read(struct loading *loading)
{
    loading->script->argument = (uint32_t)cursor_number(&loading->cursor, UINT32_MAX);
    if (loading->begun)
        cursor_fail(&loading->cursor, "argument stands before what happens");
}

static void name_read(struct loading *loading)
{
    char name[CURSOR_WORD_MAX];
    if (!cursor_word(&loading->cursor, name))
        return;
    if (loading->begun || loading->script->name != NULL)
        cursor_fail(&loading->cursor, "name stands once, before what happens");
    else if ((loading->script->name = strdup(name)) == NULL)
        abort();
}

// The rest of the line, once, before what happens.
static void rest_read(struct loading *loading, char **text)
{
    bool there = cursor_peek(&loading->cursor) != '\0';
    size_t length = there ? strcspn(loading->cursor.at, "\n") : 0;
    if (loading->begun || *text != NULL || length == 0) {
        cursor_fail(&loading->cursor, "path and keeps stand once, before what happens, and say what");
        return;
    }
    *text = text_new(loading->cursor.at, length);
    loading->cursor.at += length;
}

static void path_read(struct loading *loading)
{
    rest_read(loading, &loading->script->path);
}

static void keeps_read(struct loading *loading)
{
    rest_read(loading, &loading->script->keeps);
}

static void matrix_read(struct loading *loading)
{
    loading->script->tls_matrix = true;
    if (loading->begun)
        cursor_fail(&loading->cursor, "matrix stands before what happens");
}

static enum part_id part_find(const char *name)
{
    size_t part = 0;
    while (part < PART_COUNT && (parts[part]->name[0] == '\0' || strcmp(parts[part]->name, name) != 0))
        part++;
    return (enum part_id)part;
}

// A field, or a whole part where that may stand.
static struct learnt *learnt_add(struct loading *loading, struct learnts *learnts, bool whole)
{
    char path[CURSOR_WORD_MAX] = "";
    learnts->items = grow(learnts->items, learnts->count, sizeof(*learnts->items));
    struct learnt *learnt = &learnts->items[learnts->count++];
    loading->told = true;
    learnt->line = loading->cursor.line;
    if (!cursor_word(&loading->cursor, path)) {
        cursor_fail(&loading->cursor, "expected a field, like ssh.software");
        return learnt;
    }
    learnt->field = field_find(path);
    learnt->part = learnt->field != NULL ? (enum part_id)learnt->field->part : part_find(path);
    if (learnt->field == NULL && (!whole || learnt->part == PART_COUNT))
        cursor_fail(&loading->cursor, "no record has a field %s (sonde help records has all)", path);
    return learnt;
}

static void learnt_read(struct loading *loading)
{
    struct learnt *learnt = learnt_add(loading, &loading->script->known, false);
    if (!loading->cursor.failed)
        learnt->value = value_read(&loading->cursor, &loading->phrases);
}

static void finished_set(struct loading *loading, bool finished)
{
    loading->told = true;
    loading->script->finished = finished;
    loading->script->finished_line = loading->cursor.line;
}

static void finished_read(struct loading *loading)
{
    finished_set(loading, true);
}

static void not_read(struct loading *loading)
{
    if (cursor_take(&loading->cursor, "finished"))
        finished_set(loading, false);
    else
        (void)learnt_add(loading, &loading->script->unknown, true);
}

static void nothing_read(struct loading *loading)
{
    loading->told = true;
    loading->script->nothing_line = loading->cursor.line;
    if (!cursor_take(&loading->cursor, "else"))
        cursor_fail(&loading->cursor, "expected `nothing else`");
}

static void cut_read(struct loading *loading)
{
    if (!cursor_take(&loading->cursor, "may") || !cursor_take(&loading->cursor, "differ"))
        cursor_fail(&loading->cursor, "expected `cut may differ FIELD...`");
    do {
        if (cursor_take(&loading->cursor, "finished"))
            loading->script->finish_varies = true;
        else
            (void)learnt_add(loading, &loading->script->varying, true);
    } while (!cursor_ended(&loading->cursor) && !loading->cursor.failed);
}

static const struct {
    const char *word;
    void (*read)(struct loading *loading);
} statements[] = {
    {"port", port_read},
    {"first", first_read},
    {"silence", silence_read},
    {"close", close_read},
    {"reset", close_read},
    {"learnt", learnt_read},
    {"not", not_read},
    {"nothing", nothing_read},
    {"finished", finished_read},
    {"cut", cut_read},
    {"connection", connection_read},
    {"argument", argument_read},
    {"matrix", matrix_read},
    {"name", name_read},
    {"path", path_read},
    {"keeps", keeps_read},
};

static void statement_read(struct loading *loading)
{
    char word[CURSOR_WORD_MAX] = "";
    if (cursor_sign(&loading->cursor, '>')) {
        hear_read(loading);
        return;
    }
    if (cursor_sign(&loading->cursor, '<')) {
        say_read(loading);
        return;
    }
    (void)cursor_word(&loading->cursor, word);
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        if (strcmp(statements[i].word, word) == 0) {
            statements[i].read(loading);
            return;
        }
    cursor_fail(
        &loading->cursor,
        "\"%.*s\" begins no statement: expected <, >, silence, close, reset, connection, "
        "learnt, not, nothing else, finished, cut may differ, port, first, argument, name, path, keeps or matrix",
        (int)strcspn(loading->cursor.at - strlen(word), " \t\n"), loading->cursor.at - strlen(word));
}

int script_load(struct script *script, const char *file)
{
    *script = (struct script){.file = file, .connections = 1};
    struct loading loading = {.script = script};
    char *text = cursor_open(&loading.cursor, file);
    while (text != NULL && cursor_statement(&loading.cursor)) {
        script->last_line = loading.cursor.line;
        statement_read(&loading);
        cursor_finish(&loading.cursor);
    }
    if (script->step_count == 0)
        cursor_fail(&loading.cursor, "nothing happens in this dialogue");
    if (script->finished_line == 0)
        cursor_fail(&loading.cursor, "the dialogue ends without `finished` or `not finished`");
    memcpy(script->problem, loading.cursor.problem, sizeof(script->problem));
    phrases_fini(&loading.phrases);
    free(text);
    return loading.cursor.failed ? -1 : 0;
}

static void learnts_fini(struct learnts *learnts)
{
    for (size_t i = 0; i < learnts->count; i++)
        free(learnts->items[i].value);
    free(learnts->items);
}

void script_fini(struct script *script)
{
    for (size_t i = 0; i < script->step_count; i++) {
        pieces_fini(&script->steps[i].pieces);
        buffer_fini(&script->steps[i].bytes);
    }
    free(script->steps);
    free(script->first);
    free(script->name);
    free(script->path);
    free(script->keeps);
    learnts_fini(&script->known);
    learnts_fini(&script->unknown);
    learnts_fini(&script->varying);
}

bool learnts_have(const struct learnts *learnts, const struct field *field)
{
    for (size_t i = 0; i < learnts->count; i++) {
        const struct learnt *learnt = &learnts->items[i];
        if (learnt->field == field || (learnt->field == NULL && learnt->part == (enum part_id)field->part))
            return true;
    }
    return false;
}
