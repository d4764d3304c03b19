// SPDX-License-Identifier: BSD-3-Clause
// Parts that many records share: lent, they say what they would have said read each time.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/record/record.h"

enum { LINE_BYTES = 16384 };

static char written[2][RECORD_BYTES_MAX];

// A record of a product with `count` vulnerabilities; `tail` stands behind the last one.
static size_t line_make(char *line, const char *product, int count, const char *tail)
{
    size_t at = (size_t)snprintf(line, LINE_BYTES,
                                 "{\"schema\":2,\"ip\":\"10.0.0.1\",\"port\":22,\"vulnerabilities\":{\"state\":"
                                 "\"evaluated\",\"affected\":%d,\"cves\":[",
                                 count);
    for (int i = 0; i < count; i++)
        at += (size_t)snprintf(line + at, LINE_BYTES - at,
                               "%s{\"id\":\"CVE-2020-%d\",\"year\":2020,\"product\":\"%s\",\"status\":\"affected\","
                               "\"evidence\":\"before \\\"2\\\" [and {so on\"}",
                               i == 0 ? "" : ",", 1000 + i, product);
    at += (size_t)snprintf(line + at, LINE_BYTES - at, "]%s},\"reputation\":{\"listed\":true}}", tail);
    return at;
}

// What the record is when it is read so and written again; "" when it is refused.
static const char *read_again(struct record_memo *memo, const char *line, char *ret_text, uint32_t *ret_lent,
                              size_t *ret_unknown)
{
    struct observation observation;
    struct writer writer;
    char *copy = strdup(line);
    observation_init(&observation);
    writer_init(&writer, ret_text, RECORD_BYTES_MAX);
    if (record_read_lent(memo, copy, strlen(line), &observation, ret_unknown, NULL) == 0)
        cr_assert_eq(record_write(&observation, &writer), 0);
    ret_text[writer.length] = '\0';
    *ret_lent = observation.lent;
    observation_fini(&observation);
    free(copy);
    return ret_text;
}

Test(record_memo, lent_and_read_are_the_same)
{
    static const char *const tails[] = {"", ",\"later\":{\"x\":[1,2]}", ",\"cves\":[]", ",\"affected\":\"x\"", ",]"};
    struct record_memo *memo = record_memo_new(1 << 20);
    char line[LINE_BYTES];
    cr_assert_not_null(memo);
    for (int round = 0; round < 2; round++)
        for (int count = 0; count < 12; count++)
            for (size_t tail = 0; tail < sizeof(tails) / sizeof(tails[0]); tail++) {
                uint32_t lent[2];
                size_t unknown[2] = {0, 0};
                (void)line_make(line, "openssh 7.4", count, tails[tail]);
                const char *read = read_again(NULL, line, written[0], &lent[0], &unknown[0]);
                cr_assert_str_eq(read_again(memo, line, written[1], &lent[1], &unknown[1]), read, "%s", line);
                cr_assert_eq(unknown[0], unknown[1], "%s", line);
                cr_assert_eq(lent[0], 0);
                cr_assert(lent[1] == 0 || tail < 2, "what is wrong is not kept");
            }
    record_memo_free(memo);
}

Test(record_memo, the_same_number_is_the_same_part_and_no_other)
{
    struct record_memo *memo = record_memo_new(1 << 20);
    char line[LINE_BYTES];
    uint32_t lent[4];
    size_t unknown;
    (void)line_make(line, "openssh 7.4", 8, "");
    (void)read_again(memo, line, written[0], &lent[0], &unknown);
    (void)read_again(memo, line, written[0], &lent[1], &unknown);
    // The same beginning, another end.
    (void)line_make(line, "openssh 7.4", 9, "");
    char *affected = strstr(line, "\"affected\":9");
    affected[strlen("\"affected\":")] = '8';
    (void)read_again(memo, line, written[0], &lent[2], &unknown);
    cr_assert_not_null(strstr(written[0], "CVE-2020-1008"));
    (void)line_make(line, "openssh 8.4", 8, "");
    (void)read_again(memo, line, written[0], &lent[3], &unknown);
    cr_assert_neq(lent[0], 0);
    cr_assert_eq(lent[1], lent[0]);
    cr_assert_neq(lent[2], lent[0]);
    cr_assert_neq(lent[2], 0);
    cr_assert_neq(lent[3], lent[2]);
    record_memo_free(memo);
}

Test(record_memo, what_is_short_is_read_and_what_has_no_room_too)
{
    struct record_memo *memo = record_memo_new(40000);
    char line[LINE_BYTES];
    uint32_t lent;
    size_t unknown;
    int kept = 0;
    (void)line_make(line, "x", 1, "");
    (void)read_again(memo, line, written[0], &lent, &unknown);
    cr_assert_eq(lent, 0);
    for (int version = 0; version < 1000; version++) {
        char product[32];
        snprintf(product, sizeof(product), "openssh %d", version);
        (void)line_make(line, product, 10, "");
        (void)read_again(memo, line, written[0], &lent, &unknown);
        kept += lent != 0 ? 1 : 0;
        cr_assert_not_null(strstr(written[0], product));
    }
    cr_assert(kept > 0 && kept < 20, "%d kept in 40,000 bytes", kept);
    record_memo_free(memo);
}

Test(record_memo, many_with_one_beginning_do_not_make_a_long_search)
{
    struct record_memo *memo = record_memo_new(1 << 24);
    char line[LINE_BYTES];
    uint32_t lent;
    size_t unknown;
    int kept = 0;
    for (int number = 0; number < 100; number++) {
        (void)line_make(line, "openssh 7.4", 8, "");
        // Beyond what is looked at first.
        char *last = strstr(line, "CVE-2020-1007") + strlen("CVE-2020-");
        last[2] = (char)('0' + number / 10);
        last[3] = (char)('0' + number % 10);
        (void)read_again(memo, line, written[0], &lent, &unknown);
        kept += lent != 0 ? 1 : 0;
    }
    cr_assert(kept > 0 && kept <= 8, "%d", kept);
    record_memo_free(memo);
}
