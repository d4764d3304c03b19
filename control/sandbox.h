// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What sonde-control gives up, in three steps. It drops its user first of all: groups, group and user (as root), then
// the parent-death signal (setresuid clears it). Then, before it reads a byte that somebody else may have written
// (journal, records), no_new_privs, non-dumpable, limits, and a list of system calls with their arguments, for every
// thread (seccomp TSYNC). Then, before the first byte from the network, it gives up reading, too.

#include <stdint.h>
#include <sys/types.h>

struct sandbox_rules {
    uint64_t memory_bytes; // of private memory, at most
    uint64_t file_bytes;   // no file of ours grows beyond
    int records_fd;        // besides standard error, the descriptors that may be written to
    int journal_fd;
};

struct sandbox;

// Becomes user and group for good, without capabilities, when the process is root; otherwise it stays who it is. Then
// asks for SIGTERM when the parent dies. Returns 0 or -errno; -ESRCH when the parent is gone already. parent: getppid()
// at the start.
int sandbox_drop(uid_t user, gid_t group, pid_t parent);

// No core, no new descriptors, the limits of rules; only the system calls that a running control needs: memory that is
// anonymous, private and not executable, writes to the descriptors of rules and to standard error, signals to itself;
// and, until sandbox_close, reading of those two. Any other call ends the process with SIGSYS. Threads must have been
// started. Returns 0 and a sandbox for sandbox_close, or -errno.
int sandbox_narrow(const struct sandbox_rules *rules, struct sandbox **ret_sandbox);

// Nothing is read any more. Releases the sandbox. Returns 0 or -errno.
int sandbox_close(struct sandbox *sandbox);
