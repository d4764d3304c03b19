// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/children.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/close_range.h>

// What the child tells of an exec that failed; the pipe closes by itself when it works.
static _Noreturn void child_give_up(int report_fd)
{
    int error = errno;
    ssize_t written = write(report_fd, &error, sizeof(error));
    _exit(written == sizeof(error) ? 126 : 127);
}

// In the child: nothing but the descriptors given stays open past exec.
static _Noreturn void child_exec(const struct child_start *start, char *const *argv, char *const *environment,
                                 pid_t parent, int report_fd)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    // Should the parent end, so do we; it may have ended before this call.
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
        child_give_up(report_fd);
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int output_fd = start->output_fd >= 0 ? start->output_fd : STDERR_FILENO;
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0)
        child_give_up(report_fd);
    if (output_fd != STDERR_FILENO && dup2(output_fd, STDERR_FILENO) < 0)
        child_give_up(report_fd);
    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        child_give_up(report_fd);
    for (size_t i = 0; i < start->descriptor_count; i++)
        if (fcntl(start->descriptors[i].fd, F_SETFD, 0) < 0)
            child_give_up(report_fd);
    execve(start->path, argv, environment);
    child_give_up(report_fd);
}

// argv on the heap: the program, each descriptor's option and number, then the rest. One block, for free().
static char **arguments_new(const struct child_start *start)
{
    enum { NUMBER_MAX = 16 };
    size_t slots = CHILD_ARGUMENTS_MAX + 1;
    char **argv = calloc(1, slots * sizeof(*argv) + (size_t)CHILD_DESCRIPTORS_MAX * NUMBER_MAX);
    if (argv == NULL)
        return NULL;
    char *numbers = (char *)(argv + slots);
    size_t count = 0;
    argv[count++] = (char *)(uintptr_t)start->path;
    for (size_t i = 0; i < start->descriptor_count; i++) {
        char *number = numbers + i * NUMBER_MAX;
        if (start->descriptors[i].option == NULL)
            continue;
        snprintf(number, NUMBER_MAX, "%d", start->descriptors[i].fd);
        argv[count++] = (char *)(uintptr_t)start->descriptors[i].option;
        argv[count++] = number;
    }
    for (size_t i = 0; start->arguments != NULL && start->arguments[i] != NULL && count < CHILD_ARGUMENTS_MAX; i++)
        argv[count++] = (char *)(uintptr_t)start->arguments[i];
    return argv;
}

// Our own environment with one variable changed, in one block for free().
static char **environment_new(const struct child_start *start)
{
    size_t count = 0;
    size_t length = start->variable != NULL ? strlen(start->variable) : 0;
    while (environ[count] != NULL)
        count++;
    size_t text = start->variable != NULL ? length + strlen(start->value) + 2 : 0;
    char **environment = calloc(1, (count + 2) * sizeof(*environment) + text);
    if (environment == NULL || start->variable == NULL) {
        if (environment != NULL)
            memcpy(environment, environ, count * sizeof(*environment));
        return environment;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], start->variable, length) != 0 || environ[i][length] != '=')
            environment[kept++] = environ[i];
    environment[kept] = (char *)(environment + count + 2);
    snprintf(environment[kept], text, "%s=%s", start->variable, start->value);
    return environment;
}

int child_start(struct child *child, const struct child_start *start)
{
    if (start->descriptor_count > CHILD_DESCRIPTORS_MAX)
        return -EINVAL;
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return -errno;
    int result = 0;
    int error = 0;
    char **argv = arguments_new(start);
    char **environment = environment_new(start);
    bool memory = argv != NULL && environment != NULL;
    pid_t parent = getpid();
    pid_t pid = memory ? fork() : -1;
    if (pid == 0)
        child_exec(start, argv, environment, parent, report[1]);
    if (pid < 0)
        result = memory ? -errno : -ENOMEM;
    free(argv);
    free(environment);
    close(report[1]);
    if (result == 0 && read(report[0], &error, sizeof(error)) == sizeof(error)) {
        waitpid(pid, NULL, 0);
        result = -error;
    }
    close(report[0]);
    if (result == 0)
        child->pid = pid;
    return result;
}

bool child_ended(struct child *child)
{
    if (child->pid == 0)
        return true;
    pid_t pid = waitpid(child->pid, &child->wait_status, WNOHANG);
    if (pid == 0)
        return false;
    child->pid = 0;
    return true;
}

void child_signal(const struct child *child, int signal)
{
    if (child->pid > 0)
        kill(child->pid, signal);
}

void child_finish(struct child *child, int timeout_ms)
{
    enum { STEP_MS = 10 };
    for (int waited = 0; !child_ended(child); waited += STEP_MS) {
        if (waited >= timeout_ms)
            child_signal(child, SIGKILL);
        poll(NULL, 0, STEP_MS);
    }
}

const char *child_describe_end(const struct child *child, char text[static 64])
{
    if (WIFSIGNALED(child->wait_status))
        snprintf(text, 64, "killed by signal %d (%.32s)", WTERMSIG(child->wait_status),
                 strsignal(WTERMSIG(child->wait_status)));
    else
        snprintf(text, 64, "exit status %d", WEXITSTATUS(child->wait_status));
    return text;
}

bool child_succeeded(const struct child *child)
{
    return WIFEXITED(child->wait_status) && WEXITSTATUS(child->wait_status) == 0;
}
