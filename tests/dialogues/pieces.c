// SPDX-License-Identifier: BSD-3-Clause
#include "tests/dialogues/pieces.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SSH_BLOCK = 8, SSH_PADDING_MIN = 4, SSH_HEAD = 5, DEPTH_MAX = 16 };

// What a piece is read with.
struct reading {
    struct cursor *cursor;
    const struct phrases *phrases;
    bool patterns;
    unsigned depth;
};

static void reading_pieces(struct reading *reading, struct pieces *pieces);

void pieces_fini(struct pieces *pieces)
{
    free(pieces->codes);
    *pieces = (struct pieces){0};
}

static uint16_t *pieces_room(struct pieces *pieces, size_t at, size_t count)
{
    if (pieces->count + count > pieces->capacity) {
        pieces->capacity = 2 * (pieces->count + count);
        pieces->codes = reallocarray(pieces->codes, pieces->capacity, sizeof(*pieces->codes));
        if (pieces->codes == NULL)
            abort();
    }
    uint16_t *room = pieces->codes + at;
    memmove(room + count, room, (pieces->count - at) * sizeof(*room));
    pieces->count += count;
    return room;
}

static void pieces_put(struct pieces *pieces, uint16_t code)
{
    *pieces_room(pieces, pieces->count, 1) = code;
}

static void pieces_repeat(struct pieces *pieces, uint16_t code, size_t count)
{
    uint16_t *room = pieces_room(pieces, pieces->count, count);
    for (size_t i = 0; i < count; i++)
        room[i] = code;
}

void pieces_add(struct pieces *pieces, const void *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        pieces_put(pieces, ((const uint8_t *)data)[i]);
}

void pieces_join(struct pieces *pieces, const struct pieces *other)
{
    uint16_t *room = pieces_room(pieces, pieces->count, other->count);
    if (other->count > 0)
        memcpy(room, other->codes, other->count * sizeof(*room));
}

static int hex_value(char sign)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = sign == '\0' ? NULL : strchr(digits, tolower((unsigned char)sign));
    return at == NULL ? -1 : (int)(at - digits);
}

static void escape_hex(struct cursor *cursor, struct pieces *pieces)
{
    int high = cursor->end - cursor->at < 2 ? -1 : hex_value(cursor->at[0]);
    int low = high < 0 ? -1 : hex_value(cursor->at[1]);
    if (low < 0) {
        cursor_fail(cursor, "expected two hexadecimal digits behind \\x");
        return;
    }
    cursor->at += 2;
    pieces_put(pieces, (uint16_t)(high * 16 + low));
}

static void escape_octal(struct cursor *cursor, struct pieces *pieces)
{
    unsigned value = 0;
    for (size_t digits = 0; digits < 3 && cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '7';
         digits++)
        value = value * 8 + (unsigned)(*cursor->at++ - '0');
    if (value > UINT8_MAX)
        cursor_fail(cursor, "\\%o is more than a byte", value);
    else
        pieces_put(pieces, (uint16_t)value);
}

// Behind the backslash.
static void escape_read(struct cursor *cursor, struct pieces *pieces)
{
    static const char names[] = "abefnrtv\"\\'";
    static const char values[] = "\a\b\x1b\f\n\r\t\v\"\\'";
    char sign = cursor->at == cursor->end ? '\n' : *cursor->at;
    const char *name = sign == '\0' ? NULL : strchr(names, sign);
    if (sign >= '0' && sign <= '7') {
        escape_octal(cursor, pieces);
        return;
    }
    if (sign == 'x') {
        cursor->at++;
        escape_hex(cursor, pieces);
        return;
    }
    if (name == NULL) {
        cursor_fail(cursor, "\\%c is no escape", sign == '\n' ? ' ' : sign);
        return;
    }
    cursor->at++;
    pieces_put(pieces, (uint8_t)values[name - names]);
}

static void text_read(struct cursor *cursor, struct pieces *pieces)
{
    while (!cursor->failed) {
        if (cursor->at == cursor->end || *cursor->at == '\n') {
            cursor_fail(cursor, "expected \" before the end of the line");
            return;
        }
        char sign = *cursor->at++;
        if (sign == '"')
            return;
        if (sign == '\\')
            escape_read(cursor, pieces);
        else
            pieces_put(pieces, (uint8_t)sign);
    }
}

static size_t hex_length(struct cursor *cursor)
{
    size_t length = 0;
    if (cursor_ended(cursor))
        return 0;
    while (cursor->at + length < cursor->end && hex_value(cursor->at[length]) >= 0)
        length++;
    bool whole = cursor->at + length == cursor->end || !isalnum((unsigned char)cursor->at[length]);
    return whole && length % 2 == 0 ? length : 0;
}

static void hex_read(struct cursor *cursor, struct pieces *pieces)
{
    size_t length = hex_length(cursor);
    if (length == 0)
        cursor_fail(cursor, "expected bytes of two hexadecimal digits each behind hex");
    for (; length > 0; length = hex_length(cursor))
        for (size_t i = 0; i < length; i += 2)
            escape_hex(cursor, pieces);
}

static bool pieces_have(const struct pieces *pieces, size_t from, uint16_t code)
{
    for (size_t i = from; i < pieces->count; i++)
        if (pieces->codes[i] == code)
            return true;
    return false;
}

// A number before what began at `from`: of so many bytes, unknown where what it counts is.
static void number_insert(struct pieces *pieces, size_t from, size_t bytes, bool little, uint64_t number)
{
    bool unknown = pieces_have(pieces, from, PIECES_ANY_MANY);
    uint16_t *room = pieces_room(pieces, from, bytes);
    for (size_t i = 0; i < bytes; i++) {
        size_t shift = 8 * (little ? i : bytes - 1 - i);
        room[i] = (uint16_t)(unknown ? PIECES_ANY : number >> shift & UINT8_MAX);
    }
}

// u16le+4: how many bytes, in which order, how many more than is there. False for another word.
static bool frame_parse(const char *word, size_t *ret_bytes, bool *ret_little, long *ret_more)
{
    if (word[0] != 'u' || !isdigit((unsigned char)word[1]))
        return false;
    char *end = NULL;
    unsigned long bits = strtoul(word + 1, &end, 10);
    *ret_little = strncmp(end, "le", 2) == 0;
    end += *ret_little ? 2 : 0;
    *ret_more = *end == '+' || *end == '-' ? strtol(end, &end, 10) : 0;
    *ret_bytes = bits / 8;
    return *end == '\0' && bits % 8 == 0 && bits >= 8 && bits <= 32 && *ret_more > -1000 && *ret_more < 1000;
}

static void frame_close(struct cursor *cursor, struct pieces *pieces, size_t from, const char *word)
{
    size_t bytes = 0;
    bool little = false;
    long more = 0;
    (void)frame_parse(word, &bytes, &little, &more);
    long long number = (long long)(pieces->count - from) + more;
    if (number < 0 || (bytes < 4 && number >> (8 * bytes) != 0))
        cursor_fail(cursor, "%s( ) cannot hold a length of %lld", word, number);
    else
        number_insert(pieces, from, bytes, little, (uint64_t)number);
}

// Length, length of the padding, payload, padding: together a multiple of eight bytes.
static void ssh_close(struct pieces *pieces, size_t from)
{
    size_t payload = pieces->count - from;
    bool varies = pieces_have(pieces, from, PIECES_ANY_MANY);
    size_t padding = SSH_BLOCK - (SSH_HEAD + payload) % SSH_BLOCK;
    padding += padding < SSH_PADDING_MIN ? SSH_BLOCK : 0;
    number_insert(pieces, from, 1, false, padding);
    number_insert(pieces, from, 4, false, 1 + payload + padding);
    if (varies)
        pieces_put(pieces, PIECES_ANY_MANY);
    else
        pieces_repeat(pieces, PIECES_PADDING, padding);
}

static void frame_read(struct reading *reading, const char *word, struct pieces *pieces)
{
    size_t from = pieces->count;
    (void)cursor_sign(reading->cursor, '(');
    if (++reading->depth > DEPTH_MAX)
        cursor_fail(reading->cursor, "there are more than %d brackets in each other", DEPTH_MAX);
    else if (cursor_peek(reading->cursor) != ')')
        reading_pieces(reading, pieces);
    reading->depth--;
    if (!cursor_sign(reading->cursor, ')'))
        cursor_fail(reading->cursor, "expected a piece or ) behind %s(", word);
    if (reading->cursor->failed)
        return;
    if (strcmp(word, "ssh") == 0)
        ssh_close(pieces, from);
    else
        frame_close(reading->cursor, pieces, from, word);
}

static void any_read(struct reading *reading, struct pieces *pieces)
{
    if (!reading->patterns)
        cursor_fail(reading->cursor, "any stands only in what sonde says");
    else if (isdigit((unsigned char)cursor_peek(reading->cursor)))
        pieces_repeat(pieces, PIECES_ANY, cursor_number(reading->cursor, 65535));
    else
        pieces_put(pieces, PIECES_ANY_MANY);
}

static const struct phrase *phrase_find(const struct phrases *phrases, const char *name)
{
    for (size_t i = 0; phrases != NULL && i < phrases->count; i++)
        if (strcmp(phrases->items[i].name, name) == 0)
            return &phrases->items[i];
    return NULL;
}

static void phrase_read(struct reading *reading, const char *word, struct pieces *pieces)
{
    const struct phrase *phrase = phrase_find(reading->phrases, word);
    if (phrase == NULL)
        cursor_fail(reading->cursor, "expected a piece (text in quotes, hex, any, u16(, ssh(, a phrase) and not \"%s\"",
                    word);
    else if (!reading->patterns &&
             (pieces_have(&phrase->pieces, 0, PIECES_ANY) || pieces_have(&phrase->pieces, 0, PIECES_ANY_MANY)))
        cursor_fail(reading->cursor, "the phrase %s holds any, which stands only in what sonde says", word);
    else
        pieces_join(pieces, &phrase->pieces);
}

static void piece_read(struct reading *reading, struct pieces *pieces)
{
    size_t bytes = 0;
    bool little = false;
    long more = 0;
    char word[CURSOR_WORD_MAX] = "";
    if (cursor_sign(reading->cursor, '"'))
        text_read(reading->cursor, pieces);
    else if (!cursor_word(reading->cursor, word))
        cursor_fail(reading->cursor, "expected a piece: text in quotes, hex, any, u16(, ssh(, a phrase");
    else if (cursor_peek(reading->cursor) == '(' &&
             (strcmp(word, "ssh") == 0 || frame_parse(word, &bytes, &little, &more)))
        frame_read(reading, word, pieces);
    else if (strcmp(word, "hex") == 0)
        hex_read(reading->cursor, pieces);
    else if (strcmp(word, "any") == 0)
        any_read(reading, pieces);
    else
        phrase_read(reading, word, pieces);
}

static void times_read(struct cursor *cursor, size_t from, struct pieces *pieces)
{
    size_t count = pieces->count - from;
    size_t times = cursor_number(cursor, PIECES_MAX);
    if (times == 0 || count * times > PIECES_MAX)
        cursor_fail(cursor, "expected to repeat at least once, and at most %d bytes", PIECES_MAX);
    for (size_t i = 1; i < times && !cursor->failed; i++) {
        uint16_t *room = pieces_room(pieces, pieces->count, count);
        if (count > 0)
            memcpy(room, pieces->codes + from, count * sizeof(*room));
    }
}

bool pieces_follow(struct cursor *cursor)
{
    char next = cursor_peek(cursor);
    return next == '"' || (isalnum((unsigned char)next) && !cursor_is(cursor, "cut"));
}

static void reading_pieces(struct reading *reading, struct pieces *pieces)
{
    do {
        size_t from = pieces->count;
        piece_read(reading, pieces);
        if (cursor_sign(reading->cursor, '*'))
            times_read(reading->cursor, from, pieces);
    } while (pieces_follow(reading->cursor));
}

void pieces_read(struct cursor *cursor, const struct phrases *phrases, bool patterns, struct pieces *pieces)
{
    struct reading reading = {.cursor = cursor, .phrases = phrases, .patterns = patterns};
    reading_pieces(&reading, pieces);
}

void pieces_bytes(const struct pieces *pieces, struct buffer *ret_bytes)
{
    for (size_t i = 0; i < pieces->count; i++)
        buffer_put_u8(ret_bytes, pieces->codes[i] < PIECES_ANY ? (uint8_t)pieces->codes[i] : 0);
    if (ret_bytes->failed)
        abort();
}

// The pattern is tried from left to right; where it fails, the last `any` takes a byte more.
bool pieces_match(const struct pieces *pieces, const uint8_t *data, size_t length, size_t *ret_right)
{
    size_t code = 0;
    size_t at = 0;
    size_t star = SIZE_MAX;
    size_t taken = 0;
    *ret_right = 0;
    while (at < length || code < pieces->count) {
        if (code < pieces->count && pieces->codes[code] == PIECES_ANY_MANY) {
            star = code++;
            taken = at;
        } else if (code < pieces->count && at < length &&
                   (pieces->codes[code] >= PIECES_ANY || pieces->codes[code] == data[at])) {
            code++;
            at++;
        } else if (star == SIZE_MAX || taken == length) {
            *ret_right = *ret_right > at ? *ret_right : at;
            return false;
        } else {
            *ret_right = *ret_right > at ? *ret_right : at;
            at = ++taken;
            code = star + 1;
        }
    }
    *ret_right = length;
    return true;
}

static void octet_print(FILE *out, uint8_t octet)
{
    static const char names[] = "nrt\"\\";
    static const char values[] = "\n\r\t\"\\";
    const char *found = octet == 0 ? NULL : strchr(values, octet);
    if (found != NULL)
        fprintf(out, "\\%c", names[found - values]);
    else if (octet < ' ' || octet >= 0x7f)
        fprintf(out, "\\x%02x", octet);
    else
        fputc(octet, out);
}

void pieces_print(FILE *out, const struct pieces *pieces, size_t most)
{
    bool open = false;
    for (size_t i = 0; i < pieces->count; i++) {
        if (most != 0 && i == most) {
            fprintf(out, "%s... (%zu more)", open ? "\"" : "", pieces->count - i);
            return;
        }
        bool literal = pieces->codes[i] < PIECES_ANY;
        if (literal != open)
            fputs(literal && i > 0 ? " \"" : "\"", out);
        open = literal;
        if (literal)
            octet_print(out, (uint8_t)pieces->codes[i]);
        else
            fprintf(out, "%s%s", i > 0 ? " " : "", pieces->codes[i] == PIECES_ANY_MANY ? "any" : "any 1");
    }
    fputs(open ? "\"" : pieces->count == 0 ? "\"\"" : "", out);
}

void bytes_print(FILE *out, const void *data, size_t length, size_t most)
{
    size_t shown = most != 0 && length > most ? most : length;
    fputc('"', out);
    for (size_t i = 0; i < shown; i++)
        octet_print(out, ((const uint8_t *)data)[i]);
    fputc('"', out);
    if (shown < length)
        fprintf(out, "... (%zu more)", length - shown);
}

void phrases_add(struct phrases *phrases, const char *name, struct pieces *pieces)
{
    phrases->items = reallocarray(phrases->items, phrases->count + 1, sizeof(*phrases->items));
    if (phrases->items == NULL)
        abort();
    struct phrase *phrase = &phrases->items[phrases->count++];
    *phrase = (struct phrase){.pieces = *pieces};
    (void)snprintf(phrase->name, sizeof(phrase->name), "%s", name);
    *pieces = (struct pieces){0};
}

void phrases_fini(struct phrases *phrases)
{
    for (size_t i = 0; i < phrases->count; i++)
        pieces_fini(&phrases->items[i].pieces);
    free(phrases->items);
    *phrases = (struct phrases){0};
}
