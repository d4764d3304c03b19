// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Bytes as a dialogue writes them, and patterns of bytes:
//
//   "text\r\n\x00"      its bytes, with C's escapes; \x takes exactly two digits
//   hex 00 ff 1234      bytes as they are
//   PIECE * 300         the piece so many times
//   u16( PIECES )       the pieces behind their length in two bytes; u8, u24, u32 likewise, u16le little-endian, and
//                       u32+4( PIECES ) when the length counts four more than the pieces
//   ssh( PIECES )       the pieces as the payload of an SSH packet in the clear (RFC 4253, 6)
//   any 16              only in a pattern: 16 bytes whatever they are; `any` alone: any number of them
//   name                a phrase: pieces that were given a name

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "probes/buffer.h"
#include "tests/dialogues/cursor.h"

// A code that is not a byte. Padding is zero where a server says it, and whatever it likes to be where sonde does.
enum { PIECES_ANY = 256, PIECES_ANY_MANY, PIECES_PADDING, PIECES_MAX = 1 << 20 };

struct pieces {
    uint16_t *codes;
    size_t count;
    size_t capacity;
};

struct phrase {
    char name[CURSOR_WORD_MAX];
    struct pieces pieces;
};

struct phrases {
    struct phrase *items;
    size_t count;
};

void pieces_fini(struct pieces *pieces);
void pieces_add(struct pieces *pieces, const void *data, size_t length);
void pieces_join(struct pieces *pieces, const struct pieces *other);

// Appends what the statement has next, at least one piece. Patterns are refused unless allowed.
void pieces_read(struct cursor *cursor, const struct phrases *phrases, bool patterns, struct pieces *pieces);

// True when a piece is next.
bool pieces_follow(struct cursor *cursor);

// The bytes of pieces without patterns.
void pieces_bytes(const struct pieces *pieces, struct buffer *ret_bytes);

// Whether the pieces describe exactly these bytes. If not, *ret_right says how many bytes from the beginning are right.
bool pieces_match(const struct pieces *pieces, const uint8_t *data, size_t length, size_t *ret_right);

// As a dialogue would write them, in a line of at most about `most` bytes, 0 = whole.
void pieces_print(FILE *out, const struct pieces *pieces, size_t most);
void bytes_print(FILE *out, const void *data, size_t length, size_t most);

// Names pieces, which move into the phrase. A second one of the same name is never found.
void phrases_add(struct phrases *phrases, const char *name, struct pieces *pieces);
void phrases_fini(struct phrases *phrases);
