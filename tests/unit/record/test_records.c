// SPDX-License-Identifier: BSD-3-Clause
// Files of records: several, packed, broken, foreign, by one thread and by more.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <zlib.h>
#include <zstd.h>

#include "control/record/records.h"
#include "control/record/records_sink.h"

enum { THREADS = 3 };

static char folder[] = "/tmp/sonde-records-XXXXXX";

static void folder_begin(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static void folder_end(void)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(records, .init = folder_begin, .fini = folder_end);

static const char *path_of(const char *name)
{
    static char path[4][128];
    static size_t turn;
    char *text = path[turn++ % 4];
    snprintf(text, 128, "%s/%s", folder, name);
    return text;
}

static void bytes_write(const char *name, const void *bytes, size_t length)
{
    FILE *file = fopen(path_of(name), "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

// Lines of n records whose ports are first, first + 1, ...
static char *lines_new(unsigned int first, unsigned int n, size_t *ret_length)
{
    char *text = malloc(n * 128 + 1);
    size_t at = 0;
    for (unsigned int i = 0; i < n; i++)
        at += (size_t)sprintf(text + at,
                              "{\"schema\":2,\"time\":\"2026-11-26T10:00:00.000Z\",\"ip\":\"10.0.0.1\",\"port\":%u}\n",
                              first + i);
    *ret_length = at;
    return text;
}

struct seen {
    uint64_t count;
    uint64_t sum;
    int64_t last;
    bool in_order;
};

static int seen_take(void *context, const struct observation *observation, const struct records_place *place)
{
    struct seen *seen = context;
    cr_assert_gt(place->line, 0);
    seen->in_order = seen->in_order && observation->root->port > seen->last;
    seen->last = observation->root->port;
    seen->count++;
    seen->sum += (uint64_t)observation->root->port;
    return seen->count == 1000000 ? -ECANCELED : 0;
}

static struct seen read_all(const char *const *paths, size_t count, unsigned int threads,
                            struct records_tally *ret_tally, int expected)
{
    struct seen seen[THREADS] = {{.in_order = true}, {.in_order = true}, {.in_order = true}};
    void *contexts[THREADS] = {&seen[0], &seen[1], &seen[2]};
    char message[512];
    const struct records_reading reading = {
        .paths = paths, .path_count = count, .take = seen_take, .contexts = contexts, .threads = threads};
    cr_assert_eq(records_read(&reading, ret_tally, message), expected, "%s", message);
    for (size_t i = 1; i < threads; i++) {
        seen[0].count += seen[i].count;
        seen[0].sum += seen[i].sum;
    }
    return seen[0];
}

Test(records, a_folder_in_the_order_of_its_names)
{
    struct records_tally tally;
    size_t length;
    char *text = lines_new(1, 10, &length);
    bytes_write("records-1.jsonl", text, length);
    bytes_write("summary.json", "{}", 2);
    free(text);
    text = lines_new(11, 10, &length);
    bytes_write("records-2.jsonl", text, length);
    free(text);
    struct seen seen = read_all((const char *const[]){folder}, 1, 1, &tally, 0);
    cr_assert(seen.count == 20 && seen.sum == 210 && seen.in_order);
    cr_assert_eq(tally.files, 2);
    cr_assert_eq(tally.complaint_count, 0);
}

Test(records, larger_than_a_block_by_several_threads)
{
    struct records_tally tally;
    size_t length;
    char *text = lines_new(1, 60000, &length);
    cr_assert_gt(length, 4 << 20);
    bytes_write("a.jsonl", text, length);
    bytes_write("b.jsonl", text, length);
    free(text);
    const char *paths[] = {path_of("a.jsonl"), path_of("b.jsonl")};
    for (unsigned int threads = 1; threads <= THREADS; threads++) {
        struct seen seen = read_all(paths, 2, threads, &tally, 0);
        cr_assert_eq(seen.count, 120000);
        cr_assert_eq(seen.sum, UINT64_C(2) * 60000 * 60001 / 2);
        cr_assert_eq(tally.bytes, 2 * length);
    }
}

static size_t gzip(const void *bytes, size_t length, void *ret, size_t room)
{
    z_stream stream = {
        .next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)length, .next_out = ret, .avail_out = (uInt)room};
    cr_assert_eq(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return stream.total_out;
}

Test(records, packed_by_content_and_in_several_members)
{
    struct records_tally tally;
    size_t length;
    char *text = lines_new(1, 60000, &length);
    char *packed = malloc(length);
    size_t half = length / 2;
    size_t first = gzip(text, half, packed, length);
    size_t second = gzip(text + half, length - half, packed + first, length - first);
    bytes_write("records.jsonl", packed, first + second);
    size_t zstd = ZSTD_compress(packed, length, text, half, 1);
    zstd += ZSTD_compress(packed + zstd, length - zstd, text + half, length - half, 1);
    bytes_write("other", packed, zstd);
    const char *paths[] = {path_of("records.jsonl"), path_of("other")};
    struct seen seen = read_all(paths, 2, 2, &tally, 0);
    cr_assert_eq(seen.count, 120000);
    cr_assert_eq(tally.bytes, 2 * length);
    cr_assert_eq(tally.complaint_count, 0, "%s", tally.complaints[0]);
    free(packed);
    free(text);
}

Test(records, a_packed_file_cut_anywhere_gives_what_it_held)
{
    struct records_tally tally;
    size_t length;
    char *text = lines_new(1, 200, &length);
    char packed[2][32768];
    size_t lengths[] = {gzip(text, length, packed[0], sizeof(packed[0])),
                        ZSTD_compress(packed[1], sizeof(packed[1]), text, length, 1)};
    for (size_t kind = 0; kind < 2; kind++) {
        for (size_t cut = 4; cut < lengths[kind]; cut += 7) {
            bytes_write("x", packed[kind], cut);
            bytes_write("y", text, length);
            const char *paths[] = {path_of("x"), path_of("y")};
            struct seen seen = read_all(paths, 2, 1, &tally, 0);
            cr_assert_eq(tally.faults[RECORDS_BROKEN], 1, "kind %zu cut at %zu", kind, cut);
            cr_assert_geq(seen.count, 200);
            cr_assert(strstr(tally.complaints[tally.complaint_count - 1], "x:") != NULL);
        }
    }
    free(text);
}

Test(records, what_is_no_record_is_named_by_file_and_line)
{
    static const char text[] = "{\"schema\":2,\"time\":\"2026-11-26T10:00:00.000Z\",\"ip\":\"10.0.0.1\",\"port\":1}\r\n"
                               "\n"
                               "{\"schema\":2,\"port\":}\n"
                               "hello\n"
                               "{\"schema\":1,\"port\":7,\"strange\":[1,{}]}\n"
                               "{\"schema\":2,\"port\":2,\"new\":{\"a\":[null]}}\n"
                               "{\"schema\":2,\"po";
    struct records_tally tally;
    bytes_write("z", text, sizeof(text) - 1);
    struct seen seen = read_all((const char *const[]){path_of("z")}, 1, 1, &tally, 0);
    cr_assert(seen.count == 2 && seen.sum == 3);
    cr_assert_eq(tally.unknown, 1);
    cr_assert_eq(tally.faults[RECORDS_MALFORMED], 2);
    cr_assert_eq(tally.faults[RECORDS_SCHEMA], 1);
    cr_assert_eq(tally.faults[RECORDS_CUT], 1);
    cr_assert_not_null(strstr(tally.complaints[0], "z:3: "));
    cr_assert_not_null(strstr(tally.complaints[0], " at byte 20"));
    cr_assert_not_null(strstr(tally.complaints[1], "z:5: of another version"));
    cr_assert_not_null(strstr(tally.complaints[2], "z:7: cut off"));
}

Test(records, a_last_line_without_its_newline_is_a_record)
{
    static const char text[] = "{\"schema\":2,\"port\":5}";
    struct records_tally tally;
    bytes_write("z", text, sizeof(text) - 1);
    cr_assert_eq(read_all((const char *const[]){path_of("z")}, 1, 1, &tally, 0).count, 1);
    cr_assert_eq(tally.faults[RECORDS_CUT], 0);
}

Test(records, a_line_of_any_length_is_one_fault)
{
    struct records_tally tally;
    for (size_t length = RECORD_BYTES_MAX + 1; length < 13 << 20; length += 3 << 20) {
        char *text = malloc(length + 64);
        memset(text, 'x', length);
        size_t tail = (size_t)sprintf(text + length, "\n{\"schema\":2,\"port\":5}\n");
        bytes_write("z", text, length + tail);
        free(text);
        struct seen seen = read_all((const char *const[]){path_of("z")}, 1, 1, &tally, 0);
        cr_assert_eq(seen.count, 1);
        cr_assert_eq(tally.faults[RECORDS_LONG], 1);
        cr_assert_eq(tally.faults[RECORDS_MALFORMED], 0);
    }
}

Test(records, paths_that_are_not_there)
{
    struct records_tally tally;
    char message[512];
    const char *paths[] = {path_of("nothing")};
    void *contexts[] = {NULL};
    const struct records_reading reading = {
        .paths = paths, .path_count = 1, .take = seen_take, .contexts = contexts, .threads = 1};
    cr_assert_eq(records_read(&reading, &tally, message), -ENOENT);
    cr_assert_not_null(strstr(message, "nothing: No such file"));
    paths[0] = folder;
    cr_assert_eq(records_read(&reading, &tally, message), -ENOENT);
    cr_assert_not_null(strstr(message, "holds no records.jsonl"));
}

// What is written through a sink is what a source reads, whatever the packing and the sizes of the pieces.
Test(records, what_a_sink_packs_a_source_unpacks)
{
    enum { BYTES = 1 << 20 };
    static const enum records_packing packings[] = {RECORDS_PLAIN, RECORDS_GZIP, RECORDS_ZSTD};
    char *text = malloc(BYTES);
    char *back = malloc(BYTES + 1);
    uint64_t state = 5;
    for (size_t i = 0; i < BYTES; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        // Half of it packs well.
        text[i] = i % 8192 < 4096 ? 'x' : (char)(state >> 56);
    }
    for (size_t p = 0; p < sizeof(packings) / sizeof(packings[0]); p++) {
        enum records_packing found;
        const char *path = path_of("sink");
        FILE *out = records_sink_open(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), packings[p]);
        cr_assert_not_null(out);
        for (size_t at = 0, piece = 1; at < BYTES; at += piece, piece = piece * 3 % 70001 + 1) {
            piece = piece < BYTES - at ? piece : BYTES - at;
            cr_assert_eq(fwrite(text + at, 1, piece, out), piece);
        }
        cr_assert_eq(fclose(out), 0);
        int fd = open(path, O_RDONLY);
        cr_assert_eq(records_packing_find(fd, &found), 0);
        cr_expect_eq(found, packings[p]);
        struct records_source *source = records_source_new(fd);
        cr_assert_not_null(source);
        size_t length = 0;
        ssize_t got;
        while ((got = records_source_read(source, back + length, BYTES + 1 - length)) > 0)
            length += (size_t)got;
        cr_expect(got == 0 && length == BYTES && memcmp(text, back, BYTES) == 0, "packing %d", (int)packings[p]);
        records_source_free(source);
    }
    free(text);
    free(back);
}

Test(records, a_sink_that_is_full_says_so_at_the_latest_when_it_is_closed)
{
    static const enum records_packing packings[] = {RECORDS_PLAIN, RECORDS_GZIP, RECORDS_ZSTD};
    for (size_t p = 0; p < sizeof(packings) / sizeof(packings[0]); p++) {
        FILE *out = records_sink_open(open("/dev/full", O_WRONLY), packings[p]);
        cr_assert_not_null(out);
        (void)fputs("a line\n", out);
        errno = 0;
        cr_expect_eq(fclose(out), EOF);
        cr_expect_eq(errno, ENOSPC, "packing %d: %s", (int)packings[p], strerror(errno));
    }
}
