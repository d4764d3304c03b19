// SPDX-License-Identifier: BSD-3-Clause
// What the key table says to people: complaints, suggestions, lines, help.
#include "config/keys.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/printable.h"

enum { NEAREST_MAX = 48 };

__attribute__((format(printf, 4, 0))) static int complain_va(struct complaint *complaint, const char *file,
                                                             const char *path, const char *format, va_list list)
{
    char text[sizeof(complaint->text)];
    size_t room = sizeof(text);
    int used = snprintf(text, room, "%s%s%s%s", file, file[0] != '\0' ? ": " : "", path, path[0] != '\0' ? ": " : "");
    if (used >= 0 && (size_t)used < room)
        (void)vsnprintf(text + used, room - (size_t)used, format, list);
    // A complaint may quote what a file held.
    (void)printable(text, complaint->text, sizeof(complaint->text));
    return -EINVAL;
}

int complain(struct complaint *complaint, const char *file, const char *path, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int error = complain_va(complaint, file, path, format, list);
    va_end(list);
    return error;
}

// Whether the value at path ("source.address", "targets[3]") is one that came from the command line.
static bool is_of_line(const json_t *line, const char *path)
{
    while (json_is_object(line) && *path != '\0') {
        size_t length = strcspn(path, ".[");
        line = json_object_getn(line, path, length);
        path += length + (path[length] == '.');
    }
    return line != NULL && !json_is_object(line);
}

int key_complain(const struct key_context *context, const char *path, const char *format, ...)
{
    char file[300];
    bool of_line = is_of_line(context->line, path);
    size_t line = context->text == NULL || of_line ? 0 : keys_locate(context->text, path);
    (void)snprintf(file, sizeof(file), line > 0 ? "%s:%zu" : "%s", of_line ? KEYS_LINE : context->file, line);
    va_list list;
    va_start(list, format);
    int error = complain_va(context->complaint, file, path, format, list);
    va_end(list);
    return error;
}

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

// at stands on the opening quote.
static const char *skip_string(const char *at)
{
    for (at++; *at != '\0' && *at != '"'; at++)
        if (*at == '\\' && at[1] != '\0')
            at++;
    return *at == '"' ? at + 1 : at;
}

static const char *skip_value(const char *at)
{
    size_t depth = 0;
    do {
        at = skip_space(at);
        if (*at == '"') {
            at = skip_string(at);
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            depth -= depth > 0;
            at++;
        } else if (*at == ',' || *at == ':') {
            at++;
        } else {
            at += strcspn(at, " \t\r\n,:{}[]\"");
        }
    } while (depth > 0 && *at != '\0');
    return at;
}

// From the value at `at` (an object or array) to the member that one step of a path names; NULL when there is none.
static const char *step_into(const char *at, const char *step, size_t length)
{
    size_t index = step[0] == '[' ? (size_t)strtoul(step + 1, NULL, 10) : 0;
    char open = step[0] == '[' ? '[' : '{';
    if (*at != open)
        return NULL;
    at = skip_space(at + 1);
    for (size_t i = 0; *at != '\0' && *at != ']' && *at != '}'; i++) {
        bool found = open == '[' && i == index;
        if (open == '{') {
            const char *name = at;
            if (*at != '"')
                return NULL;
            at = skip_space(skip_string(at));
            found = strncmp(name + 1, step, length) == 0 && name[1 + length] == '"';
            at = skip_space(*at == ':' ? at + 1 : at);
        }
        if (found)
            return at;
        const char *after = skip_space(skip_value(at));
        if (after == at)
            return NULL;
        at = *after == ',' ? skip_space(after + 1) : after;
    }
    return NULL;
}

size_t keys_locate(const char *text, const char *path)
{
    const char *at = skip_space(text);
    while (*path != '\0' && at != NULL) {
        // ["a.b"] is a key that holds a dot.
        bool quoted = strncmp(path, "[\"", 2) == 0;
        size_t length = path[0] == '[' ? strcspn(path, "]") + 1 : strcspn(path, ".[");
        at = quoted ? step_into(at, path + 2, strcspn(path + 2, "\"")) : step_into(at, path, length);
        path += strnlen(path, length);
        path += *path == '.';
    }
    if (at == NULL)
        return 0;
    size_t line = 1;
    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

// Edits (insert, delete, replace, swap of neighbours) between two words, case ignored by the caller's lower-casing.
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NEAREST_MAX + 1];
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    if (a_length > NEAREST_MAX || b_length > NEAREST_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && rows[(i - 2) % 3][j - 2] + 1 < best)
                best = rows[(i - 2) % 3][j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_length % 3][b_length];
}

const char *keys_nearest(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    size_t limit = strlen(word) < 4 ? 1 : strlen(word) < 8 ? 2 : 3;
    for (size_t i = 0; i < count; i++) {
        size_t edits = strcasecmp(word, candidates[i]) == 0 ? 0 : distance(word, candidates[i]);
        if (edits <= limit && (nearest == NULL || edits < limit || edits == 0)) {
            nearest = candidates[i];
            limit = edits;
        }
    }
    return nearest;
}

const char *keys_type_name(const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string", [JSON_INTEGER] = "a number",
        [JSON_REAL] = "a number",    [JSON_TRUE] = "true",      [JSON_FALSE] = "false",     [JSON_NULL] = "null"};
    return names[json_typeof(value)];
}

static void print_shape(FILE *out, const struct key *key)
{
    static const char *const shapes[] = {
        [KEY_CUSTOM] = "",
        [KEY_STRING] = "text",
        [KEY_STRINGS] = "array of texts",
        [KEY_BOOL] = "true or false",
        [KEY_COUNT] = "integer",
        [KEY_COUNT32] = "integer",
        [KEY_RATE] = "rate",
        [KEY_DURATION] = "duration",
        [KEY_SHARE] = "share",
        [KEY_CHOICE] = "one of",
        [KEY_OBJECT] = "object",
    };
    (void)fprintf(out, "%s", key->expected != NULL ? key->expected : shapes[key->type]);
    if (key->type == KEY_CHOICE)
        (void)fprintf(out, " %s", key->choices);
    if (key->minimum != 0 || key->maximum != 0) {
        static const char *const units[KEY_OBJECT + 1] = {
            [KEY_RATE] = " pps", [KEY_DURATION] = " s", [KEY_SHARE] = " %"};
        const char *unit = units[key->type] == NULL ? "" : units[key->type];
        (void)fprintf(out, ", %.15g to %.15g%s", key->minimum, key->maximum, unit);
    }
    if (key->required)
        (void)fputs(", required", out);
    if (key->fallback != NULL && strcmp(key->fallback, "\"\"") != 0 && strcmp(key->fallback, "[]") != 0)
        (void)fprintf(out, ", default %s", key->fallback);
}

void keys_print_help(FILE *out, const struct key *keys, const char *prefix)
{
    for (const struct key *key = keys; key->name != NULL; key++) {
        if (key->type == KEY_OBJECT) {
            char nested[128];
            (void)fprintf(out, "  %s%s\n      %s\n", prefix, key->name, key->help);
            (void)snprintf(nested, sizeof(nested), "%s%s.", prefix, key->name);
            keys_print_help(out, key->keys, nested);
            continue;
        }
        (void)fprintf(out, "  %s%s: ", prefix, key->name);
        print_shape(out, key);
        (void)fprintf(out, "\n      %s\n", key->help);
    }
}
