// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Reads the text of a dialogue: words and signs of one statement, which is a line and the indented lines behind it.
// What is wrong is said once, with file and line; after that everything reads as the end. Out of memory ends the
// program, as everywhere in this folder.

#include <stdbool.h>
#include <stddef.h>

enum { CURSOR_WORD_MAX = 64, CURSOR_PROBLEM_MAX = 512 };

struct cursor {
    const char *file;
    const char *at;
    const char *end;
    unsigned line;
    bool failed;
    char problem[CURSOR_PROBLEM_MAX]; // "FILE:LINE: what was expected"
};

// The file's whole text, which the caller frees, or NULL and the cursor has failed.
char *cursor_open(struct cursor *cursor, const char *file);

// Moves to the next statement over empty lines and comments. False at the end of the file, or after a failure.
bool cursor_statement(struct cursor *cursor);

// True when the statement has nothing more.
bool cursor_ended(struct cursor *cursor);

// Takes the sign when it is next.
bool cursor_sign(struct cursor *cursor, char sign);

// Looks at the next sign without taking it; '\0' at the end of the statement.
char cursor_peek(struct cursor *cursor);

// Takes a word of letters, digits and "_.:-+"; false when something else is next, or it is too long.
bool cursor_word(struct cursor *cursor, char ret_word[static CURSOR_WORD_MAX]);

// Looks whether the word is next; takes it when it is.
bool cursor_is(struct cursor *cursor, const char *word);
bool cursor_take(struct cursor *cursor, const char *word);

// A number from 0 to most; fails when none is next.
unsigned long cursor_number(struct cursor *cursor, unsigned long most);

// Fails unless the statement has ended.
void cursor_finish(struct cursor *cursor);

void cursor_fail(struct cursor *cursor, const char *format, ...) __attribute__((format(printf, 2, 3)));
