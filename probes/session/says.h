// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a session may say, as a table: every message that can leave it, piece by piece, so that anyone can read it and
// tests compare what was sent with it. A message is a list of pieces; messages follow each other until SAYS_END:
//
//   static const struct say says[] = {SAY("PING\r\n"), SAY_END, SAY("GET "), SAY_ANY(64), SAY("\r\n"), SAY_END,
//   SAYS_END};

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum say_kind {
    SAYS_OVER = 0,  // no further message
    SAY_LITERAL,    // exactly these bytes
    SAY_VARIABLE,   // up to so many bytes of ours that differ: an address, a random name
    SAY_OPAQUE,     // everything from here on: what is encrypted or made by a library
    SAY_MESSAGE_END // the message is whole
};

struct say {
    enum say_kind kind;
    const char *bytes;
    size_t length; // of bytes; of SAY_VARIABLE the most
};

#define SAY(literal)                                                                                                   \
    {                                                                                                                  \
        SAY_LITERAL, (literal), sizeof(literal) - 1                                                                    \
    }
#define SAY_ANY(most)                                                                                                  \
    {                                                                                                                  \
        SAY_VARIABLE, NULL, (most)                                                                                     \
    }
#define SAY_REST                                                                                                       \
    {                                                                                                                  \
        SAY_OPAQUE, NULL, 0                                                                                            \
    }
#define SAY_END                                                                                                        \
    {                                                                                                                  \
        SAY_MESSAGE_END, NULL, 0                                                                                       \
    }
#define SAYS_END                                                                                                       \
    {                                                                                                                  \
        SAYS_OVER, NULL, 0                                                                                             \
    }

// True when the bytes are messages of the table, in any order and number, the last one possibly cut short.
bool says_allow(const struct say *says, const uint8_t *data, size_t length);
