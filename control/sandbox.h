// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What sonde-control gives up before it reads the first byte from the network. Order matters: groups, group and user
// (as root), then the parent-death signal (setresuid clears it), then no_new_privs, non-dumpable, limits, and last the
// list of system calls, which holds for every thread (seccomp TSYNC).

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// Becomes user and group for good, without capabilities, when the process is root; otherwise it stays who it is. Then
// asks for SIGTERM when the parent dies. Returns 0 or -errno; -ESRCH when the parent is gone already. parent: getppid()
// at the start.
int sandbox_drop(uid_t user, gid_t group, pid_t parent);

// No core, no new descriptors, at most memory_bytes of private memory; then only the system calls that a running
// control needs. Any other one ends the process with SIGSYS. Threads must have been started. Returns 0 or -errno.
int sandbox_close(uint64_t memory_bytes);
