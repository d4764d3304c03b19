// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The memory of a scan: plan image, commands and the two halves of the channel, each a memfd that nobody can resize.

#include <stdint.h>

#include "config/plan/plan.h"
#include "control/scan/users.h"
#include "dataplane/channel/channel.h"
#include "dataplane/channel/commands.h"

struct shared {
    int image_fd; // sealed against writing, too
    int commands_fd;
    int up_fd;      // dataplane's
    int up_read_fd; // the same memory for control: cannot be mapped writable
    int down_fd;
    struct channel_geometry geometry;
    struct users users;
    struct commands *commands;              // rw
    const struct channel_up_header *up;     // ro
    const struct channel_down_header *down; // ro and untrusted
    size_t up_bytes;
    size_t down_bytes;
};

// Makes all of it: compiles the plan, draws the cookie's key, sets rate and geometry. Returns 0 or -errno, with nothing
// left behind then. shared_fini releases.
int shared_init(struct shared *ret_shared, const struct plan *plan, const struct plan_runtime *runtime);
void shared_fini(struct shared *shared);
