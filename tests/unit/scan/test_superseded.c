// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/scan/superseded.h"

static char folder[] = "/tmp/sonde-superseded-XXXXXX";
static int folder_fd;

static void setup(void)
{
    cr_assert_not_null(mkdtemp(folder));
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
    cr_assert_geq(folder_fd, 0);
}

static void teardown(void)
{
    unlinkat(folder_fd, "records.jsonl", 0);
    unlinkat(folder_fd, "records.jsonl.part", 0);
    close(folder_fd);
    rmdir(folder);
}

static int records_make(const char *text)
{
    int fd = openat(folder_fd, "records.jsonl", O_RDWR | O_CREAT | O_TRUNC, 0640);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    cr_assert_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
    return fd;
}

static void records_expect(const char *text)
{
    char got[4096] = "";
    int fd = openat(folder_fd, "records.jsonl", O_RDONLY);
    cr_assert_geq(read(fd, got, sizeof(got) - 1), 0);
    close(fd);
    cr_expect_str_eq(got, text);
}

TestSuite(superseded, .init = setup, .fini = teardown);

#define LINE(port, outcome) "{\"ip\":\"10.0.0.1\",\"port\":" port ",\"outcome\":\"" outcome "\",\"findings\":[]}\n"

Test(superseded, interrupted_records_are_taken_out_and_all_others_stay_in_their_order)
{
    uint64_t dropped = 0;
    struct stat status;
    int fd = records_make(LINE("1", "complete") LINE("2", "interrupted") "somebody's own line\n" LINE("3", "timeout")
                              LINE("4", "interrupted") "{\"torn");
    int before = dup(fd);
    cr_assert_eq(superseded_drop(folder_fd, "records.jsonl", &fd, &dropped), 0);
    cr_assert_eq(dropped, 2);
    records_expect(LINE("1", "complete") "somebody's own line\n" LINE("3", "timeout"));
    cr_assert_eq(fstat(fd, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0640, "as before");
    int other = openat(folder_fd, "records.jsonl", O_RDWR);
    cr_assert_eq(flock(other, LOCK_EX | LOCK_NB), -1, "the new file is locked as the old one was");
    cr_assert_eq(write(fd, "", 0), 0, "it is writable");
    close(other);
    close(before);
    close(fd);
}

Test(superseded, a_file_without_any_is_left_alone)
{
    uint64_t dropped = 1;
    struct stat was;
    struct stat is;
    int fd = records_make(LINE("1", "complete") "{\"torn");
    cr_assert_eq(fstat(fd, &was), 0);
    cr_assert_eq(superseded_drop(folder_fd, "records.jsonl", &fd, &dropped), 0);
    cr_assert_eq(dropped, 0);
    cr_assert_eq(fstat(fd, &is), 0);
    cr_assert_eq(is.st_ino, was.st_ino);
    records_expect(LINE("1", "complete") "{\"torn");
    close(fd);
}

Test(superseded, what_cannot_be_written_leaves_everything_as_it_was)
{
    uint64_t dropped = 0;
    int fd = records_make(LINE("1", "interrupted") LINE("2", "complete"));
    int was = fd;
    cr_assert_eq(mkdirat(folder_fd, "records.jsonl.part", 0700), 0);
    cr_assert_lt(superseded_drop(folder_fd, "records.jsonl", &fd, &dropped), 0);
    unlinkat(folder_fd, "records.jsonl.part", AT_REMOVEDIR);
    cr_assert_eq(fd, was);
    records_expect(LINE("1", "interrupted") LINE("2", "complete"));
    close(fd);
}
