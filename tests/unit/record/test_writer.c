// SPDX-License-Identifier: BSD-3-Clause
// The writer, with every output read back by jansson.
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "control/record/writer.h"

static char storage[65536];

static json_t *string_through(const void *bytes, size_t length)
{
    struct writer writer;
    json_error_t error;
    writer_init(&writer, storage, sizeof(storage));
    writer_open(&writer, NULL, '{');
    writer_text(&writer, "s", bytes, length);
    writer_close(&writer, '}');
    cr_assert_not(writer.full);
    for (size_t i = 0; i < writer.length; i++)
        cr_assert((unsigned char)writer.data[i] >= 0x20 && writer.data[i] != 0x7f, "no control character leaves");
    json_t *object = json_loadb(writer.data, writer.length, 0, &error);
    cr_assert_not_null(object, "%s: %.*s", error.text, (int)writer.length, writer.data);
    json_t *value = json_incref(json_object_get(object, "s"));
    json_decref(object);
    return value;
}

Test(writer, every_byte_alone_comes_out_as_valid_utf8)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned char c = (unsigned char)byte;
        json_t *value = string_through(&c, 1);
        if (byte > 0 && byte < 128) {
            cr_assert_eq(json_string_length(value), 1);
            cr_assert_eq((unsigned char)json_string_value(value)[0], byte);
        } else {
            cr_assert_str_eq(json_string_value(value), "\xef\xbf\xbd");
        }
        json_decref(value);
    }
}

Test(writer, well_formed_utf8_stays_and_ill_formed_is_replaced)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                                 // overlong
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                 // surrogate
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, // above U+10FFFF
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},                                 // cut short
        {"\xe2\x82"
         "A",
         "\xef\xbf\xbd\xef\xbf\xbd"
         "A"},
        {"\xc2\x9b"
         "31m",
         "\xc2\x9b"
         "31m"}, // a C1 control, escaped on the way
        {"\x1b[31m\"\\", "\x1b[31m\"\\"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *value = string_through(rows[i].in, strlen(rows[i].in));
        cr_assert_str_eq(json_string_value(value), rows[i].out, "row %zu", i);
        json_decref(value);
    }
    json_t *value = string_through("\xc2\x9b", 2);
    cr_assert_not_null(strstr(storage, "\\u009b"));
    json_decref(value);
}

Test(writer, random_bytes_always_parse)
{
    srand(9);
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[64];
        size_t length = (size_t)rand() % sizeof(bytes);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (uint8_t)(rand() % 2 ? rand() : 0xc0 | (rand() & 0x3f));
        json_decref(string_through(bytes, length));
    }
}

Test(writer, times_are_those_of_the_calendar)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{0, "1970-01-01T00:00:00Z"},
                {951782400, "2000-02-29T00:00:00Z"},
                {-1, "1969-12-31T23:59:59Z"},
                {4107542399, "2100-02-28T23:59:59Z"},
                {253402300799, "9999-12-31T23:59:59Z"},
                {-62167219200, "0000-01-01T00:00:00Z"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct writer writer;
        writer_init(&writer, storage, sizeof(storage));
        writer_time(&writer, NULL, rows[i].seconds, -1);
        cr_assert_eq(writer.length, strlen(rows[i].text) + 2);
        cr_assert_arr_eq(writer.data + 1, rows[i].text, strlen(rows[i].text));
    }
    struct writer writer;
    writer_init(&writer, storage, sizeof(storage));
    writer_time(&writer, NULL, INT64_MAX, -1);
    writer_time(&writer, NULL, INT64_MIN, -1);
    cr_assert_eq(writer.length, 0);
}
