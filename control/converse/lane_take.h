// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a lane takes out of the rings of all workers. Each returns how many it took. The lane's thread.

#include "control/converse/lane.h"

// Verdicts: journaled, then gone on with, asked again later, or recorded as they are.
size_t lane_take_verdicts(struct lane *lane);

// Segments: given to their connections, or answered with RST.
size_t lane_take_segments(struct lane *lane);
