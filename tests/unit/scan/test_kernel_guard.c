// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/scan/kernel_guard.h"

static const struct kernel_guard_ports ranges[] = {{16384, 8192}, {24576, 1}};

Test(kernel_guard, rules_drop_exactly_our_ports_to_our_address)
{
    char text[512];
    int length = kernel_guard_rules(42, 0x0a090002, ranges, 2, text, sizeof(text));
    cr_assert_eq(length, (int)strlen(text));
    cr_assert_not_null(strstr(text, "table inet sonde_42 {"));
    cr_assert_not_null(strstr(text, "flags owner"));
    cr_assert_not_null(strstr(text, "ip daddr 10.9.0.2 tcp dport { 16384-24575, 24576-24576 } drop"), "%s", text);
}

Test(kernel_guard, a_text_too_short_is_an_error_at_every_length)
{
    char text[512];
    int length = kernel_guard_rules(42, 0x0a090002, ranges, 2, text, sizeof(text));
    for (size_t capacity = 1; capacity <= (size_t)length; capacity++)
        cr_assert_eq(kernel_guard_rules(42, 0x0a090002, ranges, 2, text, capacity), -ENOSPC, "capacity %zu", capacity);
}

static bool table_is_there(void)
{
    char command[96];
    snprintf(command, sizeof(command), "nft list table inet sonde_%d >/dev/null 2>&1", getpid());
    return system(command) == 0;
}

Test(kernel_guard, the_table_lives_as_long_as_the_guard)
{
    char message[256];
    struct kernel_guard *guard = NULL;
    // A network namespace of our own: the machine's rules are not ours to change.
    if (unshare(CLONE_NEWNET) != 0)
        cr_skip_test("needs root");
    int error = kernel_guard_new(0x0a090002, ranges, 2, &guard, message);
    cr_assert_eq(error, 0, "%s", message);
    cr_expect(table_is_there());
    kernel_guard_free(guard);
    cr_expect_not(table_is_there());
}

// Who calls us chooses PATH; a program that stands there first runs as root.
Test(kernel_guard, an_nft_that_stands_first_in_PATH_is_not_run)
{
    char folder[] = "/tmp/sonde-test-XXXXXX";
    char nft[64];
    char ran[64];
    char path[128];
    char message[256];
    struct kernel_guard *guard = NULL;
    if (unshare(CLONE_NEWNET) != 0)
        cr_skip_test("needs root");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(nft, sizeof(nft), "%s/nft", folder);
    snprintf(ran, sizeof(ran), "%s/ran", folder);
    FILE *file = fopen(nft, "w");
    cr_assert_not_null(file);
    fprintf(file, "#!/bin/sh\n: >%s\necho Error: fake\n", ran);
    fclose(file);
    cr_assert_eq(chmod(nft, 0755), 0);
    snprintf(path, sizeof(path), "%s:%s", folder, getenv("PATH"));
    setenv("PATH", path, 1);
    cr_expect(kernel_guard_usable());
    int error = kernel_guard_new(0x0a090002, ranges, 2, &guard, message);
    cr_expect_eq(error, 0, "%s", message);
    kernel_guard_free(guard);
    cr_expect_neq(access(ran, F_OK), 0, "the other nft was run");
    unlink(ran);
    unlink(nft);
    rmdir(folder);
}
