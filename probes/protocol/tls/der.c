// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/der.h"

enum { NUMBER_LONG = 0x1f, LENGTH_LONG = 0x80, LENGTH_BYTES_MAX = 3 };

static const struct bytes nothing = {.failed = true};

// X.690 section 8.1.3 and 10.1.
static size_t length_read(struct bytes *input)
{
    size_t length = bytes_u8(input);
    if (length < LENGTH_LONG)
        return length;
    size_t count = length - LENGTH_LONG;
    if (count == 0 || count > LENGTH_BYTES_MAX) {
        input->failed = true;
        return 0;
    }
    uint8_t first = input->length > 0 ? input->data[0] : 0;
    length = 0;
    for (size_t at = 0; at < count; at++)
        length = length << 8 | bytes_u8(input);
    if (first == 0 || length < LENGTH_LONG)
        input->failed = true;
    return length;
}

bool der_next(struct bytes *input, struct der *ret_value)
{
    const uint8_t *start = input->data;
    uint8_t tag = bytes_u8(input);
    size_t length = length_read(input);
    struct bytes body = bytes_slice(input, length);
    if (body.failed || (tag & NUMBER_LONG) == NUMBER_LONG) {
        input->failed = true;
        return false;
    }
    *ret_value = (struct der){.tag = tag, .body = body, .whole = bytes_of(start, (size_t)(input->data - start))};
    return true;
}

struct bytes der_take(struct bytes *input, uint8_t tag)
{
    struct der value;
    if (!der_next(input, &value) || value.tag != tag) {
        input->failed = true;
        return nothing;
    }
    return value.body;
}

bool der_ahead(const struct bytes *input, uint8_t tag)
{
    return !input->failed && input->length > 0 && input->data[0] == tag;
}

struct bytes der_integer(struct bytes *input)
{
    struct bytes body = der_take(input, DER_INTEGER);
    bool padded = body.length > 1 &&
                  ((body.data[0] == 0 && body.data[1] < 0x80) || (body.data[0] == 0xff && body.data[1] >= 0x80));
    if (body.failed || body.length == 0 || padded) {
        input->failed = true;
        return nothing;
    }
    return body;
}

struct bytes der_unsigned(struct bytes *input)
{
    struct bytes body = der_integer(input);
    if (body.failed || body.data[0] >= 0x80) {
        input->failed = true;
        return nothing;
    }
    if (body.data[0] == 0 && body.length > 1)
        (void)bytes_u8(&body);
    return body;
}

struct bytes der_bits(struct bytes *input)
{
    struct bytes body = der_take(input, DER_BIT_STRING);
    if (bytes_u8(&body) != 0 || body.failed) {
        input->failed = true;
        return nothing;
    }
    return body;
}

static int two_digits(struct bytes *text)
{
    unsigned tens = (unsigned)bytes_u8(text) - '0';
    unsigned ones = (unsigned)bytes_u8(text) - '0';
    if (tens > 9 || ones > 9)
        text->failed = true;
    return (int)(10 * tens + ones);
}

// Days from 1970-01-01 in the Gregorian calendar, of years from 1 on. A year that begins in March ends with the day
// that is not always there.
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t since_march = month > 2 ? year : (int64_t)year - 1;
    int64_t months = month > 2 ? month - 3 : month + 9;
    int64_t days = 365 * since_march + since_march / 4 - since_march / 100 + since_march / 400;
    return days + (153 * months + 2) / 5 + day - 1 - 719468;
}

static int month_days(int year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool der_time(struct bytes *input, int64_t *ret_seconds)
{
    bool general = der_ahead(input, DER_GENERALIZED_TIME);
    struct bytes text = der_take(input, general ? DER_GENERALIZED_TIME : DER_UTC_TIME);
    int century = general ? two_digits(&text) : 0;
    int year = two_digits(&text);
    year += general ? 100 * century : year < 50 ? 2000 : 1900;
    int month = two_digits(&text);
    int day = two_digits(&text);
    int hour = two_digits(&text);
    int minute = two_digits(&text);
    int second = two_digits(&text);
    bool ended = bytes_u8(&text) == 'Z' && text.length == 0;
    if (text.failed || !ended || year < 1 || month < 1 || month > 12 || day < 1 || day > month_days(year, month) ||
        hour > 23 || minute > 59 || second > 59) {
        input->failed = true;
        return false;
    }
    *ret_seconds = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

bool der_equal(struct bytes body, const void *data, size_t length)
{
    return !body.failed && body.length == length && memcmp(body.data, data, length) == 0;
}
