// SPDX-License-Identifier: BSD-3-Clause
#include "tests/dialogues/cursor.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *cursor_open(struct cursor *cursor, const char *file)
{
    *cursor = (struct cursor){.file = file};
    FILE *in = fopen(file, "r");
    char *text = NULL;
    size_t length = 0;
    FILE *out = in == NULL ? NULL : open_memstream(&text, &length);
    char piece[4096];
    size_t got = 0;
    while (out != NULL && (got = fread(piece, 1, sizeof(piece), in)) > 0)
        fwrite(piece, 1, got, out);
    if (in == NULL || ferror(in))
        cursor_fail(cursor, "%s", strerror(errno));
    if (in != NULL)
        fclose(in);
    if (out != NULL)
        fclose(out);
    if (cursor->failed) {
        free(text);
        return NULL;
    }
    cursor->line = 1;
    cursor->at = text;
    cursor->end = text + length;
    return text;
}

void cursor_fail(struct cursor *cursor, const char *format, ...)
{
    if (cursor->failed)
        return;
    cursor->failed = true;
    int length = cursor->line == 0
                     ? snprintf(cursor->problem, sizeof(cursor->problem), "%s: ", cursor->file)
                     : snprintf(cursor->problem, sizeof(cursor->problem), "%s:%u: ", cursor->file, cursor->line);
    if (length < 0 || (size_t)length >= sizeof(cursor->problem))
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(cursor->problem + length, sizeof(cursor->problem) - (size_t)length, format, arguments);
    va_end(arguments);
}

static void comment_skip(struct cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at != '\n')
        cursor->at++;
}

static bool is_blank(char sign)
{
    return sign == ' ' || sign == '\t' || sign == '\r';
}

bool cursor_statement(struct cursor *cursor)
{
    while (!cursor->failed && cursor->at < cursor->end) {
        if (*cursor->at == '#') {
            comment_skip(cursor);
            continue;
        }
        if (!is_blank(*cursor->at) && *cursor->at != '\n')
            return true;
        cursor->line += *cursor->at == '\n';
        cursor->at++;
    }
    return false;
}

// Spaces, comments, and line ends before lines that are indented.
static void space_skip(struct cursor *cursor)
{
    while (cursor->at < cursor->end)
        if (*cursor->at == '#')
            comment_skip(cursor);
        else if (is_blank(*cursor->at))
            cursor->at++;
        else if (*cursor->at == '\n' && cursor->at + 1 < cursor->end && is_blank(cursor->at[1])) {
            cursor->at++;
            cursor->line++;
        } else
            return;
}

char cursor_peek(struct cursor *cursor)
{
    if (cursor->failed)
        return '\0';
    space_skip(cursor);
    return cursor->at == cursor->end || *cursor->at == '\n' ? '\0' : *cursor->at;
}

bool cursor_ended(struct cursor *cursor)
{
    return cursor_peek(cursor) == '\0';
}

bool cursor_sign(struct cursor *cursor, char sign)
{
    if (cursor_peek(cursor) != sign)
        return false;
    cursor->at++;
    return true;
}

static size_t word_length(const struct cursor *cursor)
{
    const char *at = cursor->at;
    while (at < cursor->end && *at != '\0' && (isalnum((unsigned char)*at) || strchr("_.:-+", *at) != NULL))
        at++;
    return (size_t)(at - cursor->at);
}

bool cursor_word(struct cursor *cursor, char ret_word[static CURSOR_WORD_MAX])
{
    size_t length = cursor_peek(cursor) == '\0' ? 0 : word_length(cursor);
    if (length == 0 || length >= CURSOR_WORD_MAX)
        return false;
    memcpy(ret_word, cursor->at, length);
    ret_word[length] = '\0';
    cursor->at += length;
    return true;
}

bool cursor_is(struct cursor *cursor, const char *word)
{
    size_t length = cursor_peek(cursor) == '\0' ? 0 : word_length(cursor);
    return length == strlen(word) && memcmp(cursor->at, word, length) == 0;
}

bool cursor_take(struct cursor *cursor, const char *word)
{
    if (!cursor_is(cursor, word))
        return false;
    cursor->at += strlen(word);
    return true;
}

unsigned long cursor_number(struct cursor *cursor, unsigned long most)
{
    char word[CURSOR_WORD_MAX];
    char *end = word;
    unsigned long number = 0;
    if (cursor_word(cursor, word) && isdigit((unsigned char)word[0])) {
        errno = 0;
        number = strtoul(word, &end, 10);
    }
    if (end == word || *end != '\0' || errno == ERANGE || number > most) {
        cursor_fail(cursor, "expected a number from 0 to %lu", most);
        return 0;
    }
    return number;
}

void cursor_finish(struct cursor *cursor)
{
    if (!cursor_ended(cursor))
        cursor_fail(cursor, "expected the end of the line before \"%.*s\"", (int)strcspn(cursor->at, "\n"), cursor->at);
}
