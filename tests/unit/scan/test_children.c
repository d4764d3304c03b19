// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/scan/children.h"

// Runs a shell script and returns what it printed.
static const char *shell(const char *script, struct child *child, char text[static 512])
{
    int output = memfd_create("output", MFD_CLOEXEC);
    struct child_start start = {
        .path = "/bin/sh",
        .arguments = (const char *[]){"-c", script, NULL},
        .output_fd = output,
    };
    cr_assert_eq(child_start(child, &start), 0);
    child_finish(child, 5000);
    ssize_t length = pread(output, text, 511, 0);
    text[length > 0 ? length : 0] = '\0';
    close(output);
    return text;
}

Test(children, nothing_but_the_standard_descriptors_is_inherited)
{
    struct child child = {0};
    char text[512];
    // Without close-on-exec, as a library might have left it.
    int leaked = open("/dev/zero", O_RDONLY);
    cr_assert_geq(leaked, 3);
    // 3 is the folder that ls itself reads.
    cr_assert_str_eq(shell("exec ls /proc/self/fd", &child, text), "0\n1\n2\n3\n");
    cr_assert(child_succeeded(&child));
    close(leaked);
}

Test(children, a_descriptor_that_was_given_arrives_under_its_option)
{
    int output = memfd_create("output", MFD_CLOEXEC);
    int given = memfd_create("given", MFD_CLOEXEC);
    cr_assert_eq(write(given, "hello", 5), 5);
    const struct child_descriptor descriptors[] = {{"--image", given}};
    struct child child = {0};
    struct child_start start = {.path = "/bin/echo",
                                .descriptors = descriptors,
                                .descriptor_count = 1,
                                .arguments = (const char *[]){"more", NULL},
                                .output_fd = output};
    cr_assert_eq(child_start(&child, &start), 0);
    child_finish(&child, 5000);
    char text[128] = "";
    char expected[128];
    cr_assert_gt(pread(output, text, sizeof(text) - 1, 0), 0);
    snprintf(expected, sizeof(expected), "--image %d more\n", given);
    cr_assert_str_eq(text, expected);
    cr_assert(fcntl(given, F_GETFD) & FD_CLOEXEC, "ours stays closed on exec");
    close(given);
    close(output);
}

Test(children, a_program_that_is_not_there_is_an_error_at_once)
{
    struct child child = {0};
    cr_assert_eq(child_start(&child, &(struct child_start){.path = "/no/such/program", .output_fd = -1}), -ENOENT);
    cr_assert_eq(child.pid, 0);
    cr_assert(child_ended(&child));
}

Test(children, ends_are_told_apart)
{
    struct child child = {0};
    char text[512];
    char end[64];
    shell("exit 3", &child, text);
    cr_assert_not(child_succeeded(&child));
    cr_assert_str_eq(child_describe_end(&child, end), "exit status 3");
    shell("kill -9 $$", &child, text);
    cr_assert_not(child_succeeded(&child));
    cr_assert_str_eq(child_describe_end(&child, end), "killed by signal 9 (Killed)");
}

Test(children, a_group_of_its_own_keeps_the_terminals_signals_away)
{
    struct child child = {0};
    struct child_start start = {.path = "/bin/sleep", .arguments = (const char *[]){"60", NULL}, .output_fd = -1};
    cr_assert_eq(child_start(&child, &start), 0);
    cr_assert_eq(getpgid(child.pid), child.pid);
    cr_assert_not(child_ended(&child));
    child_finish(&child, 50);
    cr_assert_eq(child.pid, 0, "what does not end in time is killed");
    char end[64];
    cr_assert_str_eq(child_describe_end(&child, end), "killed by signal 9 (Killed)");
}
