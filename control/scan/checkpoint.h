// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The checkpoint: what `sonde scan --resume` needs to go on with a scan that ended early, as a JSON file of mode 0600
// in the output folder. It holds the cookie's key, so that answers to the earlier run still count. A digest over all of
// it tells a whole file from a damaged one.

#include <stdbool.h>
#include <stdint.h>

#include "config/plan/plan.h"
#include "control/store/counters.h"
#include "dataplane/channel/counters.h"

#define CHECKPOINT_NAME "checkpoint"

enum { CHECKPOINT_DIGEST_BYTES = 65 }; // SHA-256 in hex

// What decides which address and port a position is, and how often it is asked.
struct checkpoint_sweep {
    char targets[CHECKPOINT_DIGEST_BYTES]; // of the addresses left after every exclusion
    char ports[CHECKPOINT_DIGEST_BYTES];
    uint64_t seed;
    uint64_t first_position;
    uint64_t end_position;
    uint64_t segment_positions;
    uint64_t attempts;
};

struct checkpoint {
    char scan[40]; // the scan's id
    char plan[4096];
    char plan_sha256[CHECKPOINT_DIGEST_BYTES];
    char intel[17]; // digest of the feeds' image by which the last run judged; "" = there was none
    bool complete;  // nothing is left to be done
    struct checkpoint_sweep sweep;
    uint8_t cookie_key[16];
    uint64_t step;       // sweep_step of dataplane/sweep.h: everything below is asked, its answers are in the journal
    uint64_t started_ns; // CLOCK_REALTIME, of the first run
    uint64_t active_ns;  // of all runs together
    uint64_t resumes;
    uint64_t counters[COUNTER_COUNT];        // of all runs, all workers
    uint64_t control[CONTROL_COUNTER_COUNT]; // of all runs; those that do not grow are 0
    uint64_t rx_missed;                      // struct port_counters, of all runs
    uint64_t rx_errors;
    uint64_t rx_no_buffer;
    uint64_t tx_errors;
};

// Describes a plan. Returns 0 or -ENOMEM.
int checkpoint_describe(const struct plan *plan, struct checkpoint_sweep *ret_sweep);

// Whether a plan still describes the sweep of a checkpoint. Returns 0, or -EINVAL with a line that says what differs.
int checkpoint_compare(const struct checkpoint_sweep *was, const struct checkpoint_sweep *is, char message[static 512]);

// Writes the folder's checkpoint (control/scan/folder.h) whole or not at all, and durably, into a file that nobody can
// have open. Any thread. Returns 0 or -errno.
int checkpoint_write(int folder_fd, const struct checkpoint *checkpoint);

// Reads the folder's checkpoint. folder: its name for the line. Returns 0, or -errno with a line: -ENOENT when there is
// none, -EINVAL for a damaged one.
int checkpoint_read(int folder_fd, const char *folder, struct checkpoint *ret_checkpoint, char message[static 512]);
