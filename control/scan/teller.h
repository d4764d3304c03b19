// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Whatever a scan says on standard error, in the form that who listens can use. Between teller_start and teller_stop
// `stderr` is a stream whose lines come here, so that no line of text stands among JSON, none is written into the line
// of progress on a terminal, and all of them are in the log. One a process, as standard error is; main thread.

#include <stdbool.h>

enum { TELLER_MESSAGE_MAX = 512 };

enum teller_form {
    TELLER_PLAIN = 0, // lines as they are
    TELLER_TERMINAL,  // the last line is the progress, and renews itself
    TELLER_JSON,      // {"message": "..."} of what is no JSON by itself
};

struct teller_settings {
    enum teller_form form;
    bool verbose;    // decisions are told
    const char *log; // file to which every line is added with its time, decisions too; NULL = none
};

// TELLER_TERMINAL if standard error is a terminal that can be drawn on, else TELLER_PLAIN.
enum teller_form teller_form_here(void);

// Returns 0, or -errno with one line in message and nothing begun.
int teller_start(const struct teller_settings *settings, char message[static TELLER_MESSAGE_MAX]);
// Legal without a start.
void teller_stop(void);

// How wide a line of progress may be: the terminal's columns less one, 0 = it does not matter.
unsigned int teller_columns(void);

// A line of progress without its newline: on a terminal it takes the place of the one before.
void teller_status(const char *line);

// The line of progress stays as it is; what is told from here on comes below it.
void teller_settle(void);

// What was decided and why, a phrase: into the log, and with `verbose` to standard error. Nothing without a start.
void teller_explain(const char *format, ...) __attribute__((format(printf, 1, 2)));
