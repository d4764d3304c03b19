// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a scan has asked and what it has not, by its plan and its checkpoint: an address and port that it has no record
// of was silent when it was asked, and nothing is known of it when it was not. No I/O.

#include <stdbool.h>
#include <stdint.h>

#include "config/plan/plan.h"
#include "control/scan/checkpoint.h"

enum asked_state {
    ASKED_ONCE = 0, // once at least, and answers were waited for
    ASKED_OUTSIDE,  // it is none of the scan's targets and ports, or was excluded
    ASKED_SHARE,    // it lies in another shard, or outside the sample
    ASKED_EARLY,    // the scan ended before its turn
};

struct asked;

// Takes what it needs of both. The plan describes the checkpoint's sweep (checkpoint_compare). Returns 0 and an object
// for asked_free, -ENOMEM, or -EINVAL for a plan without targets.
int asked_new(const struct plan *plan, const struct checkpoint *checkpoint, struct asked **ret_asked);
void asked_free(struct asked *asked);

// address in host byte order. O(log ports), any thread.
enum asked_state asked_find(const struct asked *asked, uint32_t address, uint16_t port);
