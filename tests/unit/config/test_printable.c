// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include <criterion/criterion.h>

#include "config/printable.h"

Test(printable, text_stays_and_what_moves_a_terminal_is_written_out)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"", ""},
        {"EC2 \xc3\xbc \xe6\xbc\xa2 \xf0\x9f\x98\x80", "EC2 \xc3\xbc \xe6\xbc\xa2 \xf0\x9f\x98\x80"},
        {"\x1b[2J", "\\x1b[2J"},
        {"a\nb\rc\td\x7f", "a\\x0ab\\x0dc\\x09d\\x7f"},
        {"\xc2\x9b"
         "31m",
         "\\xc2\\x9b31m"}, // CSI as one character
        {"\xe2\x80\xae"
         "evil",
         "\\xe2\\x80\\xaeevil"}, // what follows is written backwards
        {"\x9b"
         "31m \xff",
         "\\x9b31m \\xff"}, // no UTF-8
        {"\xc0\x9b \xed\xa0\x80", "\\xc0\\x9b \\xed\\xa0\\x80"},
        {"cut \xe6\xbc", "cut \\xe6\\xbc"},
    };
    char text[64];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(printable(rows[i].text, text, sizeof(text)), strlen(rows[i].expected), "row %zu", i);
        cr_expect_str_eq(text, rows[i].expected, "row %zu", i);
    }
}

Test(printable, what_does_not_fit_is_cut_between_characters)
{
    char text[16];
    for (size_t capacity = 1; capacity < sizeof(text); capacity++) {
        memset(text, 'x', sizeof(text));
        size_t length = printable("a\x1b\xc3\xbc"
                                  "b",
                                  text, capacity);
        cr_assert_lt(length, capacity);
        cr_assert_eq(text[length], '\0');
        cr_assert(length == 0 || length == 1 || length == 5 || length == 7 || length == 8, "%zu", length);
    }
}
