// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/store/sink.h"

static int line_visit(void *context, const char *line, size_t length)
{
    cr_assert_eq(length, 3);
    cr_assert_arr_eq(line, "abc", 3);
    (*(size_t *)context)++;
    return 0;
}

Test(sink, ends_at_a_whole_record_wherever_the_file_was_torn)
{
    for (off_t size = 0; size <= 12; size++) {
        struct sink sink;
        uint64_t cut = 0;
        size_t lines = 0;
        int fd = memfd_create("records", 0);
        cr_assert_eq(write(fd, "abc\nabc\nabc\n", 12), 12);
        cr_assert_eq(ftruncate(fd, size), 0);
        cr_assert_eq(sink_init(&sink, fd, &cut), 0);
        cr_assert_eq(cut, (uint64_t)size % 4);
        cr_assert_eq(sink_append(&sink, "abc\n", 4), 0);
        cr_assert_eq(sink_walk(&sink, line_visit, &lines), 0);
        cr_assert_eq(lines, (size_t)size / 4 + 1);
        sink_fini(&sink);
        close(fd);
    }
}

Test(sink, a_failed_write_leaves_the_file_at_a_whole_record)
{
    struct sink sink;
    uint64_t cut;
    struct rlimit limit;
    int fd = memfd_create("records", 0);
    cr_assert_eq(sink_init(&sink, fd, &cut), 0);
    cr_assert_eq(sink_append(&sink, "abc\n", 4), 0);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 6; // two bytes of the next four fit
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(sink_append(&sink, "abc\n", 4), -EFBIG);
    cr_assert_eq(lseek(fd, 0, SEEK_END), 4);
    limit.rlim_cur = before;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(sink_append(&sink, "abc\n", 4), 0);
    cr_assert_eq(lseek(fd, 0, SEEK_END), 8);
    sink_fini(&sink);
    close(fd);
}
