// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Drives an inquiry from its first connection to the end of its last: whose turn it is, when a further connection
// begins, what waits for a timer. One thread, its lane's.

#include "control/converse/inquiry.h"

// Goes on with the probe's connection.
void inquiry_continue(struct lane *lane, const struct target *target, const struct verdict *verdict);

// Asks on a connection of our own.
void inquiry_begin(struct lane *lane, const struct target *target);

// Writes a record of a target that is not asked at all.
void inquiry_skip(struct lane *lane, const struct target *target, enum outcome outcome);

// Carries on after events: sends what is due, begins a further connection, releases what is over. May release the
// inquiry.
void inquiry_settle(struct inquiry *inquiry);

// The inquiry's timer has expired; inquiry_settle is to follow.
void inquiry_expire(struct inquiry *inquiry);

// Settles every inquiry of lane_mark.
void inquiries_settle(struct lane *lane);
