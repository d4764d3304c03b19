// SPDX-License-Identifier: BSD-3-Clause
#include "control/record/reader.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { DEPTH_MAX = 32 };

void reader_init(struct reader *reader, char *data, size_t length)
{
    *reader = (struct reader){.start = data, .at = data, .end = data + length};
}

bool reader_fail(struct reader *reader, const char *what)
{
    if (reader->what == NULL)
        reader->what = what;
    return false;
}

bool reader_next(struct reader *reader, char close, bool *first)
{
    if (reader->what != NULL)
        return false;
    if (reader_peek(reader) == close && reader->at < reader->end) {
        reader->at++;
        return false;
    }
    if (!*first)
        return reader_take(reader, ',', "a comma or a closing bracket is missing");
    *first = false;
    return true;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

// Four hexadecimal digits.
static bool unit_read(struct reader *reader, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    if (reader->end - reader->at < 4)
        return reader_fail(reader, "an escape that ends too soon");
    for (int i = 0; i < 4; i++) {
        int value = hex_value(*reader->at++);
        if (value < 0)
            return reader_fail(reader, "an escape that is no number");
        unit = unit << 4 | (uint32_t)value;
    }
    *ret_unit = unit;
    return true;
}

// A code point behind "\u"; two units of UTF-16 make one (RFC 8259 section 7).
static bool code_read(struct reader *reader, uint32_t *ret_code)
{
    uint32_t high = 0;
    uint32_t low = 0;
    if (!unit_read(reader, &high))
        return false;
    if (high < 0xd800 || high > 0xdfff) {
        *ret_code = high;
        return true;
    }
    if (high > 0xdbff || reader->end - reader->at < 2 || reader->at[0] != '\\' || reader->at[1] != 'u')
        return reader_fail(reader, "half a surrogate pair");
    reader->at += 2;
    if (!unit_read(reader, &low))
        return false;
    if (low < 0xdc00 || low > 0xdfff)
        return reader_fail(reader, "half a surrogate pair");
    *ret_code = 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff));
    return true;
}

static char *utf8_put(char *to, uint32_t code)
{
    static const uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
    int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    *to++ = (char)(leads[more] | code >> (6 * more));
    while (more-- > 0)
        *to++ = (char)(0x80 | (code >> (6 * more) & 0x3f));
    return to;
}

// What an escape of one character stands for, 0 when it is none of them.
static char escape_value(char letter)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);
    return found == NULL ? '\0' : values[found - letters];
}

// Decodes one escape, behind its backslash, to *to, which never passes what was read.
static bool escape_read(struct reader *reader, char **to)
{
    uint32_t code = 0;
    if (reader->at == reader->end)
        return reader_fail(reader, "a text that does not end");
    char letter = *reader->at++;
    if (letter == 'u') {
        if (!code_read(reader, &code))
            return false;
        *to = utf8_put(*to, code);
        return true;
    }
    char value = escape_value(letter);
    if (value == '\0')
        return reader_fail(reader, "an unknown escape");
    *(*to)++ = value;
    return true;
}

// What a text cannot hold as it is: a quote, a backslash, a control character.
static bool is_plain(char octet)
{
    return (unsigned char)octet >= 0x20 && octet != '"' && octet != '\\';
}

// The first byte that is not plain; `end` when there is none.
static char *plain_end(char *at, const char *end)
{
#ifdef __SSE2__
    // Sixteen at a time: a control character is what is no larger than the last of them.
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1f);
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i controls = _mm_cmpeq_epi8(_mm_max_epu8(bytes, control), control);
        __m128i found =
            _mm_or_si128(controls, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
        int mask = _mm_movemask_epi8(found);
        if (mask != 0)
            return at + __builtin_ctz((unsigned int)mask);
    }
#endif
    while (at < end && is_plain(*at))
        at++;
    return at;
}

bool reader_text(struct reader *reader, struct text *ret_text)
{
    if (!reader_take(reader, '"', "no text where one belongs"))
        return false;
    char *begin = reader->at;
    reader->at = plain_end(begin, reader->end);
    char *to = reader->at;
    while (reader->at < reader->end && *reader->at != '"') {
        char octet = *reader->at++;
        if ((unsigned char)octet < 0x20)
            return reader_fail(reader, "a control character in a text");
        if (octet != '\\')
            *to++ = octet;
        else if (!escape_read(reader, &to))
            return false;
    }
    if (reader->at == reader->end)
        return reader_fail(reader, "a text that does not end");
    reader->at++;
    *to = '\0';
    *ret_text = (struct text){.data = begin, .length = (uint32_t)(to - begin)};
    return true;
}

bool reader_key(struct reader *reader, struct text *ret_key)
{
    return reader_text(reader, ret_key) && reader_take(reader, ':', "a key without a colon");
}

// Digits, at least one. False beyond 2^63 - 1.
static bool digits_read(struct reader *reader, int64_t *ret_value)
{
    int64_t value = 0;
    const char *first = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') {
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *reader->at - '0', &value))
            return reader_fail(reader, "a number beyond 64 bits");
        reader->at++;
    }
    if (reader->at == first)
        return reader_fail(reader, "no number where one belongs");
    *ret_value = value;
    return true;
}

bool reader_number(struct reader *reader, int64_t *ret_value)
{
    bool negative = reader_peek(reader) == '-';
    int64_t value = 0;
    reader->at += negative ? 1 : 0;
    if (!digits_read(reader, &value))
        return false;
    if (reader->at < reader->end && strchr(".eE", *reader->at) != NULL)
        return reader_fail(reader, "a fraction where a whole number belongs");
    *ret_value = negative ? -value : value;
    return true;
}

bool reader_milli(struct reader *reader, int64_t *ret_thousandths)
{
    int64_t value = 0;
    (void)reader_peek(reader);
    if (!digits_read(reader, &value) || __builtin_mul_overflow(value, 1000, &value) || value > INT64_MAX - 999)
        return reader_fail(reader, "a number beyond 64 bits");
    if (reader->at < reader->end && *reader->at == '.') {
        reader->at++;
        for (int scale = 100; scale > 0 && reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
             scale /= 10)
            value += (*reader->at++ - '0') * scale;
    }
    *ret_thousandths = value;
    return true;
}

// The word comes next, whole, and is taken.
static bool word_take(struct reader *reader, const char *word)
{
    size_t length = strlen(word);
    (void)reader_peek(reader);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return false;
    reader->at += length;
    return true;
}

bool reader_flag(struct reader *reader, bool *ret_value)
{
    *ret_value = word_take(reader, "true");
    return *ret_value || word_take(reader, "false") || reader_fail(reader, "neither true nor false");
}

bool reader_null(struct reader *reader)
{
    return word_take(reader, "null");
}

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar: Howard Hinnant's days_from_civil, which is
// public domain.
static int64_t date_days(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2 ? 1 : 0;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

// A number of `count` digits and what follows it.
static bool clock_part(const char **at, int count, char after, int64_t most, int64_t *ret_value)
{
    int64_t value = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (**at - '0');
    }
    *ret_value = value;
    return *(*at)++ == after && value <= most;
}

bool reader_time(struct reader *reader, bool with_millis, int64_t *ret_value)
{
    struct text text;
    int64_t parts[7] = {0}; // year, month, day, hour, minute, second, thousandths
    if (!reader_text(reader, &text))
        return false;
    // The NUL behind the text ends every loop.
    const char *at = text.data;
    bool right = clock_part(&at, 4, '-', 9999, &parts[0]) && clock_part(&at, 2, '-', 12, &parts[1]) &&
                 clock_part(&at, 2, 'T', 31, &parts[2]) && clock_part(&at, 2, ':', 23, &parts[3]) &&
                 clock_part(&at, 2, ':', 59, &parts[4]) && clock_part(&at, 2, with_millis ? '.' : 'Z', 59, &parts[5]) &&
                 (!with_millis || clock_part(&at, 3, 'Z', 999, &parts[6]));
    if (!right || at != text.data + text.length || parts[1] == 0 || parts[2] == 0)
        return reader_fail(reader, "no time where one belongs");
    int64_t seconds = date_days(parts[0], parts[1], parts[2]) * 86400 + parts[3] * 3600 + parts[4] * 60 + parts[5];
    *ret_value = with_millis ? seconds * 1000 + parts[6] : seconds;
    return true;
}

// A number, true, false or null: up to what ends it.
static bool scalar_skip(struct reader *reader)
{
    const char *first = reader->at;
    while (reader->at < reader->end && strchr(",]} \t\r", *reader->at) == NULL)
        reader->at++;
    return reader->at > first || reader_fail(reader, "no value where one belongs");
}

bool reader_skip(struct reader *reader)
{
    char open[DEPTH_MAX];
    size_t depth = 0;
    bool first = true;
    for (;;) {
        struct text text;
        char next = reader_peek(reader);
        if (next == '{' || next == '[') {
            if (depth == DEPTH_MAX)
                return reader_fail(reader, "nested too deep");
            reader->at++;
            open[depth++] = next == '{' ? '}' : ']';
            first = true;
        } else if (next == '"' ? !reader_text(reader, &text) : !scalar_skip(reader)) {
            return false;
        }
        while (depth > 0 && !reader_next(reader, open[depth - 1], &first)) {
            if (reader->what != NULL)
                return false;
            depth--;
            first = false;
        }
        if (depth == 0)
            return reader->what == NULL;
        if (open[depth - 1] == '}' && !reader_key(reader, &text))
            return false;
    }
}
