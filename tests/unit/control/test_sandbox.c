// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/sandbox.h"

static void *open_later(void *argument)
{
    _Atomic bool *closed = argument;
    while (!atomic_load(closed))
        sched_yield();
    _exit(open("/etc/passwd", O_RDONLY) >= 0 ? 2 : 0);
}

static void file_open(void)
{
    _exit(open("/etc/passwd", O_RDONLY) >= 0 ? 2 : 0);
}

static void socket_open(void)
{
    _exit(socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 2 : 0);
}

static void program_run(void)
{
    execl("/bin/true", "true", NULL);
    _exit(0);
}

static void code_map(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    _exit(memory != MAP_FAILED ? 2 : 0);
}

static void root_become(void)
{
    _exit(setuid(0) == 0 && geteuid() == 0 ? 2 : 0);
}

static void memory_use(void)
{
    char *memory = malloc(3 << 20);
    memset(memory, 1, 3 << 20);
    free(memory);
    _exit(write(2, "", 0) == 0 ? 0 : 2);
}

// How the act ends inside the sandbox: its exit status, or minus the signal.
static int inside(void (*act)(void))
{
    int status = 0;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        if (sandbox_drop(65534, 65534, parent) != 0 || sandbox_close(UINT64_C(1) << 30) != 0)
            _exit(99);
        act();
        _exit(98);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

Test(sandbox, refuses_files_and_ends_the_process_for_anything_stranger)
{
    cr_assert_eq(inside(memory_use), 0, "what control needs goes on");
    cr_assert_eq(inside(file_open), 0, "no file is opened");
#if defined(__SANITIZE_ADDRESS__)
    int refused = 0; // a sanitizer's runtime must be able to report, so refusals are errors there
#else
    int refused = -SIGSYS;
#endif
    cr_assert_eq(inside(socket_open), refused);
    cr_assert_eq(inside(program_run), refused == 0 ? 0 : -SIGSYS);
    cr_assert_eq(inside(code_map), refused);
    cr_assert_eq(inside(root_become), refused);
}

Test(sandbox, holds_for_threads_that_were_there_before)
{
    int status = 0;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        static _Atomic bool closed;
        pthread_t thread;
        if (pthread_create(&thread, NULL, open_later, &closed) != 0)
            _exit(97);
        if (sandbox_drop(65534, 65534, parent) != 0 || sandbox_close(UINT64_C(1) << 30) != 0)
            _exit(99);
        atomic_store(&closed, true);
        for (;;)
            usleep(1000);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
}
