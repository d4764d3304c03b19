// SPDX-License-Identifier: BSD-3-Clause
// The guard's table as the kernel has it, shown by nft, in a network namespace of the test's own.
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/scan/kernel_guard.h"

static const struct kernel_guard_ports ranges[] = {{16384, 8192}, {24576, 1}};

// What `nft` says of the table to a verb, "" when there is none.
static void nft(const char *verb, char text[static 1024])
{
    char command[96];
    snprintf(command, sizeof(command), "nft %s 2>/dev/null", verb);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    text[fread(text, 1, 1023, pipe)] = '\0';
    pclose(pipe);
}

static void table_show(char text[static 1024])
{
    char verb[48];
    snprintf(verb, sizeof(verb), "-n list table ip sonde_%d", getpid());
    nft(verb, text);
}

static void isolate(void)
{
    if (unshare(CLONE_NEWNET) != 0)
        cr_skip_test("needs root");
    if (system("nft list tables >/dev/null 2>&1") != 0)
        cr_skip_test("needs nft");
}

Test(kernel_guard, the_table_drops_exactly_our_ports_to_our_address)
{
    char text[1024];
    struct kernel_guard *guard = NULL;
    isolate();
    cr_assert(kernel_guard_usable());
    cr_assert_eq(kernel_guard_new((struct interval){0x0a090002, 0x0a090002}, ranges, 2, &guard), 0);
    table_show(text);
    cr_expect_not_null(strstr(text, "flags owner"), "%s", text);
    cr_expect_not_null(strstr(text, "type filter hook prerouting priority -300; policy accept;"), "%s", text);
    cr_expect_not_null(strstr(text, "ip daddr 10.9.0.2 tcp dport 16384-24575 drop"), "%s", text);
    cr_expect_not_null(strstr(text, "ip daddr 10.9.0.2 tcp dport 24576-24576 drop"), "%s", text);
    kernel_guard_free(guard);
}

Test(kernel_guard, the_table_lives_as_long_as_the_guard_and_nobody_else_can_take_it_away)
{
    char text[1024];
    char verb[48];
    struct kernel_guard *guard = NULL;
    isolate();
    cr_assert_eq(kernel_guard_new((struct interval){0x0a090002, 0x0a090002}, ranges, 2, &guard), 0);
    snprintf(verb, sizeof(verb), "delete table ip sonde_%d", getpid());
    nft(verb, text);
    nft("flush ruleset", text);
    cr_expect(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a program that could be killed holds it");
    table_show(text);
    cr_expect_not_null(strstr(text, "drop"), "%s", text);
    kernel_guard_free(guard);
    table_show(text);
    cr_expect_str_empty(text, "%s", text);
}

Test(kernel_guard, without_the_privilege_it_says_so)
{
    struct kernel_guard *guard = NULL;
    if (getuid() == 0 && setuid(65534) != 0)
        cr_skip_test("cannot become another user");
    cr_assert_eq(kernel_guard_new((struct interval){0x0a090002, 0x0a090002}, ranges, 2, &guard), -EPERM);
    cr_assert_not(kernel_guard_usable());
}

Test(kernel_guard, no_range_and_too_many_are_refused)
{
    const struct kernel_guard_ports many[KERNEL_GUARD_RANGES_MAX + 1] = {{1024, 1}};
    struct kernel_guard *guard = NULL;
    cr_assert_eq(kernel_guard_new((struct interval){0x0a090002, 0x0a090002}, ranges, 0, &guard), -EINVAL);
    cr_assert_eq(kernel_guard_new((struct interval){0x0a090002, 0x0a090002}, many, KERNEL_GUARD_RANGES_MAX + 1, &guard),
                 -EINVAL);
}
