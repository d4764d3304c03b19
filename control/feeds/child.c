// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// A sanitizer's runtime reserves terabytes. gcc says so with macros, clang 14 with features alone.
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||               \
    __has_feature(thread_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum { NOBODY = 65534 };

// What the child says at its end.
struct message {
    int error;
    int64_t value;
    struct complaint complaint;
};

static const int calls_allowed[] = {
    SCMP_SYS(read),          SCMP_SYS(pread64),         SCMP_SYS(write),
    SCMP_SYS(pwrite64),      SCMP_SYS(readv),           SCMP_SYS(writev),
    SCMP_SYS(lseek),         SCMP_SYS(fstat),           SCMP_SYS(ftruncate),
    SCMP_SYS(fsync),         SCMP_SYS(fdatasync),       SCMP_SYS(fallocate),
    SCMP_SYS(close),         SCMP_SYS(munmap),          SCMP_SYS(mremap),
    SCMP_SYS(brk),           SCMP_SYS(madvise),         SCMP_SYS(futex),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),        SCMP_SYS(gettid),          SCMP_SYS(geteuid),
    SCMP_SYS(getuid),        SCMP_SYS(rt_sigreturn),    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),  SCMP_SYS(sigaltstack),     SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),          SCMP_SYS(exit_group),      SCMP_SYS(sched_yield),
    SCMP_SYS(nanosleep),     SCMP_SYS(clock_nanosleep),
};

// SQLite locks its file and looks at its descriptor's flags.
static const int fcntl_allowed[] = {F_GETFD, F_SETFD, F_GETFL, F_GETLK, F_SETLK};

static int filter_load(bool reads)
{
    // Refused, not killed: SQLite asks for files beside its own and goes on without.
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int error = filter == NULL ? -ENOMEM : 0;
    for (size_t i = 0; error == 0 && i < sizeof(calls_allowed) / sizeof(calls_allowed[0]); i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls_allowed[i], 0);
    for (size_t i = 0; error == 0 && i < sizeof(fcntl_allowed) / sizeof(fcntl_allowed[0]); i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                                 SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)fcntl_allowed[i]));
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (error == 0)
        error =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (error == 0 && reads)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
    // glibc's abort.
    if (error == 0)
        error =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    // glibc's fstat: only with an empty path, of which nothing can be looked at but the descriptor. The path's bytes
    // are not seen here, so it may look at files, and can do nothing with them.
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 0);
    if (error == 0)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error;
}

// What a library that fetches has no use for; the rest is too wide to list, as resolvers start threads and read files.
static const int calls_denied[] = {
    SCMP_SYS(execve),      SCMP_SYS(execveat),     SCMP_SYS(fork),     SCMP_SYS(vfork),
    SCMP_SYS(ptrace),      SCMP_SYS(kill),         SCMP_SYS(creat),    SCMP_SYS(process_vm_readv),
    SCMP_SYS(unlink),      SCMP_SYS(unlinkat),     SCMP_SYS(rename),   SCMP_SYS(process_vm_writev),
    SCMP_SYS(renameat),    SCMP_SYS(renameat2),    SCMP_SYS(mkdir),    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(mkdirat),     SCMP_SYS(rmdir),        SCMP_SYS(link),     SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(linkat),      SCMP_SYS(symlink),      SCMP_SYS(chmod),    SCMP_SYS(rt_tgsigqueueinfo),
    SCMP_SYS(symlinkat),   SCMP_SYS(fchmodat),     SCMP_SYS(chown),    SCMP_SYS(io_uring_setup),
    SCMP_SYS(fchownat),    SCMP_SYS(lchown),       SCMP_SYS(truncate), SCMP_SYS(perf_event_open),
    SCMP_SYS(mknod),       SCMP_SYS(mknodat),      SCMP_SYS(bpf),      SCMP_SYS(listen),
    SCMP_SYS(accept),      SCMP_SYS(accept4),      SCMP_SYS(mount),    SCMP_SYS(userfaultfd),
    SCMP_SYS(unshare),     SCMP_SYS(setns),        SCMP_SYS(keyctl),   SCMP_SYS(add_key),
    SCMP_SYS(request_key), SCMP_SYS(memfd_create),
};

static int opening_deny(scmp_filter_ctx filter)
{
    static const scmp_datum_t ways[] = {O_WRONLY, O_RDWR, O_ACCMODE};
    int error = 0;
    for (size_t i = 0; error == 0 && i < sizeof(ways) / sizeof(ways[0]); i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(open), 1,
                                 SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE, ways[i]));
        if (error == 0)
            error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(openat), 1,
                                     SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, ways[i]));
    }
    // Their flags lie in memory, where no filter sees them; "not there" makes libraries take the older calls.
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0);
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    // Threads, and no processes.
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                 SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    return error;
}

static int network_filter_load(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int error = filter == NULL ? -ENOMEM : 0;
    for (size_t i = 0; error == 0 && i < sizeof(calls_denied) / sizeof(calls_denied[0]); i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls_denied[i], 0);
    if (error == 0)
        error = opening_deny(filter);
    if (error == 0)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error;
}

static int limit_set(__rlimit_resource_t resource, uint64_t value)
{
    const struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(resource, &limit) == 0 ? 0 : -errno;
}

static int user_drop(void)
{
    if (geteuid() != 0)
        return 0;
    if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)
        return -errno;
    return setuid(0) == 0 ? -EPERM : 0;
}

static int everything_drop(const struct child_work *work)
{
    int error = user_drop();
    if (error == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                       prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0))
        error = -errno;
    if (error == 0)
        error = limit_set(RLIMIT_CORE, 0);
    if (error == 0)
        error = limit_set(RLIMIT_CPU, work->cpu_seconds);
    if (error == 0)
        error = limit_set(RLIMIT_FSIZE, work->file_bytes);
    if (error == 0 && SANITIZED == 0)
        error = limit_set(RLIMIT_DATA, work->memory_bytes);
    if (error != 0)
        return error;
    return work->network ? network_filter_load() : filter_load(work->reads);
}

static void child_main(const struct child_work *work, const int64_t *value, int pipe_fd)
{
    static struct message message;
    (void)signal(SIGXFSZ, SIG_IGN);
    message.error = work->prepare == NULL ? 0 : work->prepare(work->context, &message.complaint);
    if (message.error == 0) {
        message.error = everything_drop(work);
        if (message.error != 0)
            (void)complain(&message.complaint, "", "", "cannot give up privileges: %s", strerror(-message.error));
    }
    if (message.error == 0)
        message.error = work->run(work->context, &message.complaint);
    message.value = value == NULL ? 0 : *value;
    const char *at = (const char *)&message;
    size_t left = sizeof(message);
    while (left > 0) {
        ssize_t wrote = write(pipe_fd, at, left);
        if (wrote <= 0)
            break;
        at += wrote;
        left -= (size_t)wrote;
    }
    _exit(0);
}

static bool message_read(int fd, struct message *ret_message)
{
    char *at = (char *)ret_message;
    size_t left = sizeof(*ret_message);
    while (left > 0) {
        ssize_t got = read(fd, at, left);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        left -= (size_t)got;
    }
    return true;
}

static int death_describe(int status, const struct child_work *work, struct complaint *ret_complaint)
{
    int signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal_number == SIGXCPU || signal_number == SIGKILL)
        (void)complain(ret_complaint, "", "", "reading it took more than %llu s of the processor, or was killed",
                       (unsigned long long)work->cpu_seconds);
    else
        (void)complain(ret_complaint, "", "", "reading it ended in a crash (signal %d)", signal_number);
    return -ECHILD;
}

int child_run(const struct child_work *work, int64_t *value_of_run, struct complaint *ret_complaint)
{
    int ends[2];
    int status = 0;
    struct message message;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        child_main(work, value_of_run, ends[1]);
    }
    (void)close(ends[1]);
    bool told = child > 0 && message_read(ends[0], &message);
    (void)close(ends[0]);
    if (child < 0)
        return -EAGAIN;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!told)
        return death_describe(status, work, ret_complaint);
    message.complaint.text[sizeof(message.complaint.text) - 1] = '\0';
    *ret_complaint = message.complaint;
    if (value_of_run != NULL)
        *value_of_run = message.value;
    // Whatever a child says, an error is one of ours.
    return message.error == 0 ? 0 : message.error < 0 && message.error > -4096 ? message.error : -EIO;
}
