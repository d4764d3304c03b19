// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Whose the host's address is, by the providers' lists among the feeds: fields of the record's own.

#include "control/classify/intel.h"
#include "probes/observation/observation.h"

// Where the record names no provider, or had it from such lists (it has their date), these say provider, service,
// region, country and who is responsible. Where the plan's own ranges had said so, they stay, with the lists' date when
// these agree. An address that the lists do not have keeps what it has. The texts are intel's, which outlives the
// observation. intel may be NULL.
void owner_learn(const struct intel *intel, struct observation *observation);
