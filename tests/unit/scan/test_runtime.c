// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/scan/runtime.h"
#include "tests/unit/scan/scratch.h"

static const char *const parents[] = {"/not/there", folder, NULL};

TestSuite(runtime, .init = scratch_enter, .fini = scratch_leave);

static void file_make(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    cr_assert_geq(fd, 0, "%s", path);
    close(fd);
}

Test(runtime, the_folder_is_ours_alone_and_goes_away_whole)
{
    struct runtime runtime;
    struct stat status;
    char path[PATH_MAX + 32];
    cr_assert_eq(runtime_make(&runtime, parents), 0);
    cr_assert_eq(stat(runtime.path, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0700);
    cr_assert_eq(strncmp(runtime.path, folder, strlen(folder)), 0);
    snprintf(path, sizeof(path), "%s/dpdk", runtime.path);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/dpdk/config", runtime.path);
    file_make(path);
    runtime_remove(&runtime);
    cr_assert_neq(stat(runtime.path, &status), 0);
    runtime_remove(&runtime);
}

// What stands where DPDK's files should be may lead anywhere.
Test(runtime, cleaning_up_follows_no_link)
{
    struct runtime runtime;
    char path[PATH_MAX + 32];
    cr_assert_eq(mkdir("precious", 0700), 0);
    file_make("precious/file");
    cr_assert_eq(runtime_make(&runtime, parents), 0);
    snprintf(path, sizeof(path), "%s/dpdk", runtime.path);
    cr_assert_eq(symlink("../precious", path), 0);
    runtime_remove(&runtime);
    cr_expect_eq(access("precious/file", F_OK), 0, "the folder behind a link was emptied");
    cr_expect_neq(access(runtime.path, F_OK), 0);
}

Test(runtime, what_a_killed_scan_left_is_removed_and_what_a_running_one_uses_is_not)
{
    struct runtime running;
    struct runtime killed;
    struct runtime next;
    cr_assert_eq(runtime_make(&running, parents), 0);
    cr_assert_eq(runtime_make(&killed, parents), 0);
    close(killed.fd); // the kernel closes it, and with it the lock ends
    close(killed.parent_fd);
    cr_assert_eq(mkdir("precious", 0700), 0);
    file_make("precious/file");
    cr_assert_eq(symlink("precious", "sonde-dpdk-0000000000000000"), 0);
    cr_assert_eq(mkdir("sonde-other", 0700), 0);
    cr_assert_eq(runtime_make(&next, parents), 0);
    cr_expect_eq(access(running.path, F_OK), 0, "a running scan lost its folder");
    cr_expect_neq(access(killed.path, F_OK), 0, "what was left stays for good");
    cr_expect_eq(access("precious/file", F_OK), 0);
    cr_expect_eq(access("sonde-other", F_OK), 0);
    runtime_remove(&running);
    runtime_remove(&next);
}
