// SPDX-License-Identifier: BSD-3-Clause
#include "control/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
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

static int limits_set(uint64_t memory_bytes)
{
    const struct rlimit none = {0, 0};
    const struct rlimit memory = {memory_bytes, memory_bytes};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || setrlimit(RLIMIT_NOFILE, &none) != 0)
        return -errno;
    if (SANITIZED == 0 && setrlimit(RLIMIT_DATA, &memory) != 0)
        return -errno;
    return 0;
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
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
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
    SCMP_SYS(tgkill),
    SCMP_SYS(close),
    SCMP_SYS(membarrier),
};

static int calls_restrict(scmp_filter_ctx filter)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < sizeof(calls_allowed) / sizeof(calls_allowed[0]); i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls_allowed[i], 0);
    // glibc's malloc asks /proc/sys/vm/overcommit_memory before it gives a thread's heap back, and takes a refusal for
    // no.
    const int files[] = {SCMP_SYS(open), SCMP_SYS(openat)};
    for (size_t i = 0; error == 0 && i < 2; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), files[i], 0);
    // Memory, but none that can be executed, and nothing from a file.
    const int memory[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
    for (size_t i = 0; error == 0 && i < 2; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, memory[i], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (error == 0)
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    return error == 0 ? seccomp_load(filter) : error;
}

int sandbox_close(uint64_t memory_bytes)
{
    // seccomp_init reads files of /proc on some systems, so the filter is built before descriptors are refused.
    scmp_filter_ctx filter = seccomp_init(SANITIZED ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        return -ENOMEM;
    int error = 0;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        error = -errno;
    if (error == 0)
        error = limits_set(memory_bytes);
    if (error == 0)
        error = calls_restrict(filter);
    seccomp_release(filter);
    return error;
}
