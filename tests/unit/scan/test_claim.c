// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/scan/claim.h"

static const struct kernel_guard_ports ranges[] = {{16384, 8192}, {24576, 8192}};
static char message[CLAIM_MESSAGE_MAX];

// Addresses that no other test running at the same time has.
static uint32_t address(void)
{
    return UINT32_C(0x0a000000) | (uint32_t)getpid();
}

// Another process that claims the ranges and answers until it is killed.
static pid_t holder_start(uint32_t where, const char *folder)
{
    int ready[2];
    char byte = 0;
    cr_assert_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct claim *claim = NULL;
        if (claim_new((struct interval){where, where}, ranges, 2, "20260101T000000Z-00000001", &claim, message) != 0)
            _exit(1);
        if (folder != NULL)
            claim_locate(claim, folder);
        if (write(ready[1], &byte, 1) != 1)
            _exit(2);
        for (;;) {
            if (folder != NULL)
                claim_answer(claim);
            usleep(10000);
        }
    }
    close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void holder_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static int try_claim(uint32_t where, const struct kernel_guard_ports *ports, size_t count)
{
    struct claim *claim = NULL;
    int error = claim_new((struct interval){where, where}, ports, count, "20260101T000000Z-00000002", &claim, message);
    claim_free(claim);
    return error;
}

Test(claim, what_another_process_has_claimed_is_refused_with_its_number_and_folder)
{
    char number[32];
    uint32_t where = address();
    pid_t holder = holder_start(where, "/tmp");
    snprintf(number, sizeof(number), "process %d,", (int)holder);
    cr_expect_eq(try_claim(where, ranges, 2), -EBUSY);
    cr_expect_not_null(strstr(message, number), "%s", message);
    cr_expect_not_null(strstr(message, "results in /tmp;"), "%s", message);
    cr_expect_not_null(strstr(message, "/16384-24575,24576-32767:"), "%s", message);
    holder_kill(holder);
    cr_expect_eq(try_claim(where, ranges, 2), 0, "it ends with the process: %s", message);
}

Test(claim, one_that_does_not_answer_counts_all_the_same)
{
    uint32_t where = address();
    pid_t holder = holder_start(where, NULL);
    cr_expect_eq(try_claim(where, ranges, 2), -EBUSY);
    cr_expect_not_null(strstr(message, "does not tell"), "%s", message);
    holder_kill(holder);
}

Test(claim, ranges_that_overlap_meet_and_others_do_not)
{
    static const struct {
        struct kernel_guard_ports ports[2];
        int error;
    } cases[] = {
        {{{1024, 1}, {32768, 100}}, 0},    {{{8192, 8192}, {32768, 100}}, 0}, {{{8192, 8193}, {32768, 100}}, -EBUSY},
        {{{1024, 1}, {32767, 2}}, -EBUSY}, {{{20000, 1}, {1024, 1}}, -EBUSY}, {{{1024, 64000}, {1023, 1}}, -EBUSY},
    };
    uint32_t where = address();
    pid_t holder = holder_start(where, "/tmp");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_expect_eq(try_claim(where, cases[i].ports, 2), cases[i].error, "case %zu: %s", i, message);
    cr_expect_eq(try_claim(where ^ UINT32_C(0x800000), ranges, 2), 0, "another address: %s", message);
    holder_kill(holder);
}

Test(claim, a_strangers_claim_counts_for_nothing)
{
    if (getuid() != 0)
        cr_skip_test("needs root");
    uint32_t where = address();
    int ready[2];
    char byte = 0;
    cr_assert_eq(pipe(ready), 0);
    pid_t stranger = fork();
    if (stranger == 0) {
        struct claim *claim = NULL;
        if (setuid(65534) != 0 ||
            claim_new((struct interval){where, where}, ranges, 2, "stranger", &claim, message) != 0)
            _exit(1);
        _exit(write(ready[1], &byte, 1) == 1 && pause() != 0);
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_expect_eq(try_claim(where, ranges, 2), 0, "%s", message);
    holder_kill(stranger);
}

// Claims when start[0] ends, says so, and holds the claim until end[0] does.
static _Noreturn void rival(uint32_t where, const char *scan, const int start, const int said, const int end)
{
    struct claim *claim = NULL;
    char byte = 0;
    struct pollfd over = {.fd = end};
    (void)!read(start, &byte, 1);
    int error = claim_new((struct interval){where, where}, ranges, 2, scan, &claim, message);
    (void)!write(said, &byte, 1);
    while (poll(&over, 1, 1) == 0)
        claim_answer(claim);
    _exit(error == 0 ? 0 : 1);
}

Test(claim, of_two_that_come_at_once_one_is_refused)
{
    enum { ROUNDS = 30 };
    uint32_t where = address();
    for (int round = 0; round < ROUNDS; round++) {
        int pipes[3][2];
        pid_t pids[2];
        int won = 0;
        char byte;
        for (int i = 0; i < 3; i++)
            cr_assert_eq(pipe(pipes[i]), 0);
        for (int i = 0; i < 2; i++) {
            pids[i] = fork();
            if (pids[i] != 0)
                continue;
            close(pipes[0][1]);
            close(pipes[2][1]);
            rival(where, i == 0 ? "first" : "second", pipes[0][0], pipes[1][1], pipes[2][0]);
        }
        close(pipes[0][1]);
        for (int i = 0; i < 2; i++)
            cr_assert_eq(read(pipes[1][0], &byte, 1), 1);
        close(pipes[2][1]);
        for (int i = 0; i < 2; i++) {
            int status = 0;
            waitpid(pids[i], &status, 0);
            won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
        }
        close(pipes[0][0]);
        close(pipes[1][0]);
        close(pipes[1][1]);
        close(pipes[2][0]);
        cr_assert_eq(won, 1, "round %d: %d", round, won);
    }
}
