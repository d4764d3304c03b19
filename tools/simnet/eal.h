// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// DPDK's EAL for tools, benches and tests, which leave no trace of it: no device of the machine is touched, and the
// folder that EAL makes at run time is removed. Once a process, from its main thread.

#include <stdbool.h>

enum { EAL_MORE_MAX = 2 };

struct eal_setup {
    const char *program;            // argv[0]; with the process id also the name of the folder
    const char *lcores;             // as for --lcores: "0", "0,1"
    int main_lcore;                 // -1: the first one
    unsigned memory_mb;             // taken without hugepages
    unsigned hugepages;             // when so many of 2 MB are free they are used; 0 = never
    const char *log_level;          // of its own lines; NULL = "error"
    const char *more[EAL_MORE_MAX]; // further arguments ("--vdev=net_null0"), until NULL
};

// Starts EAL. Returns 0, -EINVAL for an argument that is too long, or -EIO; EAL has said why then.
int eal_start(const struct eal_setup *setup);

// Ends it and removes its folder.
void eal_stop(void);
