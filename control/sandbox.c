// SPDX-License-Identifier: BSD-3-Clause
#include "control/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

// Under a sanitizer the process is a test's: its runtime opens files of its own when it reports, and reserves
// terabytes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

int sandbox_drop(uid_t user, gid_t group, pid_t parent)
{
    if (geteuid() == 0) {
        capng_clear(CAPNG_SELECT_BOTH);
        // The bounding set goes while there is still a right to change it; the rest goes with the user.
        if (capng_apply(CAPNG_SELECT_BOUNDS) != 0)
            return -EPERM;
        if (setgroups(0, NULL) != 0 || setresgid(group, group, group) != 0 || setresuid(user, user, user) != 0)
            return -errno;
        if (user != 0 && setuid(0) == 0)
            return -EPERM;
    }
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
        return -errno;
    return getppid() == parent ? 0 : -ESRCH;
}

// Lowers a limit to value; what is lower already stays.
static int limit_lower(__rlimit_resource_t resource, uint64_t value)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        return -errno;
    limit.rlim_cur = limit.rlim_cur < value ? limit.rlim_cur : value;
    limit.rlim_max = limit.rlim_max < value ? limit.rlim_max : value;
    return setrlimit(resource, &limit) != 0 ? -errno : 0;
}

static int limits_set(const struct sandbox_rules *rules)
{
    int error = limit_lower(RLIMIT_CORE, 0);
    if (error == 0)
        error = limit_lower(RLIMIT_NOFILE, 0);
    if (error == 0)
        error = limit_lower(RLIMIT_FSIZE, rules->file_bytes);
    return error == 0 && SANITIZED == 0 ? limit_lower(RLIMIT_DATA, rules->memory_bytes) : error;
}

// Allowed whatever their arguments: no one of them reaches anything that is not open or mapped already.
static const int calls_allowed[] = {
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(close),
    SCMP_SYS(membarrier),
};

// Which of the own descriptors a call may be made with.
enum { WITH_RECORDS = 1, WITH_JOURNAL = 2, WITH_ERRORS = 4 };

struct descriptor_call {
    int call;
    unsigned int with;
};

static const struct descriptor_call calls_writing[] = {
    {SCMP_SYS(write), WITH_RECORDS | WITH_ERRORS},      {SCMP_SYS(writev), WITH_ERRORS}, // glibc, before it aborts
    {SCMP_SYS(pwrite64), WITH_RECORDS | WITH_JOURNAL},  {SCMP_SYS(ftruncate), WITH_RECORDS | WITH_JOURNAL},
    {SCMP_SYS(fdatasync), WITH_RECORDS | WITH_JOURNAL},
};

static const struct descriptor_call calls_reading[] = {
    {SCMP_SYS(pread64), WITH_RECORDS | WITH_JOURNAL},
    {SCMP_SYS(fstat), WITH_RECORDS | WITH_JOURNAL},
    {SCMP_SYS(newfstatat), WITH_RECORDS | WITH_JOURNAL}, // glibc's fstat
};

static int descriptor_calls_allow(scmp_filter_ctx filter, const struct descriptor_call *calls, size_t count,
                                  const struct sandbox_rules *rules)
{
    const int fds[] = {rules->records_fd, rules->journal_fd, STDERR_FILENO};
    int error = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t fd = 0; error == 0 && fd < sizeof(fds) / sizeof(fds[0]); fd++)
            if ((calls[i].with >> fd & 1) != 0)
                error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i].call, 1,
                                         SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fds[fd]));
    return error;
}

// Memory that no other process and no file sees, that counts against RLIMIT_DATA, and that cannot be executed.
static int memory_allow(scmp_filter_ctx filter)
{
    const scmp_datum_t looked_at = MAP_TYPE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_GROWSDOWN;
    int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                 SCMP_A3(SCMP_CMP_MASKED_EQ, looked_at, MAP_PRIVATE | MAP_ANONYMOUS));
    if (error != 0)
        return error;
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static int calls_allow(scmp_filter_ctx filter, const struct sandbox_rules *rules)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < sizeof(calls_allowed) / sizeof(calls_allowed[0]); i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls_allowed[i], 0);
    // glibc's malloc asks /proc/sys/vm/overcommit_memory before it gives a thread's heap back, and takes a refusal for
    // no.
    const int files[] = {SCMP_SYS(open), SCMP_SYS(openat)};
    for (size_t i = 0; error == 0 && i < 2; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), files[i], 0);
    if (error == 0)
        error = memory_allow(filter);
    // abort() signals its own thread; another process may have the same user.
    if (error == 0)
        error =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    if (error == 0)
        error = descriptor_calls_allow(filter, calls_writing, sizeof(calls_writing) / sizeof(calls_writing[0]), rules);
    return error == 0 ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) : error;
}

// What stands between the two: reading, and setting up the second one.
static int calls_allow_reading(scmp_filter_ctx filter, const struct sandbox_rules *rules)
{
    int error = descriptor_calls_allow(filter, calls_reading, sizeof(calls_reading) / sizeof(calls_reading[0]), rules);
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(seccomp), 0);
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NO_NEW_PRIVS));
    return error;
}

struct sandbox {
    scmp_filter_ctx last;
};

static scmp_filter_ctx filter_new(const struct sandbox_rules *rules)
{
    scmp_filter_ctx filter = seccomp_init(SANITIZED ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
    if (filter != NULL && calls_allow(filter, rules) != 0) {
        seccomp_release(filter);
        filter = NULL;
    }
    return filter;
}

int sandbox_narrow(const struct sandbox_rules *rules, struct sandbox **ret_sandbox)
{
    // seccomp_init reads files of /proc on some systems, so both filters are built before descriptors are refused.
    scmp_filter_ctx first = filter_new(rules);
    scmp_filter_ctx last = filter_new(rules);
    struct sandbox *sandbox = malloc(sizeof(*sandbox));
    int error = first == NULL || last == NULL || sandbox == NULL ? -ENOMEM : calls_allow_reading(first, rules);
    if (error == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0))
        error = -errno;
    if (error == 0)
        error = limits_set(rules);
    if (error == 0)
        error = seccomp_load(first);
    seccomp_release(first);
    if (error == 0) {
        sandbox->last = last;
        *ret_sandbox = sandbox;
        return 0;
    }
    seccomp_release(last);
    free(sandbox);
    return error;
}

int sandbox_close(struct sandbox *sandbox)
{
    int error = seccomp_load(sandbox->last);
    seccomp_release(sandbox->last);
    free(sandbox);
    return error;
}
