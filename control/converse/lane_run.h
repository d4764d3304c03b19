// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Drives a lane, turn by turn, until its part of the scan is over. The lane's thread.

#include "control/converse/lane.h"

// Runs until the scan is over, or stop.
void lane_run(struct lane *lane);

// One turn: everything that is there now. Returns how much was done, 0 = nothing. For lane_run and tests.
size_t lane_turn(struct lane *lane, uint64_t now_ns);
