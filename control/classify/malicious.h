// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Whether the host's address is known to be malicious, and how many names were seen on it, as the part `reputation`.
// After vulnerabilities_learn: of a listed host it counts those that were known while it was.

#include "control/classify/intel.h"
#include "probes/observation/observation.h"

// More names than these within a year are flagged: the published study's bound for addresses that many hide behind.
enum { MALICIOUS_MANY_NAMES = 55 };

// Replaces the part. Without feeds of malicious addresses and of names there is none. intel may be NULL.
void malicious_learn(const struct intel *intel, struct observation *observation);
