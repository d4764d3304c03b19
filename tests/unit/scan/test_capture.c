// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/scan/capture.h"
#include "tests/unit/scan/scratch.h"

static char message[512];

TestSuite(capture, .init = scratch_enter, .fini = scratch_leave);

// As DPDK writes it, through the path.
static void frames_write(const struct capture *capture, int frames, size_t missing)
{
    static const uint8_t header[24];
    uint8_t record[16 + 60] = {0};
    const uint32_t length = 60;
    memcpy(record + 8, &length, sizeof(length));
    memcpy(record + 12, &length, sizeof(length));
    FILE *file = fopen(capture->device_path, "w");
    cr_assert_not_null(file);
    fwrite(header, 1, sizeof(header), file);
    for (int i = 0; i < frames; i++)
        fwrite(record, 1, sizeof(record) - (i + 1 == frames ? missing : 0), file);
    fclose(file);
}

static bool folder_empty(void)
{
    return rmdir(folder) != 0 ? false : mkdir(folder, 0700) == 0 && chdir(folder) == 0;
}

Test(capture, a_whole_one_gets_its_name_and_any_other_is_not_kept)
{
    struct capture capture;
    cr_assert_eq(capture_open(&capture, "f.pcap", false, message), 0, "%s", message);
    frames_write(&capture, 5, 0);
    cr_expect_neq(access("f.pcap", F_OK), 0);
    cr_assert_eq(capture_settle(&capture, "f.pcap", 5, message), 0, "%s", message);
    capture_close(&capture);
    capture_close(&capture);
    cr_assert_eq(unlink("f.pcap"), 0);
    for (size_t missing = 0; missing < 77; missing += 19) {
        cr_assert_eq(capture_open(&capture, "f.pcap", false, message), 0, "%s", message);
        frames_write(&capture, 5, missing);
        cr_expect_neq(capture_settle(&capture, "f.pcap", 6, message), 0);
        cr_expect_not_null(strstr(message, missing == 0 ? "5 of 6 frames" : "4 of 6 frames"), "%s", message);
        capture_close(&capture);
        cr_expect(folder_empty());
    }
}

Test(capture, a_full_disk_is_named)
{
    struct capture capture;
    const struct rlimit small = {.rlim_cur = 24 + 3 * 76, .rlim_max = RLIM_INFINITY};
    struct rlimit all;
    cr_assert_eq(capture_open(&capture, "f.pcap", false, message), 0, "%s", message);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &all), 0);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    frames_write(&capture, 5, 0);
    cr_expect_eq(capture_settle(&capture, "f.pcap", 5, message), -EFBIG);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
    cr_expect_not_null(strstr(message, "f.pcap: File too large (3 of 5 frames"), "%s", message);
    capture_close(&capture);
    cr_expect(folder_empty());
}

Test(capture, it_goes_through_no_link)
{
    struct capture capture;
    cr_assert_eq(symlink("not-there", "dangling"), 0);
    cr_assert_eq(capture_open(&capture, "dangling", false, message), -EEXIST);
    cr_assert_eq(capture_open(&capture, "dangling", true, message), 0, "%s", message);
    frames_write(&capture, 1, 0);
    cr_assert_eq(capture_settle(&capture, "dangling", 1, message), 0, "%s", message);
    capture_close(&capture);
    struct stat status;
    cr_expect_eq(lstat("dangling", &status), 0);
    cr_expect(S_ISREG(status.st_mode), "--force replaces the link itself");
    cr_expect_neq(access("not-there", F_OK), 0);
    // Somebody was quicker.
    cr_assert_eq(capture_open(&capture, "late", false, message), 0);
    frames_write(&capture, 1, 0);
    cr_assert_eq(symlink("not-there", "late"), 0);
    cr_assert_eq(capture_settle(&capture, "late", 1, message), -EEXIST);
    capture_close(&capture);
    cr_expect_eq(capture_open(&capture, "/dev/full", true, message), -EINVAL);
    cr_expect_eq(capture_open(&capture, "no/such/folder", true, message), -ENOENT);
}
