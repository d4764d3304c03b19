// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Records that a resume makes anew: those of conversations that the end of an earlier run cut off. They are taken out
// before the resume begins, so that each address and port stands in the file once; the journal has their targets.

#include <stdint.h>

// Rewrites the file `name` of a folder without its interrupted records, as a new file that takes its place whole or not
// at all, locked as *fd was; *fd is closed and replaced. Where there are none nothing happens. Returns 0 or -errno with
// everything as it was.
int superseded_drop(int folder_fd, const char *name, int *fd, uint64_t *ret_dropped);
