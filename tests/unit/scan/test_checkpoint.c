// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/scan/checkpoint.h"

static char folder[] = "/tmp/sonde-checkpoint-XXXXXX";
static char path[64];
static int folder_fd;

static void setup(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/checkpoint", folder);
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
    cr_assert_geq(folder_fd, 0);
}

static void teardown(void)
{
    close(folder_fd);
    unlink(path);
    cr_expect_eq(rmdir(folder), 0, "something else was left in the folder");
}

TestSuite(checkpoint, .init = setup, .fini = teardown);

static struct checkpoint sample(void)
{
    struct checkpoint checkpoint = {
        .scan = "20261122T200000Z-01234567",
        .plan = "/plans/monday.json",
        .plan_sha256 = "aa",
        .sweep = {.targets = "bb",
                  .ports = "cc",
                  .seed = INT64_MAX,
                  .first_position = 5,
                  .end_position = UINT64_C(1) << 48,
                  .segment_positions = UINT64_C(1) << 32,
                  .attempts = 3},
        .step = 123456789012,
        .started_ns = 1700000000000000000,
        .active_ns = 42,
        .resumes = 7,
        .rx_missed = 8,
        .rx_errors = 9,
        .rx_no_buffer = 10,
        .tx_errors = 11,
    };
    for (size_t i = 0; i < sizeof(checkpoint.cookie_key); i++)
        checkpoint.cookie_key[i] = (uint8_t)(i * 17);
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        checkpoint.counters[i] = i * i;
    for (size_t i = 0; i < CONTROL_COUNTER_COUNT; i++)
        checkpoint.control[i] = 1000 + i;
    return checkpoint;
}

static size_t file_read(char *text, size_t bytes)
{
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    size_t length = fread(text, 1, bytes, file);
    fclose(file);
    return length;
}

static void file_put(const char *text, size_t length)
{
    FILE *file = fopen(path, "w");
    cr_assert_eq(fwrite(text, 1, length, file), length);
    fclose(file);
}

Test(checkpoint, comes_back_as_it_was_written_and_nobody_else_may_read_it)
{
    struct checkpoint written = sample();
    struct checkpoint read;
    struct stat status;
    char message[512] = "";
    memset(&read, 0, sizeof(read));
    cr_assert_eq(checkpoint_write(folder_fd, &written), 0);
    cr_assert_eq(checkpoint_read(folder_fd, folder, &read, message), 0, "%s", message);
    cr_assert_eq(memcmp(&read, &written, sizeof(read)), 0);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0600);
}

// Who opened the file of that name beforehand would learn the key of the cookies.
Test(checkpoint, goes_into_a_file_that_nobody_has_open_and_through_no_link)
{
    struct checkpoint written = sample();
    struct checkpoint read;
    char message[512] = "";
    char part[64];
    char other[64];
    struct stat status;
    snprintf(part, sizeof(part), "%s/checkpoint.part", folder);
    snprintf(other, sizeof(other), "%s/other", folder);
    int early = open(part, O_RDWR | O_CREAT, 0666);
    cr_assert_eq(checkpoint_write(folder_fd, &written), 0);
    cr_expect_eq(fstat(early, &status), 0);
    cr_expect_eq(status.st_size, 0, "somebody who had it open reads the key");
    close(early);
    cr_assert_eq(symlink("other", part), 0);
    cr_assert_eq(checkpoint_write(folder_fd, &written), 0);
    cr_expect_neq(access(other, F_OK), 0, "it went through a link");
    cr_assert_eq(rename(path, other), 0);
    cr_assert_eq(symlink("other", path), 0);
    cr_expect_eq(checkpoint_read(folder_fd, folder, &read, message), -ELOOP, "it was read through a link");
    unlink(other);
}

Test(checkpoint, every_truncation_is_refused)
{
    static char text[65536];
    struct checkpoint written = sample();
    struct checkpoint read;
    char message[512];
    cr_assert_eq(checkpoint_write(folder_fd, &written), 0);
    size_t length = file_read(text, sizeof(text));
    for (size_t cut = 0; cut < length; cut++) {
        file_put(text, cut);
        cr_assert_eq(checkpoint_read(folder_fd, folder, &read, message), -EINVAL, "%zu of %zu bytes", cut, length);
        cr_assert_not_null(strstr(message, "damaged"), "%s", message);
    }
}

// Characters between the tokens of JSON mean nothing.
static bool is_space(char byte)
{
    return byte == ' ' || byte == '\n';
}

Test(checkpoint, every_changed_character_is_refused)
{
    static char text[65536];
    struct checkpoint written = sample();
    struct checkpoint read;
    char message[512];
    cr_assert_eq(checkpoint_write(folder_fd, &written), 0);
    size_t length = file_read(text, sizeof(text));
    for (size_t at = 0; at < length; at++) {
        char was = text[at];
        if (is_space(was))
            continue;
        text[at] = was == '7' ? '8' : '7';
        file_put(text, length);
        cr_assert_eq(checkpoint_read(folder_fd, folder, &read, message), -EINVAL, "byte %zu", at);
        text[at] = was;
    }
}

Test(checkpoint, a_folder_without_one_is_told_so)
{
    struct checkpoint read;
    char message[512];
    cr_assert_eq(checkpoint_read(folder_fd, folder, &read, message), -ENOENT);
    cr_assert_not_null(strstr(message, "holds no checkpoint"), "%s", message);
}

Test(checkpoint, what_differs_is_named)
{
    const struct checkpoint_sweep was = sample().sweep;
    const struct {
        struct checkpoint_sweep is;
        const char *word;
    } rows[] = {
        {was, NULL},
        {{.targets = "xx", .ports = "cc", .seed = INT64_MAX}, "targets"},
        {{.targets = "bb", .ports = "xx", .seed = INT64_MAX}, "ports"},
        {{.targets = "bb", .ports = "cc", .seed = 1}, "seed"},
        {{.targets = "bb", .ports = "cc", .seed = INT64_MAX, .first_position = 6}, "shard"},
        {{.targets = "bb", .ports = "cc", .seed = INT64_MAX, .first_position = 5, .end_position = 9}, "shard"},
        {{.targets = "bb",
          .ports = "cc",
          .seed = INT64_MAX,
          .first_position = 5,
          .end_position = UINT64_C(1) << 48,
          .segment_positions = UINT64_C(1) << 32,
          .attempts = 2},
         "attempts"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char message[512] = "";
        int error = checkpoint_compare(&was, &rows[i].is, message);
        cr_assert_eq(error, rows[i].word == NULL ? 0 : -EINVAL);
        cr_assert(rows[i].word == NULL || strstr(message, rows[i].word) != NULL, "row %zu: %s", i, message);
    }
}
