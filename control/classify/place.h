// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Country and autonomous system of the host's address, as the part `place`.

#include "control/classify/intel.h"
#include "probes/observation/observation.h"

// Replaces the part; there is none where no feed knows the address. Its texts are intel's, which outlives the
// observation. intel may be NULL.
void place_learn(const struct intel *intel, struct observation *observation);
