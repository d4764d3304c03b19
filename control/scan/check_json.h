// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A checked plan as JSON: what `sonde check --json` prints and summary.json carries under "plan".

#include <jansson.h>

#include "config/plan/plan.h"

// A new object, or NULL when out of memory. Addresses are in dotted form, times in seconds, rates per second.
json_t *check_json(const struct plan *plan);

// {"path": ..., "sha256": ...} for every file that was read.
json_t *check_json_inputs(const struct plan *plan);

// How many addresses its targets have, each counted once:
// {"addresses": n, "providers": {"aws": {"addresses": n, "services": {"EC2": {"addresses": n, "counted_once": n}}}}}
json_t *check_json_targets(const struct plan *plan);
