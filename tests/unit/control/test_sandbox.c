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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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

// Descriptors as control has them, and one more, which is nobody's business.
static int records_fd;
static int journal_fd;
static int other_fd;
static pid_t parent_pid;

enum { FILE_BYTES = 1 << 20 };

static void refused_unless(bool done)
{
    _exit(done ? 2 : 0);
}

static void memory_made_code(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        _exit(3);
    refused_unless(mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0);
}

static void mapped(int protection, int flags, int fd)
{
    refused_unless(mmap(NULL, 4096, protection, flags, fd, 0) != MAP_FAILED);
}

static void file_map_shared(void)
{
    mapped(PROT_READ | PROT_WRITE, MAP_SHARED, records_fd);
}

static void file_map_private(void)
{
    mapped(PROT_READ, MAP_PRIVATE, other_fd);
}

// RLIMIT_DATA does not count it.
static void memory_share(void)
{
    mapped(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static void memory_huge(void)
{
    mapped(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
}

static void other_signal(void)
{
    refused_unless(syscall(SYS_tgkill, parent_pid, parent_pid, 0) == 0);
}

static void other_write(void)
{
    refused_unless(write(other_fd, "x", 1) == 1);
}

static void other_write_at(void)
{
    refused_unless(pwrite(other_fd, "x", 1, 0) == 1);
}

static void other_cut(void)
{
    refused_unless(ftruncate(other_fd, 0) == 0);
}

static void other_sync(void)
{
    refused_unless(fdatasync(other_fd) == 0);
}

static void other_read(void)
{
    char byte;
    refused_unless(pread(other_fd, &byte, 1, 0) >= 0);
}

static void records_read(void)
{
    char byte;
    refused_unless(pread(records_fd, &byte, 1, 0) >= 0);
}

static void journal_write(void)
{
    refused_unless(write(journal_fd, "x", 1) == 1); // it is written at a place, always
}

static void limits_raise(void)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    refused_unless(setrlimit(RLIMIT_FSIZE, &all) == 0);
}

static void own_files_use(void)
{
    signal(SIGXFSZ, SIG_IGN);
    bool good = pwrite(records_fd, "x", 1, 0) == 1 && write(records_fd, "x", 1) == 1 &&
                pwrite(journal_fd, "x", 1, 0) == 1 && ftruncate(records_fd, 1) == 0 && fdatasync(journal_fd) == 0 &&
                write(STDERR_FILENO, "", 0) == 0;
    bool beyond = pwrite(records_fd, "x", 1, FILE_BYTES) == 1;
    _exit(good && !beyond ? 0 : 2);
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

static void descriptors_open(void)
{
    records_fd = memfd_create("records", 0);
    journal_fd = memfd_create("journal", 0);
    other_fd = memfd_create("other", 0);
    parent_pid = getppid();
    if (ftruncate(records_fd, 4096) != 0 || ftruncate(other_fd, 4096) != 0 || dup2(other_fd, 100) < 0)
        _exit(96);
}

static int sandbox_enter(pid_t parent, bool whole)
{
    struct sandbox *sandbox = NULL;
    const struct sandbox_rules rules = {.memory_bytes = UINT64_C(1) << 30,
                                        .file_bytes = FILE_BYTES,
                                        .records_fd = records_fd,
                                        .journal_fd = journal_fd};
    int error = sandbox_drop(65534, 65534, parent);
    if (error == 0)
        error = sandbox_narrow(&rules, &sandbox);
    return error == 0 && whole ? sandbox_close(sandbox) : error;
}

// How the act ends inside the sandbox: its exit status, or minus the signal.
static int ends(void (*act)(void), bool whole)
{
    int status = 0;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        descriptors_open();
        if (sandbox_enter(parent, whole) != 0)
            _exit(99);
        act();
        _exit(98);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int inside(void (*act)(void))
{
    return ends(act, true);
}

#if defined(__SANITIZE_ADDRESS__)
enum { REFUSED = 0 }; // a sanitizer's runtime must be able to report, so refusals are errors there
#else
enum { REFUSED = -SIGSYS };
#endif

Test(sandbox, refuses_files_and_ends_the_process_for_anything_stranger)
{
    cr_assert_eq(inside(memory_use), 0, "what control needs goes on");
    cr_assert_eq(inside(file_open), 0, "no file is opened");
    cr_assert_eq(inside(socket_open), REFUSED);
    cr_assert_eq(inside(program_run), REFUSED);
    cr_assert_eq(inside(code_map), REFUSED);
    cr_assert_eq(inside(root_become), REFUSED);
}

Test(sandbox, every_argument_that_reaches_something_else_is_refused)
{
    static const struct {
        const char *name;
        void (*act)(void);
    } acts[] = {
        {"code from memory", memory_made_code},
        {"a file mapped shared", file_map_shared},
        {"a file mapped", file_map_private},
        {"shared memory", memory_share},
        {"huge pages", memory_huge},
        {"a signal to another process", other_signal},
        {"another descriptor written", other_write},
        {"and at a place", other_write_at},
        {"and cut", other_cut},
        {"and synced", other_sync},
        {"and read", other_read},
        {"records read", records_read},
        {"the journal appended to", journal_write},
        {"limits raised", limits_raise},
    };
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        cr_expect_eq(inside(acts[i].act), REFUSED, "%s: %d", acts[i].name, inside(acts[i].act));
    cr_expect_eq(inside(own_files_use), 0, "its own files, up to the limit");
    cr_expect_eq(inside(abort), -SIGABRT, "it may signal itself");
}

// While journal and records are read, which a control before it has written.
Test(sandbox, reads_its_own_files_and_nothing_else_before_it_is_closed)
{
    cr_expect_eq(ends(records_read, false), 2, "it has to read the records");
    cr_expect_eq(ends(own_files_use, false), 0);
    cr_expect_eq(ends(other_read, false), REFUSED);
    cr_expect_eq(ends(socket_open, false), REFUSED);
    cr_expect_eq(ends(file_open, false), 0);
    cr_expect_eq(ends(program_run, false), REFUSED);
    cr_expect_eq(ends(file_map_shared, false), REFUSED);
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
        descriptors_open();
        if (sandbox_enter(parent, true) != 0)
            _exit(99);
        atomic_store(&closed, true);
        for (;;)
            usleep(1000);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
}
