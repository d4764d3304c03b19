// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The folder in which DPDK keeps its run-time files: ours alone (mode 0700, a random name), given to sonde-dataplane as
// RUNTIME_DIRECTORY, and removed as soon as DPDK runs. A lock on it tells a scan that lives from one that was killed
// before it could clean up; the next scan removes what that one left.

#include <limits.h>

struct runtime {
    int parent_fd; // -1: there is none
    int fd;        // of the folder, locked
    char name[32];
    char path[PATH_MAX];
};

// Makes the folder in the first of `parents` (NULL-terminated) that can hold it; NULL for /run and, without root,
// XDG_RUNTIME_DIR, then /tmp. Removes what scans that were killed left there. Returns 0 or -errno; runtime_remove
// releases.
int runtime_make(struct runtime *ret_runtime, const char *const *parents);

// Removes the folder with all that is in it, following no link. May be called again.
void runtime_remove(struct runtime *runtime);
