// SPDX-License-Identifier: BSD-3-Clause
// What a page may cost: answers made to keep us busy, fed in one piece. Nobody else of the lane is served meanwhile.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "tests/unit/session/dialogue.h"

// Ten times what the dearest of them takes on a machine of today, so that a busy one passes too.
enum { CPU_MS_MAX = 40, PACKED_MAX = 256 << 10 };

static double cpu_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void costs_little(const char *what, const char *session, const struct buffer *answer)
{
    struct session_env *env = env_for_tests();
    const struct errand errand = {.kind = ERRAND_DETECT, .first = session_find(session)};
    struct agenda agenda = {0};
    struct observation seen;
    observation_init(&seen);
    cr_assert_not(answer->failed);
    struct conversation *conversation = conversation_new(env, &errand, UINT32_C(0x0a010203), 80, &agenda, &seen);
    (void)conversation_open(conversation);
    double began = cpu_ms();
    struct conversation_step step = conversation_bytes(conversation, buffer_bytes(answer), answer->length);
    if (step.verb == CONVERSATION_WAIT)
        (void)conversation_closed(conversation);
    double took = cpu_ms() - began;
    fprintf(stderr, "%s: %zu bytes, %.2f ms\n", what, answer->length, took);
    cr_expect_lt(took, CPU_MS_MAX, "%s took %.1f ms", what, took);
    conversation_free(conversation);
    observation_fini(&seen);
    session_env_free(env);
}

static void text_put(struct buffer *buffer, const char *text)
{
    buffer_put(buffer, text, strlen(text));
}

static void repeat(struct buffer *buffer, const void *data, size_t length, size_t count)
{
    for (size_t at = 0; at < count; at++)
        buffer_put(buffer, data, length);
}

static void packed_put(struct buffer *buffer, int level, size_t unpacked)
{
    static uint8_t packed[PACKED_MAX];
    uint8_t *nothing = calloc(1, unpacked);
    uLongf length = sizeof(packed);
    cr_assert_eq(compress2(packed, &length, nothing, unpacked, level), Z_OK);
    buffer_put(buffer, packed, length);
    free(nothing);
}

static const char packed_fields[] = "HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n";

Test(http_bombs, a_thousandfold_packed_page)
{
    struct buffer answer = {0};
    text_put(&answer, packed_fields);
    packed_put(&answer, 9, 64 << 20);
    costs_little("64 MB of nothing, packed", "http", &answer);
    buffer_fini(&answer);
}

Test(http_bombs, packed_blocks_without_content)
{
    struct buffer answer = {0};
    text_put(&answer, packed_fields);
    buffer_put(&answer, "\x78\x9c", 2);
    // RFC 1951 section 3.2.4: a stored block of no bytes; and 3.2.6: fixed codes, end of block at once.
    repeat(&answer, "\x00\x00\x00\xff\xff", 5, 25000);
    repeat(&answer, "\x02\x04\x10\x40", 4, 25000);
    costs_little("empty blocks", "http", &answer);
    buffer_fini(&answer);
}

Test(http_bombs, packed_blocks_with_tables_of_their_own)
{
    // Each of these small blocks has a Huffman table to be built (RFC 1951 section 3.2.7).
    struct buffer answer = {0};
    z_stream stream = {0};
    static uint8_t packed[4096];
    text_put(&answer, packed_fields);
    cr_assert_eq(deflateInit(&stream, 9), Z_OK);
    for (int block = 0; block < 1000; block++) {
        uint8_t text[200];
        for (size_t at = 0; at < sizeof(text); at++)
            text[at] = (uint8_t)((at * at + (size_t)block) % 61 < 40 ? 'a' : 'a' + at % 17);
        stream.next_in = text;
        stream.avail_in = sizeof(text);
        stream.next_out = packed;
        stream.avail_out = sizeof(packed);
        cr_assert_eq(deflate(&stream, Z_FULL_FLUSH), Z_OK);
        buffer_put(&answer, packed, sizeof(packed) - stream.avail_out);
    }
    deflateEnd(&stream);
    costs_little("blocks with tables", "http", &answer);
    buffer_fini(&answer);
}

Test(http_bombs, pages_of_one_thing)
{
    static const char *const things[] = {"<title>&", "<meta charset=", "<svg><title>", "<",        "</title",
                                         "&#38;",    "<!--",           "<meta a='",    "\xff\xfe", "<script></"};
    for (size_t at = 0; at < sizeof(things) / sizeof(things[0]); at++) {
        struct buffer answer = {0};
        text_put(&answer, "HTTP/1.1 400 Bad\r\nContent-Type: text/html\r\n\r\n");
        repeat(&answer, things[at], strlen(things[at]), (128 << 10) / strlen(things[at]));
        costs_little(things[at], "http", &answer);
        buffer_fini(&answer);
    }
}

Test(http_bombs, chunks_of_one_byte_and_fields_of_one)
{
    struct buffer answer = {0};
    text_put(&answer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    repeat(&answer, "1\r\n<\r\n", 6, 40000);
    costs_little("chunks", "http", &answer);
    buffer_fini(&answer);
    text_put(&answer, "HTTP/1.1 200 OK\r\n");
    repeat(&answer, "a:\n", 3, 80000);
    costs_little("fields", "http", &answer);
    buffer_fini(&answer);
    repeat(&answer, "HTTP/1.1 100 Continue\r\n\r\n", 25, 12000);
    costs_little("interim answers", "http", &answer);
    buffer_fini(&answer);
}

static const char settings[] = "\0\0\0\4\0\0\0\0\0";

Test(http_bombs, fields_that_stand_for_large_ones)
{
    struct buffer answer = {0};
    uint8_t value[4000];
    memset(value, 'y', sizeof(value));
    buffer_put(&answer, settings, 9);
    // An entry of four kilobytes, and 16,000 bytes each of which names it (RFC 7541 section 6.1).
    buffer_put(&answer, "\0\x0f\xa7\1\0\0\0\0\1\x88\x40\1x\x7f\xa1\x1e", 16);
    buffer_put(&answer, value, sizeof(value));
    buffer_put(&answer, "\0\x3e\x80\x09\4\0\0\0\1", 9);
    repeat(&answer, "\xbe", 1, 16000);
    costs_little("an entry named often", "http2", &answer);
    buffer_fini(&answer);
    // Its size, changed without end.
    buffer_put(&answer, settings, 9);
    buffer_put(&answer, "\0\x3e\x80\1\0\0\0\0\1", 9);
    repeat(&answer, "\x3f\xe1\x1f\x20", 4, 4000);
    costs_little("a table resized", "http2", &answer);
    buffer_fini(&answer);
}

Test(http_bombs, frames_without_end)
{
    struct buffer answer = {0};
    buffer_put(&answer, settings, 9);
    repeat(&answer, settings, 9, 25000);
    costs_little("settings", "http2", &answer);
    buffer_fini(&answer);
    buffer_put(&answer, settings, 9);
    buffer_put(&answer, "\0\0\1\1\0\0\0\0\1\x88", 10);
    repeat(&answer, "\0\0\0\x09\0\0\0\0\1", 9, 25000);
    costs_little("empty continuations", "http2", &answer);
    buffer_fini(&answer);
    buffer_put(&answer, settings, 9);
    buffer_put(&answer, "\0\0\1\1\4\0\0\0\1\x88", 10);
    repeat(&answer, "\0\0\0\0\0\0\0\0\1", 9, 25000);
    costs_little("empty data", "http2", &answer);
    buffer_fini(&answer);
}
