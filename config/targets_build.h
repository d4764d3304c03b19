// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Compiles a set of addresses into the compact form of the plan image (config/image/targets.h).

#include <stdint.h>

#include "config/image/targets.h"
#include "config/intervals.h"

// The set's arrays, built on the heap from disjoint sorted intervals. Release with targets_storage_fini.
struct targets_storage {
    struct targets targets;
    uint32_t *bases;
    uint16_t *directory;
    struct targets_block *blocks;
    struct targets_partial *partials;
};

// Builds the compact form of intervals (config/intervals.h). Returns 0, -ENOMEM, or -EINVAL for an empty set; on error
// *ret_storage is untouched.
int targets_build(const struct interval_set *intervals, struct targets_storage *ret_storage);
void targets_storage_fini(struct targets_storage *storage);
