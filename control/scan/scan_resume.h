// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What is different about a scan that goes on where an earlier run ended.

#include "control/scan/checkpoint.h"
#include "control/scan/exit_status.h"
#include "control/scan/output.h"
#include "control/scan/shared.h"

// Puts into the commands what the dataplane needs to go on: the cookie's key, the place, the counts; and into
// *ret_answered_fd what the journal says has answered. EXIT_DONE, else the exit status after a line.
enum exit_status scan_resume_apply(const struct checkpoint *checkpoint, const struct output *output,
                                   const struct shared *shared, int *ret_answered_fd);

// The checkpoint of a scan that begins. Returns 0 or -errno.
int scan_resume_begin(const struct plan *plan, const char *scan, const struct shared *shared, uint64_t started_ns,
                      struct checkpoint *ret_checkpoint);
