// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A copy of the plan image's look-up tables in huge pages. The image itself is a memfd in small pages: with all cloud
// ranges every probe would miss the first-level TLB for its target.

#include <stddef.h>

#include "config/image/targets.h"

struct tables {
    struct targets targets; // points into memory
    void *memory;
    size_t bytes;
};

// Copies the arrays of `targets`. Returns 0 or -ENOMEM. Read-only afterwards, any thread.
int tables_init(struct tables *tables, const struct targets *targets);
void tables_fini(struct tables *tables);
