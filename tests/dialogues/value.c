// SPDX-License-Identifier: BSD-3-Clause
#include "tests/dialogues/value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { VALUE_DEPTH_MAX = 8, MILLI = 1000 };

static const char cut_mark[] = " cut";

static void value_print(FILE *out, const struct field *field, const void *base);

static void time_print(FILE *out, int64_t seconds, int64_t milliseconds)
{
    time_t when = (time_t)seconds;
    struct tm parts_of_day;
    char text[64] = "";
    (void)gmtime_r(&when, &parts_of_day);
    (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts_of_day);
    fputs(text, out);
    if (milliseconds >= 0)
        fprintf(out, ".%03" PRId64, milliseconds);
    fputc('Z', out);
}

static void list_print(FILE *out, const struct list *list)
{
    fputc('[', out);
    for (uint32_t i = 0; i < list->count; i++) {
        fputs(i > 0 ? ", " : "", out);
        bytes_print(out, list->names[i].data, list->names[i].length, 0);
    }
    fputc(']', out);
}

static void row_print(FILE *out, const struct part *part, const void *base)
{
    bool first = true;
    fputc('{', out);
    for (size_t i = 0; i < part->field_count; i++) {
        if (!field_known(base, &part->fields[i]))
            continue;
        fprintf(out, "%s%s: ", first ? "" : ", ", part->fields[i].name);
        value_print(out, &part->fields[i], base);
        first = false;
    }
    fputc('}', out);
}

static void rows_print(FILE *out, const struct field *field, const struct rows *rows)
{
    fputc('[', out);
    for (uint32_t i = 0; i < rows->count; i++) {
        fputs(i > 0 ? ", " : "", out);
        row_print(out, field->nested, (const uint8_t *)rows->items + i * field->nested->bytes);
    }
    fputc(']', out);
}

static void address_value_print(FILE *out, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];
    (void)address_print(address, text);
    fprintf(out, "\"%s\"", text);
}

static void value_print(FILE *out, const struct field *field, const void *base)
{
    const void *value = field_value_const(base, field);
    const struct text *text = value;
    const int64_t *number = value;
    switch ((enum field_kind)field->kind) {
    case FIELD_TEXT:
        bytes_print(out, text->data, text->length, 0);
        break;
    case FIELD_LIST:
        list_print(out, value);
        break;
    case FIELD_NUMBER:
        fprintf(out, "%" PRId64, *number);
        break;
    case FIELD_MILLI:
        fprintf(out, "%" PRId64 ".%03" PRId64, *number / MILLI, *number % MILLI);
        break;
    case FIELD_FLAG:
        fputs(*(const bool *)value ? "true" : "false", out);
        break;
    case FIELD_TIME:
        time_print(out, *number, -1);
        break;
    case FIELD_INSTANT:
        time_print(out, *number / MILLI, *number % MILLI);
        break;
    case FIELD_ADDRESS:
        address_value_print(out, value);
        break;
    case FIELD_ROWS:
        rows_print(out, field, value);
        break;
    case FIELD_KIND_COUNT:
        break;
    }
    if (field_cut(base, field))
        fputs(cut_mark, out);
}

char *value_of(const struct observation *observation, const struct field *field)
{
    const void *part = observation->parts[field->part];
    char *text = NULL;
    size_t length = 0;
    if (!field_known(part, field) && !field_cut(part, field))
        return NULL;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        abort();
    if (field_known(part, field))
        value_print(out, field, part);
    else
        fputs("nothing cut", out);
    fclose(out);
    return text;
}

static void value_copy(struct cursor *cursor, const struct phrases *phrases, unsigned depth, FILE *out);

static void items_copy(struct cursor *cursor, const struct phrases *phrases, unsigned depth, FILE *out)
{
    fputc('[', out);
    for (bool first = true; !cursor->failed && !cursor_sign(cursor, ']'); first = false) {
        if (!first && !cursor_sign(cursor, ','))
            cursor_fail(cursor, "expected , or ] behind a value of a list");
        fputs(first ? "" : ", ", out);
        value_copy(cursor, phrases, depth + 1, out);
    }
    fputc(']', out);
}

static void row_copy(struct cursor *cursor, const struct phrases *phrases, unsigned depth, FILE *out)
{
    char name[CURSOR_WORD_MAX];
    fputc('{', out);
    for (bool first = true; !cursor->failed && !cursor_sign(cursor, '}'); first = false) {
        if (!first && !cursor_sign(cursor, ','))
            cursor_fail(cursor, "expected , or } behind a value of a row");
        size_t length = cursor_word(cursor, name) ? strlen(name) : 0;
        if (length < 2 || name[length - 1] != ':')
            cursor_fail(cursor, "expected a field of the row and a colon");
        fprintf(out, "%s%s ", first ? "" : ", ", length < 2 ? "" : name);
        value_copy(cursor, phrases, depth + 1, out);
    }
    fputc('}', out);
}

static void text_copy(struct cursor *cursor, const struct phrases *phrases, FILE *out)
{
    struct pieces pieces = {0};
    struct buffer bytes = {0};
    pieces_read(cursor, phrases, false, &pieces);
    pieces_bytes(&pieces, &bytes);
    bytes_print(out, buffer_bytes(&bytes), bytes.length, 0);
    buffer_fini(&bytes);
    pieces_fini(&pieces);
}

static void value_copy(struct cursor *cursor, const struct phrases *phrases, unsigned depth, FILE *out)
{
    static const char *const words[] = {"true", "false"};
    char word[CURSOR_WORD_MAX];
    char next = cursor_peek(cursor);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (cursor_take(cursor, words[i])) {
            fputs(words[i], out);
            return;
        }
    if (depth > VALUE_DEPTH_MAX)
        cursor_fail(cursor, "there are more than %d brackets in each other", VALUE_DEPTH_MAX);
    else if (cursor_sign(cursor, '['))
        items_copy(cursor, phrases, depth, out);
    else if (cursor_sign(cursor, '{'))
        row_copy(cursor, phrases, depth, out);
    else if ((isdigit((unsigned char)next) || next == '-') && cursor_word(cursor, word))
        fputs(word, out);
    else if (pieces_follow(cursor))
        text_copy(cursor, phrases, out);
    else
        cursor_fail(cursor, "expected a value: \"text\", a number, true, false, a time, or values in [ ]");
}

char *value_read(struct cursor *cursor, const struct phrases *phrases)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        abort();
    value_copy(cursor, phrases, 0, out);
    // A word in a text ends the pieces that are next.
    if (!cursor->failed && cursor_take(cursor, "cut"))
        fputs(cut_mark, out);
    fclose(out);
    if (cursor->failed) {
        free(text);
        return NULL;
    }
    return text;
}

bool value_is_beginning(const char *cut, const char *whole)
{
    size_t length = strlen(cut);
    size_t mark = sizeof(cut_mark) - 1;
    if (length < mark || strcmp(cut + length - mark, cut_mark) != 0)
        return false;
    length -= mark;
    // The sign that closes the text or the list stands elsewhere in the whole one.
    length -= length > 0 ? 1 : 0;
    return strncmp(cut, whole, length) == 0;
}
