// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What benches of records are made of: feeds of realistic size about products that do not exist, and a classifier that
// knows these beside the tree's own. One thread.

#include <stdbool.h>
#include <stdint.h>

#include "control/classify/classify.h"
#include "control/classify/intel.h"
#include "tools/bench/bench.h"

enum { MADE_UP_NAMES = 400 }; // products that CVEs are about: p00000 to p00399 of openbsd, each in versions 0.0 to 19.9

// A number below limit: the same ones in every process, in the order of the calls.
uint32_t made_up_below(uint32_t limit);

// An image of `cves` CVEs, a third of them about the products, and of `listings` listed ranges of addresses; for
// intel_unmap. False when it cannot be made.
bool made_up_intel(uint32_t cves, uint32_t listings, struct intel *ret_intel);

// A classifier that takes "SSH-2.0-Bench_p00001_7.4" for such a product. For classifier_free; it, its catalogue and
// intel stay. Once a process. NULL after saying why in outcome.
struct classifier *made_up_classifier(const struct intel *intel, struct bench_outcome *outcome);
