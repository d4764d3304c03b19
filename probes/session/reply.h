// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Numbered replies of text protocols: FTP (RFC 959 section 4.2) and SMTP (RFC 5321 section 4.2). A code of three
// digits, and a blank before the text of the last line, a hyphen before that of an earlier one. What stands between the
// first and the last line of FTP's need not begin with a code.

#include <stdint.h>

#include "probes/session/session.h"

enum { REPLY_MAX_BYTES = 8 << 10 };

struct reply {
    uint16_t code;     // 0: the line has none, and is all of it
    struct bytes text; // as it was sent, codes and line ends included, but for the last line end
    bool cut;          // there was no end to it: what follows is unknown
};

// Takes the next reply, of which at most REPLY_MAX_BYTES are read. Returns the bytes that were taken, 0 while it is not
// whole. *ret_reply points into the input.
size_t reply_take(struct bytes *input, struct reply *ret_reply);

// The next line of a reply's text without its code and line end; false behind the last one.
bool reply_line(struct bytes *text, struct bytes *ret_line);

// Whether a stream begins with a reply as servers greet (220, 120, or 421 and 554 of those who have no time) in which
// this word stands, in whatever case. Undecided until that reply is whole, so that of several words all are known at
// once.
enum recognition reply_recognise(const uint8_t *data, size_t length, const char *word);

// Whether what came of a greeting that never ended names its protocol by this word.
bool reply_names(const uint8_t *data, size_t length, const char *word);

// What a session of numbered replies makes of a server's first bytes: its own by what they say, or, where they say
// nothing of whose they are, as a greeting on its own port.
enum recognition reply_greeting(const struct session *self, const struct bytes *input);
