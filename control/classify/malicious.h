// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Whether the host's address is known to be malicious, as the part `reputation`. After vulnerabilities_learn: of a
// listed host it counts those that were known while it was.

#include "control/classify/intel.h"
#include "probes/observation/observation.h"

// Replaces the part. Without a feed of such addresses there is none. intel may be NULL.
void malicious_learn(const struct intel *intel, struct observation *observation);
