// SPDX-License-Identifier: BSD-3-Clause
#include "control/record/writer.h"

#include <inttypes.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static const char hex_digits[] = "0123456789abcdef";

void writer_init(struct writer *writer, char *data, size_t capacity)
{
    *writer = (struct writer){.data = data, .capacity = capacity};
}

void writer_raw(struct writer *writer, const char *bytes, size_t length)
{
    if (writer->full || writer->capacity - writer->length < length) {
        writer->full = true;
        return;
    }
    memcpy(writer->data + writer->length, bytes, length);
    writer->length += length;
}

void writer_key(struct writer *writer, const char *name, size_t length)
{
    size_t comma = writer->comma ? 1 : 0;
    if (writer->full || writer->capacity - writer->length < comma + length + 3) {
        writer->full = true;
        return;
    }
    char *at = writer->data + writer->length;
    *at = ',';
    at += comma;
    *at++ = '"';
    memcpy(at, name, length);
    at[length] = '"';
    at[length + 1] = ':';
    writer->length += comma + length + 3;
    writer->comma = true;
    writer->named = true;
}

static void writer_name(struct writer *writer, const char *name)
{
    if (name != NULL)
        writer_key(writer, name, strlen(name));
    else if (writer->comma && !writer->named)
        writer_raw(writer, ",", 1);
    writer->comma = true;
    writer->named = false;
}

void writer_open(struct writer *writer, const char *name, char bracket)
{
    writer_name(writer, name);
    writer_raw(writer, &bracket, 1);
    writer->comma = false;
}

void writer_close(struct writer *writer, char bracket)
{
    writer_raw(writer, &bracket, 1);
    writer->comma = true;
}

void writer_number(struct writer *writer, const char *name, int64_t value)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0)
        *--at = '-';
    writer_name(writer, name);
    writer_raw(writer, at, (size_t)(digits + sizeof(digits) - at));
}

void writer_milli(struct writer *writer, const char *name, uint64_t thousandths)
{
    writer_number(writer, name, (int64_t)(thousandths / 1000));
    uint64_t part = thousandths % 1000;
    char fraction[4] = {'.', (char)('0' + part / 100), (char)('0' + part / 10 % 10), (char)('0' + part % 10)};
    writer_raw(writer, fraction, sizeof(fraction));
}

void writer_flag(struct writer *writer, const char *name, bool value)
{
    writer_name(writer, name);
    writer_raw(writer, value ? "true" : "false", value ? 4 : 5);
}

// The length of the well-formed UTF-8 sequence (RFC 3629 section 4) that bytes[0..length) begins with, 0 when there is
// none. *ret_code is its code point.
static size_t utf8_read(const uint8_t *bytes, size_t length, uint32_t *ret_code)
{
    uint8_t lead = bytes[0];
    size_t size = lead < 0x80                   ? 1
                  : lead >= 0xc2 && lead < 0xe0 ? 2
                  : (lead & 0xf0) == 0xe0       ? 3
                  : lead >= 0xf0 && lead < 0xf5 ? 4
                                                : 0;
    if (size == 0 || size > length)
        return 0;
    static const uint8_t lead_bits[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    static const uint32_t lowest[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code = lead & lead_bits[size];
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (bytes[i] & 0x3f);
    }
    if (code < lowest[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *ret_code = code;
    return size;
}

static bool byte_is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

static void writer_escape(struct writer *writer, uint32_t code)
{
    char escape[6] = {'\\', 'u', '0', '0', hex_digits[code >> 4 & 15], hex_digits[code & 15]};
    writer_raw(writer, escape, sizeof(escape));
}

#ifdef __SSE2__
// A bit for each of sixteen bytes that is not plain. As signed numbers, what is beyond ASCII lies below the control
// characters.
static unsigned int other_bytes(__m128i bytes)
{
    __m128i below = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    __m128i rubout = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return (unsigned int)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(below, rubout), _mm_or_si128(quote, backslash)));
}
#endif

// Copies bytes while they are plain; returns how many those are. `to` has room for all.
static size_t plain_copy(char *to, const uint8_t *bytes, size_t length)
{
    size_t at = 0;
#ifdef __SSE2__
    for (; length - at >= 16; at += 16) {
        __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
        _mm_storeu_si128((__m128i *)(void *)(to + at), part);
        unsigned int others = other_bytes(part);
        if (others != 0)
            return at + (size_t)__builtin_ctz(others);
    }
    if (length - at >= 8) {
        __m128i part = _mm_loadl_epi64((const __m128i *)(const void *)(bytes + at));
        _mm_storel_epi64((__m128i *)(void *)(to + at), part);
        unsigned int others = other_bytes(part) & 0xff;
        if (others != 0)
            return at + (size_t)__builtin_ctz(others);
        at += 8;
    }
#endif
    for (; at < length && byte_is_plain(bytes[at]); at++)
        to[at] = (char)bytes[at];
    return at;
}

void writer_text(struct writer *writer, const char *name, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    const uint8_t *end = at + length;
    writer_name(writer, name);
    writer_raw(writer, "\"", 1);
    // Most texts are plain to their end.
    if (!writer->full && writer->capacity - writer->length > length) {
        size_t plain = plain_copy(writer->data + writer->length, at, length);
        writer->length += plain;
        at += plain;
    }
    while (at < end) {
        const uint8_t *run = at;
        while (at < end && byte_is_plain(*at))
            at++;
        if (at > run)
            writer_raw(writer, (const char *)run, (size_t)(at - run));
        if (at == end)
            break;
        uint32_t code = 0;
        size_t size = utf8_read(at, (size_t)(end - at), &code);
        if (size == 0 || code == 0) {
            writer_raw(writer, "\xef\xbf\xbd", 3);
            size = 1;
        } else if (code == '"' || code == '\\') {
            char escape[2] = {'\\', (char)code};
            writer_raw(writer, escape, sizeof(escape));
        } else if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) {
            writer_escape(writer, code);
        } else {
            writer_raw(writer, (const char *)at, size);
        }
        at += size;
    }
    writer_raw(writer, "\"", 1);
}

void writer_word(struct writer *writer, const char *name, const char *word)
{
    writer_text(writer, name, word, strlen(word));
}

// Days since the epoch to a date of the proleptic Gregorian calendar. The C library's gmtime_r opens the time zone file
// at its first use, which the sandbox forbids. The arithmetic is Howard Hinnant's civil_from_days, which is public
// domain.
static void date_of_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    days += 719468; // from 0000-03-01 to 1970-01-01
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    uint32_t day_of_era = (uint32_t)(days - era * 146097);
    uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t march_month = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * march_month + 2) / 5 + 1;
    *ret_month = march_month < 10 ? march_month + 3 : march_month - 9;
    *ret_year = (int64_t)year_of_era + era * 400 + (*ret_month <= 2 ? 1 : 0);
}

// Writes the last `digits` digits of value and what follows them; returns where the next goes.
static char *digits_put(char *at, unsigned value, int digits, char after)
{
    for (int i = digits; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    at[digits] = after;
    return at + digits + 1;
}

// By hand, because printf was a twelfth of a record's cost.
void writer_time(struct writer *writer, const char *name, int64_t seconds, int millis)
{
    if (!writer_time_fits(seconds))
        return;
    int64_t days = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
    unsigned rest = (unsigned)(seconds - days * 86400);
    int64_t year;
    unsigned month;
    unsigned day;
    date_of_days(days, &year, &month, &day);
    char text[32];
    char *at = digits_put(text, (unsigned)year, 4, '-');
    at = digits_put(at, month, 2, '-');
    at = digits_put(at, day, 2, 'T');
    at = digits_put(at, rest / 3600, 2, ':');
    at = digits_put(at, rest / 60 % 60, 2, ':');
    at = digits_put(at, rest % 60, 2, millis < 0 ? 'Z' : '.');
    if (millis >= 0)
        at = digits_put(at, (unsigned)millis, 3, 'Z');
    *at++ = '"';
    writer_name(writer, name);
    writer_raw(writer, "\"", 1);
    writer_raw(writer, text, (size_t)(at - text));
}
