// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/watch_child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_S = 1, SLEEP_S = 60 }; // a SIGCHLD that another one hid; a clock that was set

static sigset_t watched(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGCHLD);
    return set;
}

void watch_children_init(struct watch_children *children)
{
    sigset_t set = watched();
    *children = (struct watch_children){.stops = 0};
    (void)sigprocmask(SIG_BLOCK, &set, &children->before);
}

static int64_t clock_s(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec;
}

// The signal that stops which came within so many seconds, or 0.
static int stop_await(struct watch_children *children, time_t seconds)
{
    sigset_t set = watched();
    const struct timespec most = {.tv_sec = seconds};
    int number = sigtimedwait(&set, NULL, &most);
    if (number <= 0 || number == SIGCHLD)
        return 0;
    children->stops++;
    return number;
}

static _Noreturn void child_begin(const struct watch_children *children, pid_t parent, int (*run)(void *context),
                                  void *context)
{
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    (void)sigprocmask(SIG_SETMASK, &children->before, NULL);
    int status = run(context);
    (void)fflush(NULL);
    _exit(status);
}

int watch_child_run(struct watch_children *children, int (*run)(void *context), void *context, uint32_t limit_s)
{
    pid_t parent = getpid();
    (void)fflush(NULL); // else the child has it too
    pid_t child = fork();
    if (child < 0) {
        fprintf(stderr, "sonde: watch: no further process: %s\n", strerror(errno));
        return 1;
    }
    if (child == 0)
        child_begin(children, parent, run, context);
    (void)setpgid(child, child); // whoever is first
    int64_t end_s = clock_s(CLOCK_MONOTONIC) + (int64_t)limit_s;
    bool late = false;
    int status;
    pid_t ended;
    while ((ended = waitpid(child, &status, WNOHANG)) == 0) {
        int number = stop_await(children, LOOK_S);
        if (number != 0)
            (void)kill(limit_s > 0 ? -child : child, number); // a scan ends its own children
        if (limit_s > 0 && !late && clock_s(CLOCK_MONOTONIC) >= end_s) {
            (void)kill(-child, SIGKILL);
            late = true;
        }
    }
    if (late)
        return WATCH_CHILD_LATE;
    if (ended < 0)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : WATCH_CHILD_SIGNAL + WTERMSIG(status);
}

bool watch_children_sleep(struct watch_children *children, int64_t until_s, int64_t most_s)
{
    int64_t most_end_s = clock_s(CLOCK_BOOTTIME) + most_s;
    for (;;) {
        int64_t left = until_s - clock_s(CLOCK_REALTIME);
        int64_t most = most_end_s - clock_s(CLOCK_BOOTTIME);
        left = left < most ? left : most;
        if (left <= 0)
            return children->stops == 0;
        (void)stop_await(children, left < SLEEP_S ? left : SLEEP_S);
        if (children->stops > 0)
            return false;
    }
}
